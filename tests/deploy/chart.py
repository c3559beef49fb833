# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The chart, what Helm makes of it, and the real schemas of that."""

from __future__ import annotations

import functools
import json
import pathlib
import shutil
import subprocess
import sys

import jsonschema
import yaml
from toolchain import ROOT, need, run

KUBERNETES = ROOT / "deploy" / "kubernetes"
CHART = KUBERNETES / "strata"
TOOLS = ROOT / "build" / "tools"
HERE = pathlib.Path(__file__).resolve().parent

# By a name: the files of values that are given.
VALUE_SETS = {
    "defaults": [],
    "cpu": [CHART / "values-cpu.yaml"],
    "gpu": [CHART / "values-gpu.yaml"],
    "everything": [HERE / "everything.yaml"],
    "fetched": [HERE / "fetched.yaml"],
    "image-volume": [HERE / "image_volume.yaml"],
}

# Modules that hold the definitions of what is no part of Kubernetes: version,
# what `go mod download` says it weighs, and by kind the file in it.
_DEFINITIONS = {
    "github.com/prometheus-operator/prometheus-operator": (
        "v0.85.0",
        "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
        {
            "ServiceMonitor": "example/prometheus-operator-crd/"
            "monitoring.coreos.com_servicemonitors.yaml"
        },
    ),
    "github.com/kserve/kserve": (
        "v0.15.0",
        "h1:TK6lN8XVIzc/5KQ76GULEKYiJ2obkTRRI3Z2Iwuld5Y=",
        {
            "ServingRuntime": "config/crd/full/"
            "serving.kserve.io_servingruntimes.yaml",
            "InferenceService": "config/crd/full/"
            "serving.kserve.io_inferenceservices.yaml",
        },
    ),
}


def documents(text: str) -> list[dict]:
    return [x for x in yaml.safe_load_all(text) if x]


def load(file: pathlib.Path) -> dict:
    return yaml.safe_load(file.read_text())


@functools.cache
def helm() -> pathlib.Path:
    """Helm, as deploy/kubernetes/tools pins it; minutes the first time."""
    need("go", "version", least="1.26")
    built = TOOLS / "helm"
    run(
        "go",
        "build",
        "-C",
        KUBERNETES / "tools",
        "-o",
        built,
        "helm.sh/helm/v4/cmd/helm",
        GOFLAGS="-buildvcs=false",
    )
    return built


def options(files: list[pathlib.Path], sets: tuple[str, ...]) -> list[str]:
    """Of any of helm's commands."""
    return [
        *(f"--values={file}" for file in files),
        *(f"--set={x}" for x in sets),
    ]


def rendered(files: list[pathlib.Path], *sets: str) -> str:
    """What Helm makes of these files of values, and of NAME=VALUE."""
    return run(
        helm(),
        "template",
        "strata",
        CHART,
        "--namespace=search",
        "--kube-version=1.37.0",
        *options(files, sets),
    )


def refusal(*sets: str) -> str:
    """Why Helm does not take these values."""
    done = subprocess.run(
        [helm(), "template", "strata", CHART, *options([], sets)],
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    return done.stderr


class Manifests:
    """What Helm made, by kind and name."""

    def __init__(self, text: str) -> None:
        self.all = documents(text)

    def of(self, kind: str) -> dict[str, dict]:
        return {x["metadata"]["name"]: x for x in self.all if x["kind"] == kind}

    def only(self, kind: str) -> dict:
        [found] = self.of(kind).values()
        return found

    @property
    def pod(self) -> dict:
        return self.only("Deployment")["spec"]["template"]["spec"]

    @property
    def server(self) -> dict:
        [container] = self.pod["containers"]
        return container

    @property
    def flags(self) -> dict[str, str]:
        return dict(x.split("=", 1) for x in self.server["args"])


@functools.cache
def _kubernetes_validate() -> pathlib.Path:
    """A folder of Python's packages; installed the first time."""
    wanted = KUBERNETES / "tools" / "requirements.txt"
    folder = TOOLS / "kubernetes-validate"
    done = folder / wanted.name
    if not done.exists() or done.read_text() != wanted.read_text():
        shutil.rmtree(folder, ignore_errors=True)
        run(
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--target",
            folder,
            "-r",
            wanted,
        )
        shutil.copy(wanted, done)
    return folder


def check_of_kubernetes(files: list[pathlib.Path]) -> None:
    """Holds manifests against the schemas of Kubernetes itself, strictly."""
    folder = _kubernetes_validate()
    run(
        sys.executable,
        folder / "bin" / "kubernetes-validate",
        "--strict",
        "-k",
        "1.37.0",
        *files,
        PYTHONPATH=folder,
    )


@functools.cache
def definition(kind: str) -> dict:
    """The CustomResourceDefinition of a kind."""
    need("go", "version", least="1.26")
    for module, (version, weight, files) in _DEFINITIONS.items():
        if kind in files:
            told = json.loads(
                run(
                    "go",
                    "mod",
                    "download",
                    "-json",
                    f"{module}@{version}",
                    folder=KUBERNETES / "tools",
                )
            )
            assert told["Sum"] == weight
            return load(pathlib.Path(told["Dir"]) / files[kind])
    raise KeyError(kind)


def check_of_definition(manifest: dict) -> None:
    """Holds a custom resource against its definition; unknown keys fail."""
    version = manifest["apiVersion"].split("/")[1]
    [schema] = [
        x["schema"]["openAPIV3Schema"]
        for x in definition(manifest["kind"])["spec"]["versions"]
        if x["name"] == version
    ]
    jsonschema.validate(manifest, _strict(schema))


def _strict(schema: dict, top: bool = True) -> dict:
    """The same in which an object has no keys but those it lists."""
    made = dict(schema)
    for key in ("anyOf", "allOf", "oneOf"):
        # They repeat parts of what stands beside them.
        if made.get("x-kubernetes-int-or-string"):
            made.pop(key, None)
    if "properties" in made:
        made["properties"] = {
            name: _strict(of, top=False)
            for name, of in made["properties"].items()
        }
        if not made.get("x-kubernetes-preserve-unknown-fields"):
            made.setdefault("additionalProperties", False)
        if top:  # Kubernetes' own, which definitions do not spell out.
            made["properties"]["metadata"] = {"type": "object"}
    if isinstance(made.get("additionalProperties"), dict):
        made["additionalProperties"] = _strict(
            made["additionalProperties"], top=False
        )
    if "items" in made:
        made["items"] = _strict(made["items"], top=False)
    return made
