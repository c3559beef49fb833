# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Clients that are killed in the middle of their answers."""

import contextlib
import pathlib
import subprocess
import sys

import harm
import numpy as np
import pytest
import wire

SCRIPT = pathlib.Path(__file__).resolve().parent / "vanishing.py"


@contextlib.contextmanager
def vanishing(server, *which):
    """A client whose answers have begun; killed when the block ends."""
    with subprocess.Popen(
        [sys.executable, str(SCRIPT), server.address, "m", *which],
        stdout=subprocess.PIPE, text=True,
    ) as client:
        try:
            assert client.stdout.readline() == "begun\n"
            yield
        finally:
            client.kill()


@pytest.mark.parametrize("which", ["stream", "unary", "both"])
def test_its_work_leaves_and_others_are_served(server, which):
    with harm.unharmed(server) as answer:
        cancelled = wire.metric(server, harm.CANCELLED)
        with vanishing(server, which):
            wire.wait_until(
                lambda: wire.metric(server, harm.IN_FLIGHT) > 0,
                "its requests are in flight",
            )
            np.testing.assert_allclose(
                harm.ask(server), answer, rtol=1e-4, atol=1e-5
            )
        for gauge in (harm.IN_FLIGHT, harm.WAITING):
            wire.wait_until(
                lambda: wire.metric(server, gauge) == 0, f"{gauge} is 0"
            )
        if which == "unary":
            return  # Its one answer may have been there before it was killed.
        wire.wait_until(
            lambda: wire.metric(server, harm.CANCELLED) > cancelled,
            "its stream is counted as cancelled",
        )


def test_memory_is_not_kept(server):
    """What one holds is let go, or used again for the next."""
    held, let_go = [], []
    # Twice is enough to see whether it grows: to look takes seconds.
    looks = (1, 6)
    with harm.unharmed(server):
        for round_ in range(max(looks) + 1):
            with vanishing(server, "both"):
                wire.wait_until(
                    lambda: wire.metric(server, harm.IN_FLIGHT) > 0,
                    "it holds something",
                )
                held.append(wire.resident_mib(server.pid))
            wire.wait_until(
                lambda: wire.metric(server, harm.IN_FLIGHT) == 0
                and harm.connections(server) == 0,
                "it has left",
            )
            if round_ in looks:
                let_go.append(wire.settled_mib(server.pid))
    print(f"MiB held {held}, and let go {let_go}")
    assert let_go[-1] <= 1.1 * let_go[0]
