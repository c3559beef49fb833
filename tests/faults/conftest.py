# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""A server one of whose models can be told to fail."""

import dataclasses
import pathlib

import pytest
from switch_model import Fault, Switch


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
