# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The requests of a stream that have no answer yet."""

from __future__ import annotations

import dataclasses
import heapq
import random
import time
from collections.abc import Callable
from typing import Any

import grpc

from strata import results
from strata.errors import StrataError
from strata.parts import Reassembly
from strata.retry import Attempts, RetryPolicy, can_pass
from strata.v1 import hidden_state_service_pb2 as service_pb2

END: Any = object()
"""Of the caller's iterable: it may yield None by mistake, and not this."""


@dataclasses.dataclass
class _Entry:
    request: service_pb2.EncodeRequest
    kind: str
    """What its outputs hold."""
    attempts: int = 0
    """Times that it was sent since there was progress."""
    progress: int = 0
    """Answers that there were when it was refused last."""
    reassembly: Reassembly | None = None
    """Its events so far; set while it is under way."""


class InFlight:
    """Numbers requests, and keeps each until its answer.

    What a stream is made of but for the calls: those that send and receive ask
    it what to send, give it what comes, and tell it when a stream has ended.
    A request stays here until it is answered, over as many streams as that
    takes, and is answered once.

    Not thread-safe.
    """

    def __init__(
        self,
        policy: RetryPolicy,
        timeout: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`timeout` in seconds, for all streams together. None: no end."""
        self._policy = policy
        self._clock = clock
        self._streams = Attempts(policy, timeout, clock=clock)
        self._entries: dict[int, _Entry] = {}
        # Those that are to be sent: when, by the clock, and their numbers.
        self._due: list[tuple[float, int]] = []
        self._added = 0
        # Requests that the server has answered for good.
        self._progress = 0
        self.exhausted = False
        """Whether the caller has no more requests."""
        self.failure: BaseException | None = None
        """What the caller's own iterable raised."""

    @property
    def finished(self) -> bool:
        """Whether there is nothing to send or to wait for, now or later."""
        return self.exhausted and not self._entries

    @property
    def all_sent(self) -> bool:
        """Whether there is nothing to send; what is under way may fail."""
        return self.exhausted and not self._due

    def add(self, request: service_pb2.EncodeRequest) -> None:
        """Takes one more; its number is that of those before it."""
        entry = _Entry(request, results.kind_of(request))
        self._put(self._added, entry, self._clock())
        self._added += 1

    def due_in(self) -> float | None:
        """Seconds until the next can be sent; None: there is none."""
        return max(0.0, self._due[0][0] - self._clock()) if self._due else None

    def patience(self) -> float | None:
        """Seconds to wait, while no stream is open, for one to send.

        0: there is one. None: as long as it takes.

        Raises:
            StrataError: The time for all streams is over.
        """
        due, remaining = self.due_in(), self._streams.remaining()
        if remaining is None:
            return due
        if remaining == 0.0:
            raise StrataError(
                grpc.StatusCode.DEADLINE_EXCEEDED,
                "the timeout passed while no stream was open, waiting for a "
                "request to send",
            )
        return remaining if due is None else min(due, remaining)

    def next(self) -> service_pb2.EncodeStreamRequest | None:
        """What is to be sent now; None: nothing yet."""
        if self.due_in() != 0.0:
            return None
        _, number = heapq.heappop(self._due)
        entry = self._entries[number]
        entry.attempts += 1
        entry.reassembly = Reassembly(len(entry.request.inputs))
        return service_pb2.EncodeStreamRequest(
            request_id=str(number), request=entry.request
        )

    def take(
        self, event: service_pb2.EncodeStreamResponse
    ) -> results.StreamAnswer | None:
        """The answer that the event completes, if it does."""
        number = int(event.request_id)
        entry = self._entries.get(number)
        if entry is None or entry.reassembly is None:
            return None
        error = None
        try:
            entry.reassembly.add(event)
        except StrataError as raised:
            error = raised
        reply = entry.reassembly.answer
        if error is None and reply is None:
            return None
        if error is not None:
            if entry.progress != self._progress:
                entry.attempts, entry.progress = 1, self._progress
            delay = self._policy.next_retry(
                error,
                entry.attempts,
                self._streams.remaining(),
                random.random(),
            )
            if delay is not None:
                self._put(number, entry, self._clock() + delay)
                return None
        if error is None or not can_pass(error):
            # One that gives up is no progress to those that go on.
            self._progress += 1
        del self._entries[number]
        self._streams.progressed()
        return results.StreamAnswer(
            index=number,
            error=error,
            _encodings=(
                None
                if reply is None
                else results.encodings_of(reply, entry.kind)
            ),
        )

    def begin(self) -> float | None:
        """A stream is opened; the seconds that it may take."""
        return self._streams.begin()

    def ended(self) -> None:
        """A stream has ended well.

        Raises:
            StrataError: Not every request of it was answered.
        """
        lost = len(self._entries) - len(self._due)
        if lost:
            raise StrataError(
                grpc.StatusCode.INTERNAL,
                f"the stream ended without an answer to {lost} requests",
            )

    def broke(self, error: StrataError) -> float:
        """A stream has ended with an error; the seconds until the next.

        Raises:
            StrataError: There is to be no other: it is the error.
        """
        if self.finished:
            # A server that stops may not have seen that nothing was left.
            return 0.0
        delay = self._streams.delay_after(error)
        if delay is None:
            raise error
        for number, entry in self._entries.items():
            if entry.reassembly is not None:
                # As old as it is, and for no failure of its own.
                self._put(number, entry, 0.0)
                entry.attempts -= 1
        return delay

    def _put(self, number: int, entry: _Entry, due: float) -> None:
        self._entries[number] = entry
        entry.reassembly = None
        heapq.heappush(self._due, (due, number))
