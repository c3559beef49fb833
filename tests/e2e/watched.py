# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What grpc.health.v1 says of a server, as it says it."""

from __future__ import annotations

import threading
from types import TracebackType

import grpc
import wire
from grpc_health.v1 import health_pb2, health_pb2_grpc

_NAMES = health_pb2.HealthCheckResponse.ServingStatus


class Watch:
    """A Watch of a service, "" the server, in a block:

    with Watch(server.address, "m") as health:
        health.await_last("NOT_SERVING")
    """

    def __init__(self, address: str, service: str = "") -> None:
        self.statuses: list[str] = []
        self._channel = grpc.insecure_channel(address)
        self._call = health_pb2_grpc.HealthStub(self._channel).Watch(
            health_pb2.HealthCheckRequest(service=service)
        )
        self._thread = threading.Thread(target=self._read, daemon=True)

    def await_last(self, status: str) -> None:
        """Waits until it says so."""
        wire.wait_until(
            lambda: self.statuses[-1:] == [status],
            f"health says {status}",
        )

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._call.cancel()
        self._thread.join()
        self._channel.close()

    def _read(self) -> None:
        try:
            for reply in self._call:
                self.statuses.append(_NAMES.Name(reply.status))
        except grpc.RpcError:
            pass  # The server has gone, or the block has ended.
