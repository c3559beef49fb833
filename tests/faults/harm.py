# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What each test of a fault asserts of the server: nothing else was harmed.

    with unharmed(server):
        ...  # something goes wrong; no connection of the test's is left open
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
from collections.abc import Iterator

import alone
import numpy as np
import wire
from server_process import ServerProcess

import strata

TEXT = "Whatever happens to others, this text is served."
TOLERANCE = 1e-5
IN_FLIGHT = "strata_in_flight_requests"
WAITING = "strata_queue_depth_inputs"
CANCELLED = "strata_calls_cancelled_total"
DESCRIPTORS = "process_open_fds"


def ask(server: ServerProcess) -> np.ndarray:
    """What a client of its own is answered: all pieces of one text."""
    with strata.Client(server.address, timeout=120, retries=0) as client:
        [encoding] = client.encode([TEXT])
        return encoding.hidden_states


@contextlib.contextmanager
def unharmed(server: ServerProcess) -> Iterator[np.ndarray]:
    """Holds of the block: the server answers after it as before, and keeps
    nothing of what happened: no connection, descriptor, request or input.

    Yields what `ask` answers, for blocks that ask meanwhile.
    """
    answer = ask(server)
    _wait_for_silence(server)
    before = wire.metric(server, DESCRIPTORS)
    yield answer
    assert alone.worst_error(ask(server), answer) <= TOLERANCE
    _wait_for_silence(server)
    wire.wait_until(
        lambda: wire.metric(server, DESCRIPTORS) <= before,
        f"{before:.0f} descriptors are open, as before",
    )


def refused(server: ServerProcess, reason: str) -> float:
    """How many requests have failed for a reason."""
    found = re.search(
        rf'^strata_rejections_total{{reason="{reason}"}} (\S+)$',
        wire.scrape(server), re.MULTILINE,
    )
    return float(found[1]) if found else 0


def requests(server: ServerProcess, code: str) -> float:
    """How many requests have ended with a code, as "OK"."""
    return sum(
        float(count)
        for count in re.findall(
            rf'^strata_requests_total{{code="{code}",model="[^"]*"}} (\S+)$',
            wire.scrape(server), re.MULTILINE,
        )
    )


def connections(server: ServerProcess) -> int:
    """Connections of clients that the server holds a descriptor of."""
    port = int(server.address.rpartition(":")[2])
    inodes = {
        fields[9]
        for table in ("tcp", "tcp6")
        for fields in map(str.split, _lines(f"/proc/{server.pid}/net/{table}"))
        if int(fields[1].rpartition(":")[2], 16) == port
        and fields[3] != "0A"  # Listens.
    }
    return sum(
        f"socket:[{inode}]" in inodes_of(server.pid) for inode in inodes
    )


def inodes_of(pid: int) -> set[str]:
    """What the process's descriptors are of."""
    folder = f"/proc/{pid}/fd"
    found = set()
    for name in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):  # It was closed.
            found.add(os.readlink(f"{folder}/{name}"))
    return found


def _lines(path: str) -> list[str]:
    """Without the heading."""
    return pathlib.Path(path).read_text().splitlines()[1:]


def _wait_for_silence(server: ServerProcess) -> None:
    wire.wait_until(
        lambda: connections(server) == 0, "no connection is left"
    )
    for gauge in (IN_FLIGHT, WAITING):
        wire.wait_until(
            lambda: wire.metric(server, gauge) == 0, f"{gauge} is 0"
        )
