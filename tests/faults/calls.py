# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Calls that break off: each on a connection of its own, cancelled at will.

strata.Client shares connections between clients, has one deadline for all, and
leaves nobody a call to cancel.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import grpc

import strata
from strata import results, stream
from strata.parts import Reassembly
from strata.v1 import hidden_state_service_pb2 as service_pb2
from strata.v1 import hidden_state_service_pb2_grpc as service_grpc

OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.use_local_subchannel_pool", 1),
    # Looks soon for a server that was away. Not the least backoff: it is how
    # long a connection may take, too.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
]
# Of a client that takes 64 KiB at a time, however fast it is: what it has not
# read yet is the server's to keep.
SMALL_WINDOW = [
    ("grpc.http2.bdp_probe", 0),
    ("grpc.http2.lookahead_bytes", 65_536),
]


def connect(address: str, *options: tuple[str, int]) -> grpc.Channel:
    """A channel that shares no connection; to be closed by the caller."""
    return grpc.insecure_channel(address, [*OPTIONS, *options])


class Call:
    """One call of the hidden states' service; another thread may cancel it.

    Every method raises StrataError where the call fails.
    """

    def __init__(self, channel: grpc.Channel, timeout: float) -> None:
        self._stub = service_grpc.HiddenStateServiceStub(channel)
        self._timeout = timeout
        self._lock = threading.Lock()
        self._call: grpc.Future | grpc.Call | None = None
        self._cancelled = False

    def cancel(self) -> None:
        """Cancels it, also before it has begun."""
        with self._lock:
            self._cancelled = True
            if self._call is not None:
                self._call.cancel()

    def unary(
        self, request: service_pb2.EncodeRequest
    ) -> list[results.Encoding]:
        """Encode."""
        self.begin(request)
        return self.end(request)

    def begin(self, request: service_pb2.EncodeRequest) -> None:
        """Sends an Encode call, and does not wait for its answer."""
        self._keep(self._stub.Encode.future(request, timeout=self._timeout))

    def end(
        self, request: service_pb2.EncodeRequest
    ) -> list[results.Encoding]:
        """The answer to the request that was begun."""
        try:
            reply = self._call.result()
        except grpc.RpcError as error:
            raise strata.StrataError.from_rpc_error(error) from error
        except grpc.FutureCancelledError:
            raise strata.StrataError(
                grpc.StatusCode.CANCELLED, "cancelled here"
            ) from None
        return results.encodings_of(reply, results.kind_of(request))

    def chunks(
        self, request: service_pb2.EncodeRequest
    ) -> list[results.Encoding]:
        """EncodeChunks."""
        message = service_pb2.EncodeChunksRequest(request=request)
        events = self._keep(
            self._stub.EncodeChunks(message, timeout=self._timeout)
        )
        parts = Reassembly(len(request.inputs))
        try:
            for event in events:
                parts.add(event)
        except grpc.RpcError as error:
            raise strata.StrataError.from_rpc_error(error) from error
        return results.encodings_of(parts.result(), results.kind_of(request))

    def stream(
        self, requests: list[service_pb2.EncodeRequest]
    ) -> Iterator[results.StreamAnswer]:
        """EncodeStream, over one stream: it is not opened anew."""

        def open_stream(messages, timeout):
            return self._keep(
                self._stub.EncodeStream(messages, timeout=timeout)
            )

        return stream.answers(
            open_stream,
            requests,
            strata.RetryPolicy(max_attempts=1),
            self._timeout,
        )

    def _keep(self, call):
        with self._lock:
            self._call = call
            if self._cancelled:
                call.cancel()
        return call
