# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""docs/api.md, which is generated from the protos and committed."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "deploy" / "generate_api_reference.py"
PAGE = ROOT / "docs" / "api.md"
PROTOS = sorted((ROOT / "proto" / "strata" / "v1").glob("*.proto"))


def section(name: str) -> str:
    """What the page says under a heading."""
    [text] = re.findall(
        rf"^###? {name}\n(.*?)(?=^##|\Z)", PAGE.read_text(), re.M | re.S
    )
    return text


def test_it_is_not_stale(tmp_path):
    subprocess.run([sys.executable, SCRIPT, tmp_path / "api.md"], check=True)
    assert PAGE.read_text() == (tmp_path / "api.md").read_text(), (
        "docs/api.md is not what the protos say; run "
        "build/python-environment/bin/python deploy/generate_api_reference.py"
    )


@pytest.mark.parametrize("proto", [path.stem for path in PROTOS])
def test_it_has_everything_of_a_proto(proto):
    file = importlib.import_module(f"strata.v1.{proto}_pb2").DESCRIPTOR
    for service in file.services_by_name.values():
        assert section(service.name).strip()
        for rpc in service.methods:
            ends = re.findall(r"\[(\w+)\]", section(rpc.name))[:2]
            assert ends == [rpc.input_type.name, rpc.output_type.name]
    for message in file.message_types_by_name.values():
        rows = re.findall(
            r"^\| `(\w+)` \| .+ \| .+ \|$", section(message.name), re.M
        )
        assert rows == [field.name for field in message.fields]
    for enum in file.enum_types_by_name.values():
        rows = re.findall(
            r"^\| `(\w+)` \| (\d+) \| .+ \|$", section(enum.name), re.M
        )
        assert rows == [(v.name, str(v.number)) for v in enum.values]


def test_its_links_lead_somewhere():
    text = PAGE.read_text()
    headings = re.findall(r"^##+ (\w+)$", text, re.M)
    anchors = {heading.lower() for heading in headings}
    assert len(anchors) == len(headings)
    targets = set(re.findall(r"\]\((.*?)\)", text))
    assert {t[1:] for t in targets if t.startswith("#")} == anchors
    for target in targets:
        if not target.startswith("#"):
            assert (PAGE.parent / target).exists(), target
