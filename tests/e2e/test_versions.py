# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Which versions of a model are served, and the labels that name them."""

import contextlib
import json
import subprocess

import grpc
import pytest

import strata

TEXT = "This text is fine."


@pytest.fixture
def serving(serve, repository):
    """serving(*flags): a client of a server of the test's repository."""
    with contextlib.ExitStack() as stack:

        def start(*flags):
            server = stack.enter_context(serve(repository, *flags))
            client = stack.enter_context(
                strata.Client(server.address, timeout=120, retries=0)
            )
            client.server = server
            return client

        yield start


@pytest.fixture
def add_versions(repository, add_model):
    """add_versions(name, versions, policy): the policy is a file's content."""

    def add(name, versions, policy=None):
        for version in versions:
            add_model(name, version)
        if policy is not None:
            text = policy if isinstance(policy, str) else json.dumps(policy)
            (repository / name / "strata.json").write_text(text)

    return add


def listed(client):
    return [(m.name, m.version, m.labels) for m in client.models()]


def remarks(client):
    return [line for line in client.server.lines if "event=repository" in line]


def test_labels_name_versions_in_every_request(serving, add_versions, bin_dir):
    labels = {"stable": 1, "canary": 3, "newest": 3}
    add_versions("m", [1, 2, 3], {"versions": [2], "labels": labels})
    client = serving()
    assert listed(client) == [
        ("m", 1, ["stable"]),
        ("m", 2, []),
        ("m", 3, ["canary", "newest"]),
    ]
    [stable] = client.encode([TEXT], version_label="stable")
    [canary] = client.encode([TEXT], version_label="canary")
    [newest] = client.encode([TEXT])
    assert (stable.version, canary.version, newest.version) == (1, 3, 3)
    [tokens] = client.tokenize([TEXT], version_label="stable")
    [text] = client.detokenize([tokens.ids], version_label="canary")
    assert text.strip() == TEXT
    assert client.model(version_label="stable").version == 1
    shown = subprocess.run(
        [
            *(bin_dir / "strata", "models", "m", "--version-label", "stable"),
            *("--server", client.server.address),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout
    assert shown.startswith("m version 1: READY") and "stable" in shown
    assert remarks(client) == []


def test_labels_that_are_wrong(serving, add_versions):
    add_versions("m", [1], {"labels": {"stable": 1}})
    client = serving()
    calls = [
        lambda **options: client.encode([TEXT], **options),
        lambda **options: client.tokenize([TEXT], **options),
        lambda **options: client.detokenize([[5]], **options),
        lambda **options: client.model("m", **options),
    ]
    for call in calls:
        with pytest.raises(strata.StrataError) as raised:
            call(version_label="canary")
        assert raised.value.code is grpc.StatusCode.NOT_FOUND
        assert raised.value.reason == "MODEL_NOT_FOUND"
        assert raised.value.message == (
            'model "m" has no version label "canary"; it has: stable'
        )
        with pytest.raises(strata.StrataError) as raised:
            call(version=1, version_label="stable")
        assert raised.value.code is grpc.StatusCode.INVALID_ARGUMENT
        assert raised.value.field == "version_label"
        assert "set together with version 1" in raised.value.message
        call(version_label="stable")


def test_the_flag_is_for_models_that_do_not_say(serving, add_versions):
    add_versions("all", [1, 2], {"versions": "all"})
    add_versions("listed", [1, 2, 3], {"versions": [1, 2]})
    add_versions("silent", [1, 2])
    add_versions("labelled", [1, 2, 3], {"labels": {"old": 1}})
    client = serving("--versions=newest")
    assert listed(client) == [
        ("all", 1, []),
        ("all", 2, []),
        ("labelled", 1, ["old"]),
        ("labelled", 3, []),
        ("listed", 1, []),
        ("listed", 2, []),
        ("silent", 2, []),
    ]


def test_mistakes_stop_nothing(serving, add_versions, add_model, repository):
    add_versions("damaged", [1, 2], "{")
    add_versions("typo", [1], {"lables": {"stable": 1}})
    add_versions("gone", [1], {"versions": [1, 7], "labels": {"next": 8}})
    add_versions("folder", [1])
    (repository / "folder" / "strata.json").mkdir()
    add_versions("linked", [1])
    (repository / "linked" / "strata.json").symlink_to("gone.json")
    (repository / "damaged" / "01").mkdir()
    add_model("damaged", 9).rename(repository / "damaged" / "v9")
    add_model("bad name", 1)
    client = serving()
    assert listed(client) == [
        ("damaged", 1, []),
        ("damaged", 2, []),
        ("folder", 1, []),
        ("gone", 1, []),
        ("linked", 1, []),
        ("typo", 1, []),
    ]
    for name in ("damaged", "folder", "typo", "gone"):
        assert client.encode([TEXT], name)[0].error is None
    lines = remarks(client)
    expected = [
        ("bad name", "names of models hold letters"),
        ("damaged/01", "a version is a whole number from 1"),
        ("damaged/v9", "a version is a whole number from 1"),
        ("damaged/strata.json", "is not a JSON object and left out"),
        ("folder/strata.json", "left out: it cannot be read as a file"),
        ("gone/strata.json", "lists 7, which is not there"),
        ("gone/strata.json", "names version 8, which is not there"),
        ("linked/strata.json", "left out: it cannot be read as a file"),
        ("typo/strata.json", "lables"),
    ]
    assert len(lines) == len(expected), lines
    for (path, words), line in zip(expected, lines, strict=True):
        assert f"{path}" in line and words in line.replace('\\"', '"'), line
