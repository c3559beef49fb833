# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Many requests over one stream, or over several one after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import grpc

from strata import results
from strata.errors import StrataError
from strata.in_flight import END, InFlight
from strata.retry import RetryPolicy
from strata.v1 import hidden_state_service_pb2 as service_pb2


def answers(
    open_stream: Callable[[Iterator[Any], float | None], Any],
    requests: Iterable[service_pb2.EncodeRequest],
    policy: RetryPolicy,
    timeout: float | None,
) -> Iterator[results.StreamAnswer]:
    """Sends requests as the server takes them; yields as they complete.

    Args:
        open_stream: Calls the stub's EncodeStream with messages and a timeout.
    """
    sender = _Sender(requests, InFlight(policy, timeout))
    sender.start()
    try:
        while sender.wait():
            call = open_stream(*sender.begin())
            delay = 0.0
            try:
                for event in call:
                    answer = sender.take(event)
                    if answer is not None:
                        yield answer
                sender.ended()
            except grpc.RpcError as raised:
                delay = sender.broke(StrataError.from_rpc_error(raised))
            finally:
                call.cancel()
            time.sleep(delay)
    finally:
        sender.stop()
    sender.raise_failure()


class _Sender:
    """Takes the caller's requests on a thread of its own, and sends them.

    Messages are iterated on a thread of gRPC's, one for each stream; all else
    is called on the caller's. A thread of gRPC's would do for the caller's
    iterable too, but it may be waiting there when its stream breaks.
    """

    def __init__(
        self,
        requests: Iterable[service_pb2.EncodeRequest],
        in_flight: InFlight,
    ) -> None:
        self._requests = requests
        self._in_flight = in_flight
        self._changed = threading.Condition()
        # Whether the caller's next request is asked for.
        self._wanted = False
        self._stopped = False
        # Streams opened and ended: what is not the last's sends no more.
        self._stream = 0

    def start(self) -> None:
        # Nobody can end the caller's iterable where it waits.
        threading.Thread(
            target=self._pull, name="strata-requests", daemon=True
        ).start()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._next_stream()

    def wait(self) -> bool:
        """Waits until there is something to send; False: there never is.

        Raises:
            StrataError: The timeout has passed.
        """
        with self._changed:
            while not self._in_flight.finished:
                patience = self._in_flight.patience()
                if patience == 0.0:
                    return True
                self._wait_for_change(patience)
            return False

    def begin(self) -> tuple[Iterator[Any], float | None]:
        """The messages of a stream, and the seconds that it may take."""
        with self._changed:
            return self._messages(self._next_stream()), self._in_flight.begin()

    def take(
        self, event: service_pb2.EncodeStreamResponse
    ) -> results.StreamAnswer | None:
        with self._changed:
            answer = self._in_flight.take(event)
            # It may be due again.
            self._changed.notify_all()
            return answer

    def ended(self) -> None:
        with self._changed:
            self._next_stream()
            self._in_flight.ended()

    def broke(self, error: StrataError) -> float:
        with self._changed:
            self._next_stream()
            return self._in_flight.broke(error)

    def raise_failure(self) -> None:
        """Raises what the caller's own iterable raised."""
        if self._in_flight.failure is not None:
            raise self._in_flight.failure

    def _next_stream(self) -> int:
        """The one before sends no more. Called with the lock held."""
        self._stream += 1
        self._changed.notify_all()
        return self._stream

    def _messages(self, stream: int) -> Iterator[Any]:
        while (message := self._next_message(stream)) is not None:
            yield message

    def _next_message(self, stream: int) -> Any:
        with self._changed:
            while stream == self._stream and not self._in_flight.all_sent:
                message = self._in_flight.next()
                if message is not None:
                    return message
                self._wait_for_change(self._in_flight.due_in())
            return None

    def _wait_for_change(self, seconds: float | None) -> None:
        self._wanted = True
        self._changed.notify_all()
        self._changed.wait(seconds)

    def _pull(self) -> None:
        """Takes the caller's requests, each when it is wanted."""
        failure: BaseException | None = None
        try:
            requests = iter(self._requests)
            while self._wait_until_wanted():
                request = next(requests, END)
                if request is END:
                    break
                with self._changed:
                    self._in_flight.add(request)
                    self._changed.notify_all()
        except BaseException as error:
            # Which nobody would see on this thread: SystemExit neither.
            failure = error
        with self._changed:
            self._in_flight.failure = failure
            self._in_flight.exhausted = True
            self._changed.notify_all()

    def _wait_until_wanted(self) -> bool:
        with self._changed:
            while not (self._wanted or self._stopped):
                self._changed.wait()
            self._wanted = False
            return not self._stopped
