# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""A gRPC server whose answers a test writes, for tests of the client."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2_grpc

from strata.v1 import (
    hidden_state_service_pb2_grpc,
    model_service_pb2_grpc,
    tokenizer_service_pb2_grpc,
)


class FakeServer(
    hidden_state_service_pb2_grpc.HiddenStateServiceServicer,
    tokenizer_service_pb2_grpc.TokenizerServiceServicer,
    model_service_pb2_grpc.ModelServiceServicer,
    health_pb2_grpc.HealthServicer,
):
    """Answers every RPC with `answer(request)` and keeps the requests.

    `answer` may return a google.rpc.Status, which fails the call.
    """

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.timeouts: list[float | None] = []
        # What EncodeStream sends when the client has sent its last.
        self.at_half_close: list[Any] = []
        self.answer: Callable[[Any], Any] = lambda request: status_pb2.Status(
            code=grpc.StatusCode.UNIMPLEMENTED.value[0],
            message="the test did not say what to answer",
        )

    def _serve(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.requests.append(request)
        self.timeouts.append(context.time_remaining())
        reply = self.answer(request)
        if isinstance(reply, status_pb2.Status):
            self._abort(reply, context)
        return reply

    Encode = EncodeToFile = Tokenize = Detokenize = _serve
    ListModels = GetModel = Check = _serve

    def EncodeChunks(
        self, request: Any, context: grpc.ServicerContext
    ) -> Iterator[Any]:
        """`answer` returns the events, and a status as the last to fail."""
        self.requests.append(request)
        yield from self._events(self.answer(request), context)

    def EncodeStream(
        self, requests: Iterator[Any], context: grpc.ServicerContext
    ) -> Iterator[Any]:
        """As EncodeChunks, for each request."""
        for request in requests:
            yield from self.EncodeChunks(request, context)
        yield from self._events(self.at_half_close, context)

    def _events(
        self, events: Any, context: grpc.ServicerContext
    ) -> Iterator[Any]:
        for event in events:
            if isinstance(event, status_pb2.Status):
                self._abort(event, context)
            yield event

    def _abort(
        self, status: status_pb2.Status, context: grpc.ServicerContext
    ) -> None:
        if status.details:
            context.set_trailing_metadata(
                [("grpc-status-details-bin", status.SerializeToString())]
            )
        codes = {code.value[0]: code for code in grpc.StatusCode}
        context.abort(codes[status.code], status.message)


def failure(
    code: grpc.StatusCode, message: str, *details: Any
) -> status_pb2.Status:
    """A status as a Strata server sends it."""
    status = status_pb2.Status(code=code.value[0], message=message)
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def reason(name: str) -> error_details_pb2.ErrorInfo:
    return error_details_pb2.ErrorInfo(domain="strata", reason=name)


@contextlib.contextmanager
def serving(fake: FakeServer, workers: int = 2) -> Iterator[str]:
    """Serves it on a free port of the loopback; yields HOST:PORT.

    Args:
        workers: Calls that are answered at once.
    """
    server = grpc.server(
        futures.ThreadPoolExecutor(workers),
        options=[
            ("grpc.max_receive_message_length", -1),
            ("grpc.max_send_message_length", -1),
        ],
    )
    hidden_state_service_pb2_grpc.add_HiddenStateServiceServicer_to_server(
        fake, server
    )
    tokenizer_service_pb2_grpc.add_TokenizerServiceServicer_to_server(
        fake, server
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(fake, server)
    health_pb2_grpc.add_HealthServicer_to_server(fake, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(grace=None).wait()
