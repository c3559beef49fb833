# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The servers of the tests: one is broken from without, one from within."""

import dataclasses
import pathlib

import pytest
from switch_model import Fault, Switch

# Silent clients are found soon, the largest message is soon too large, and a
# client that does not read has little computed for it.
FLAGS = [
    "--keepalive-time=1s",
    "--keepalive-timeout=3s",
    "--max-message-bytes=1MiB",
    "--max-stream-buffer-bytes=32MiB",
]


@pytest.fixture(scope="module")
def server(serve, small):
    """A server of one small model, "m", for each file of tests.

    It must still be there, and exit with 0, when they are done.
    """
    with serve(small, *FLAGS) as process:
        yield process


@dataclasses.dataclass(frozen=True)
class Switched:
    """A repository of "m", whose faults are switched, and of "other"."""

    repository: pathlib.Path
    switch: Switch


@pytest.fixture(scope="session")
def _switched(models, tmp_path_factory) -> Switched:
    repository = tmp_path_factory.mktemp("switched") / "repository"
    (repository / "m").mkdir(parents=True)
    (repository / "other").symlink_to(models / "falcon-planted")
    tokenizer = models / "falcon-random" / "1"
    return Switched(repository, Switch(repository / "m" / "1", tokenizer))


@pytest.fixture
def switched(_switched) -> Switched:
    """Without a fault, at the test's begin and after its end."""
    _switched.switch.set(Fault.NONE)
    yield _switched
    _switched.switch.set(Fault.NONE)
