#!/usr/bin/env python3
# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Writes what Envoy needs to turn JSON into calls: build/strata.pb.

A FileDescriptorSet of proto/strata/v1 and what it imports, with the rules of
deploy/envoy/rest.yaml in it as the option google.api.http of each method, and
with the messages that errors carry.

    build/python-environment/bin/python deploy/generate_descriptors.py [FILE]
"""

import pathlib
import sys
import tempfile

import yaml
from generate_python_stubs import PROTOS, ROOT, run_protoc, strata_protos
from google.api import annotations_pb2, http_pb2
from google.protobuf import descriptor_pb2, json_format

RULES = ROOT / "deploy" / "envoy" / "rest.yaml"
DESCRIPTORS = ROOT / "build" / "strata.pb"


def read_rules() -> dict[str, http_pb2.HttpRule]:
    """The rules of rest.yaml, by the full name of their RPC."""
    rules = {}
    for entry in yaml.safe_load(RULES.read_text())["http"]["rules"]:
        rule = json_format.ParseDict(entry, http_pb2.HttpRule())
        if rule.selector in rules:
            sys.exit(f"{RULES.name}: {rule.selector} has two rules")
        rules[rule.selector] = rule
    return rules


def described() -> descriptor_pb2.FileDescriptorSet:
    """What protoc makes of the protos, their imports included."""
    details = PROTOS / "third_party" / "google" / "rpc" / "error_details.proto"
    with tempfile.NamedTemporaryFile() as file:
        run_protoc(
            [*strata_protos(), details],
            ["--include_imports", f"--descriptor_set_out={file.name}"],
        )
        return descriptor_pb2.FileDescriptorSet.FromString(file.read())


def annotate(
    files: descriptor_pb2.FileDescriptorSet,
    rules: dict[str, http_pb2.HttpRule],
) -> None:
    """Puts each rule into its RPC; ends the program where there is none."""
    left = dict(rules)
    for file in files.file:
        for service in file.service:
            for method in service.method:
                name = f"{file.package}.{service.name}.{method.name}"
                if name in left:
                    rule = method.options.Extensions[annotations_pb2.http]
                    rule.CopyFrom(left.pop(name))
    if left:
        sys.exit(f"{RULES.name}: no such RPC: {', '.join(left)}")


def main() -> None:
    target = pathlib.Path(sys.argv[1]) if sys.argv[1:] else DESCRIPTORS
    files = described()
    annotate(files, read_rules())
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(files.SerializeToString())
    print(f"wrote {target}", file=sys.stderr)


if __name__ == "__main__":
    main()
