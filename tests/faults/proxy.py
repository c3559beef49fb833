# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy that breaks connections, on command or as dice fall.

    with Proxy(server.address, fault=Fault("reset", after=100_000)) as proxy:
        client = strata.Client(proxy.address)   # reset in mid-answer

It knows nothing of HTTP/2: it breaks connections wherever the bytes happen to
be, in the middle of a frame as a rule. What it passes on is never changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import random
import socket
import struct
import threading
from collections.abc import Callable

# A reset in place of an orderly end.
_LINGER_NOT = struct.pack("ii", 1, 0)
_CHUNK = 64 * 1024

SLOWING = ("none", "delay", "throttle")
BREAKING = ("reset", "cut", "half-close", "hang-up", "black-hole")


@dataclasses.dataclass(frozen=True)
class Fault:
    """What happens to a connection.

    Attributes:
        kind: One of
            none: passed on as it is;
            delay: each piece of what is passed on waits for `seconds`;
            throttle: each direction passes `rate` bytes a second;
            reset: both sides get a RST;
            cut: both sides get an orderly end, wherever the answer is;
            half-close: the client is told that the server sends no more; what
                the client sends still arrives;
            hang-up: the server is told that the client sends no more; what
                the server sends still arrives;
            black-hole: neither side hears anything from then on, nor that the
                connection has ended. Both are half-open.
        after: Bytes from the server that pass before it happens (the breaking
            kinds); 0: at once, before anything has passed.
    """

    kind: str = "none"
    after: int = 0
    seconds: float = 0.0
    rate: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in SLOWING + BREAKING:
            raise ValueError(
                f'got the fault "{self.kind}", expected one of '
                + ", ".join(SLOWING + BREAKING)
            )


def roll(dice: random.Random) -> Fault:
    """A fault for a connection: half of them none, the others of any kind."""
    if dice.random() < 0.5:
        return Fault()
    return Fault(
        dice.choice(SLOWING[1:] + BREAKING),
        after=int(dice.lognormvariate(11, 3)),
        seconds=dice.uniform(0.001, 0.05),
        rate=dice.uniform(2e5, 5e6),
    )


class Proxy:
    """Passes connections on to a server, and breaks them.

    Its methods may be called from any thread; all else happens on one of its
    own. Connections are closed when the block ends.
    """

    def __init__(
        self,
        target: str,
        fault: Fault | Callable[[], Fault] = Fault(),
    ) -> None:
        """Listens on a free port of the loopback, `address`.

        Args:
            target: HOST:PORT of the server.
            fault: Of each connection; a function is asked for each anew, as
                `lambda: roll(dice)`.
        """
        self._target = target.rpartition(":")
        self._fault = fault if callable(fault) else lambda: fault
        self._links: set[_Link] = set()
        self.passed = 0
        """Bytes that have come from the server, and passed."""
        self.passed_up = 0
        """Those of the clients."""
        self.accepted = 0
        """Connections that there have been."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._listener = self._run(self._listen())
        port = self._listener.sockets[0].getsockname()[1]
        self.address = f"127.0.0.1:{port}"

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def connections(self) -> int:
        """Connections that it holds, broken ones too."""
        return len(self._links)

    def strike(self, kind: str) -> None:
        """Breaks all connections that there are, now."""
        self._run(self._strike(Fault(kind)))

    def _run(self, what):
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(60)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._accept, "127.0.0.1", 0)

    async def _accept(self, reader, writer) -> None:
        host, _, port = self._target
        try:
            far = await asyncio.open_connection(host, int(port))
        except OSError:  # As if this port were the server's.
            writer.transport.abort()
            return
        link = _Link(self._fault(), (reader, writer), far, self._count)
        self._links.add(link)
        self.accepted += 1
        try:
            await link.pass_on()
        finally:
            self._links.discard(link)

    def _count(self, size: int, down: bool) -> None:
        if down:
            self.passed += size
        else:
            self.passed_up += size

    async def _strike(self, fault: Fault) -> None:
        for link in list(self._links):
            link.strike(fault)

    async def _close(self) -> None:
        self._listener.close()
        # Some may still be on their way to the server.
        while self._links:
            for link in list(self._links):
                link.end(reset=True)
            await asyncio.sleep(0.001)


class _Link:
    """One connection: the client's side and the server's."""

    def __init__(
        self,
        fault: Fault,
        near,
        far,
        count: Callable[[int, bool], None],
    ) -> None:
        self._fault = fault
        self._count = count
        self._near, self._far = near, far
        self._left = fault.after
        self._tasks: list[asyncio.Task] = []
        self._silent = False
        self._ended = asyncio.Event()

    async def pass_on(self) -> None:
        """Returns when the connection has ended, on both sides."""
        if self._fault.kind in BREAKING and not self._left:
            self.strike(self._fault)
        if not self._broken:
            self._tasks = [
                asyncio.create_task(self._pump(*self._ends(down)))
                for down in (True, False)
            ]
            await asyncio.wait(self._tasks)
        if self._silent:
            # Nobody is to hear an end that comes from either side.
            await self._ended.wait()
        self.end()
        for task in self._tasks:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await task

    def strike(self, fault: Fault) -> None:
        """Breaks it now, unless it has ended."""
        if fault.kind == "black-hole":
            self._silent = True
            for task in self._tasks:
                task.cancel()
            for _, writer in (self._near, self._far):
                writer.transport.pause_reading()
        elif fault.kind == "half-close":
            self._tell_end(self._near[1])
        elif fault.kind == "hang-up":
            self._tell_end(self._far[1])
        else:
            self.end(reset=fault.kind == "reset")

    def end(self, reset: bool = False) -> None:
        """Closes both sides."""
        self._ended.set()
        for _, writer in (self._near, self._far):
            raw = writer.get_extra_info("socket")
            if reset and raw.fileno() >= 0:
                raw.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT
                )
            if reset or self._silent:
                writer.transport.abort()
            else:
                writer.close()
        for task in self._tasks:
            task.cancel()

    @property
    def _broken(self) -> bool:
        return self._silent or self._ended.is_set()

    def _ends(self, down: bool):
        if down:
            return self._far[0], self._near[1], down
        return self._near[0], self._far[1], down

    async def _pump(self, reader, writer, down: bool) -> None:
        try:
            # A task that cancels itself goes on until it has to wait: what it
            # had read before a silence must not pass after it.
            while data := await reader.read(_CHUNK):
                if self._broken:
                    return
                await self._pass(data, writer, down)
            if not self._broken:
                self._tell_end(writer)
        except OSError:
            # One side broke off: the other hears of it as it would have.
            self.end(reset=True)

    async def _pass(self, data: bytes, writer, down: bool) -> None:
        fault = self._fault
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        elif fault.kind == "throttle":
            await asyncio.sleep(len(data) / fault.rate)
        elif fault.kind in BREAKING and down and self._left:
            passing, data = data[: self._left], data[self._left :]
            self._left -= len(passing)
            writer.write(passing)
            self._count(len(passing), down)
            await writer.drain()
            if self._left:
                return
            self.strike(fault)
            if fault.kind != "hang-up":
                return
        if not writer.transport.is_closing() and not writer.is_closing():
            with contextlib.suppress(RuntimeError):  # Its end was told.
                writer.write(data)
                self._count(len(data), down)
                await writer.drain()

    @staticmethod
    def _tell_end(writer) -> None:
        if not writer.transport.is_closing() and writer.can_write_eof():
            with contextlib.suppress(OSError):
                writer.write_eof()
