# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The package's types, and the signatures that stand in two places."""

import inspect
import pathlib
import subprocess
import sys

import pytest

import strata
from strata import requests

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PACKAGE = ROOT / "client" / "python"
# demo_models and strata.export work on torch modules, which are not typed.
MODULES = sorted(
    str(path.relative_to(PACKAGE))
    for path in [
        *(PACKAGE / "strata").glob("*.py"),
        *(PACKAGE / "strata" / "encode").glob("*.py"),
    ]
    if path.name != "demo_models.py"
)


def test_the_client_is_strictly_typed():
    cache = ROOT / "build" / "mypy"  # It takes a minute without.
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", cache, *MODULES],
        cwd=PACKAGE,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (PACKAGE / "strata" / "py.typed").exists()


@pytest.mark.parametrize(
    ("build", "options"),
    [
        (requests.encode_request, requests.EncodeOptions),
        (requests.tokenize_request, requests.TokenizeOptions),
    ],
)
def test_the_options_are_those_of_the_request(build, options):
    named = [
        parameter
        for parameter in inspect.signature(build).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    ]
    assert options.__annotations__.keys() == {x.name for x in named}
    for parameter in named:
        forward = options.__annotations__[parameter.name]
        assert forward.__forward_arg__ == parameter.annotation


def public(client):
    return {
        name: inspect.signature(getattr(client, name))
        for name in dir(client)
        if not name.startswith("_") and callable(getattr(client, name))
    }


def test_the_twins_have_the_same_methods():
    ours, theirs = public(strata.Client), public(strata.AsyncClient)
    assert ours.keys() == theirs.keys()
    for name in ours.keys() - {"encode_stream"}:
        assert ours[name] == theirs[name], name
    assert list(ours["encode_stream"].parameters) == list(
        theirs["encode_stream"].parameters
    )
    for name in ours:
        assert getattr(strata.Client, name).__doc__, name
        assert getattr(strata.AsyncClient, name).__doc__, name
