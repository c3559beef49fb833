# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What the watched server holds, and what it says of itself."""

from __future__ import annotations

import os
import time

import wire
from server_process import ServerProcess
from tally import Look

import strata

# Of a rest: what is held for clients that have gone is found by then.
_PATIENCE = 120.0


class Watcher:
    """Looks at a server while nothing is asked of it."""

    def __init__(self, server: ServerProcess, model: str) -> None:
        """`model` is asked once: what a server makes lazily is there then."""
        self._server = server
        self._begin = time.monotonic()
        self.looks: list[Look] = []
        with strata.Client(server.address, retries=0) as client:
            client.encode(["A text."], model)

    def look(self, last: bool = False) -> None:
        """Waits until nothing is in flight, and looks.

        Args:
            last: Every client has gone: waits until its descriptor has, too.
        """
        for gauge in ("strata_in_flight_requests", "strata_queue_depth_inputs"):
            wire.wait_until(
                lambda: wire.metric(self._server, gauge) == 0,
                f"{gauge} is 0 when nothing is asked",
                _PATIENCE,
            )
        end = time.monotonic() + _PATIENCE
        while last and self._descriptors() > self.looks[0].descriptors:
            if time.monotonic() > end:
                break  # The table tells.
            time.sleep(0.1)
        self.looks.append(
            Look(
                time.monotonic() - self._begin,
                wire.settled_mib(self._server.pid),
                self._descriptors(),
            )
        )

    def line(self) -> str:
        """The last look, for a line of progress."""
        look = self.looks[-1]
        return (
            f"{time.monotonic() - self._begin:5.0f} s: {look.memory:.0f} MiB, "
            f"{look.descriptors} descriptors"
        )

    def defects(self) -> list[str]:
        """What the server calls a defect of its own."""
        return [x for x in self._server.lines if "event=call_failed" in x]

    def _descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self._server.pid}/fd"))
