# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the Python client's tests.

These tests need neither a server nor torch: test_matrix.py runs them with the
oldest and the newest packages that the client allows.
"""

from typing import Iterator

import fake_server
import pytest

import strata


@pytest.fixture
def fake() -> fake_server.FakeServer:
    """A server whose answers the test writes."""
    return fake_server.FakeServer()


@pytest.fixture
def client(fake: fake_server.FakeServer) -> Iterator[strata.Client]:
    """A client of `fake` that tries everything once."""
    with fake_server.serving(fake) as target:
        with strata.Client(target, timeout=20, retries=0) as client:
            yield client
