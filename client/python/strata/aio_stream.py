# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""strata.stream, for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from typing import Any

import grpc

from strata import results
from strata.aio_end import StreamEnd
from strata.in_flight import END, InFlight
from strata.retry import RetryPolicy
from strata.v1 import hidden_state_service_pb2 as service_pb2

Requests = (
    Iterable[service_pb2.EncodeRequest]
    | AsyncIterable[service_pb2.EncodeRequest]
)


async def answers(
    open_stream: Callable[[AsyncIterator[Any], float | None], Any],
    requests: Requests,
    policy: RetryPolicy,
    timeout: float | None,
) -> AsyncIterator[results.StreamAnswer]:
    """Sends requests as the server takes them; yields as they complete.

    Args:
        open_stream: Calls the stub's EncodeStream with messages and a timeout.
    """
    in_flight = InFlight(policy, timeout)
    sender = _Sender(in_flight)
    pull = asyncio.create_task(sender.pull(requests))
    try:
        while await sender.wait():
            call = open_stream(*sender.begin())
            end = StreamEnd(call)
            delay = 0.0
            try:
                async for event in call:
                    answer = in_flight.take(event)
                    sender.notify()  # It may be due again.
                    if answer is not None:
                        yield answer
                in_flight.ended()
            except grpc.RpcError as raised:
                delay = in_flight.broke(await end.error(raised))
            finally:
                sender.end()
                call.cancel()
            await asyncio.sleep(delay)
    finally:
        sender.end()
        pull.cancel()
    if in_flight.failure is not None:
        raise in_flight.failure


class _Sender:
    """Takes the caller's requests in a task of its own, and sends them.

    Messages are iterated in a task of gRPC's, one for each stream.
    """

    def __init__(self, in_flight: InFlight) -> None:
        self._in_flight = in_flight
        # Whether the caller's next request is asked for.
        self._wanted = asyncio.Event()
        # Streams opened and ended: what is not the last's sends no more.
        self._stream = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def notify(self) -> None:
        """Wakes all that wait for a change."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    def begin(self) -> tuple[AsyncIterator[Any], float | None]:
        """The messages of a stream, and the seconds that it may take."""
        self._stream += 1
        return self._messages(self._stream), self._in_flight.begin()

    def end(self) -> None:
        """The stream sends no more."""
        self._stream += 1
        self.notify()

    async def wait(self) -> bool:
        """Waits until there is something to send; False: there never is.

        Raises:
            StrataError: The timeout has passed.
        """
        while not self._in_flight.finished:
            patience = self._in_flight.patience()
            if patience == 0.0:
                return True
            await self._wait_for_change(patience)
        return False

    async def pull(self, requests: Requests) -> None:
        """Takes the caller's requests, each when it is wanted."""
        try:
            iterator = _aiter_of(requests)
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                request = await anext(iterator, END)
                if request is END:
                    break
                self._in_flight.add(request)
                self.notify()
        except BaseException as error:
            # Of what the iterable waits for, CancelledError too. Where it is
            # this task that is cancelled, nobody asks any more.
            self._in_flight.failure = error
        self._in_flight.exhausted = True
        self.notify()

    async def _messages(self, stream: int) -> AsyncIterator[Any]:
        while stream == self._stream and not self._in_flight.all_sent:
            message = self._in_flight.next()
            if message is not None:
                yield message
            else:
                await self._wait_for_change(self._in_flight.due_in())

    async def _wait_for_change(self, seconds: float | None) -> None:
        self._wanted.set()
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            await asyncio.wait([waiting], timeout=seconds)
        finally:
            self._waiting.discard(waiting)


async def _aiter_of(
    requests: Requests,
) -> AsyncIterator[service_pb2.EncodeRequest]:
    if isinstance(requests, AsyncIterable):
        async for request in requests:
            yield request
    else:
        for request in requests:
            yield request
