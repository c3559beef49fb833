# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Many requests over one stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import grpc

from strata import results
from strata.errors import StrataError
from strata.parts import Reassembly
from strata.v1 import hidden_state_service_pb2 as service_pb2


def answers(
    method: Callable[..., Any],
    requests: Iterable[service_pb2.EncodeRequest],
    timeout: float | None,
) -> Iterator[results.StreamAnswer]:
    """Sends requests as the server takes them; yields as they complete.

    `method` is the stub's EncodeStream.
    """
    sender = _Sender(requests)
    call = method(iter(sender), timeout=timeout)
    try:
        for event in call:
            answer = sender.take(event)
            if answer is not None:
                yield answer
    except grpc.RpcError as error:
        # A server that stops may not have seen that there was nothing left.
        if sender.pending or not sender.exhausted:
            raise StrataError.from_rpc_error(error) from error
    finally:
        call.cancel()
    if sender.failure is not None:
        raise sender.failure
    if sender.pending:
        raise StrataError(
            grpc.StatusCode.INTERNAL,
            f"the stream ended without an answer to {len(sender.pending)} "
            "requests",
        )


class _Sender:
    """Numbers the requests, and keeps those that are under way.

    Iterated on a thread of gRPC's, asked on the caller's.
    """

    def __init__(self, requests: Iterable[service_pb2.EncodeRequest]) -> None:
        self._requests = requests
        self.pending: dict[str, tuple[Reassembly, str]] = {}
        """Of each id: its events so far, and what its outputs hold."""
        self.exhausted = False
        self.failure: Exception | None = None
        """What the caller's own iterable raised."""

    def __iter__(self) -> Iterator[service_pb2.EncodeStreamRequest]:
        try:
            for index, request in enumerate(self._requests):
                request_id = str(index)
                self.pending[request_id] = (
                    Reassembly(len(request.inputs)),
                    results.kind_of(request),
                )
                yield service_pb2.EncodeStreamRequest(
                    request_id=request_id, request=request
                )
        except Exception as error:
            # gRPC would say no more than that something was raised.
            self.failure = error
        self.exhausted = True

    def take(
        self, event: service_pb2.EncodeStreamResponse
    ) -> results.StreamAnswer | None:
        """The answer that the event completes, if it does."""
        request_id = event.request_id
        if request_id not in self.pending:
            return None
        reassembly, kind = self.pending[request_id]
        error = None
        try:
            reassembly.add(event)
        except StrataError as raised:
            error = raised
        if error is None and reassembly.answer is None:
            return None
        del self.pending[request_id]
        return results.StreamAnswer(
            index=int(request_id),
            error=error,
            _encodings=(
                None
                if error
                else results.encodings_of(reassembly.answer, kind)
            ),
        )
