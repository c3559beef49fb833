# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What strata.Client and strata.AsyncClient share: all but the calls."""

from __future__ import annotations

from typing import Any

from grpc_health.v1 import health_pb2_grpc

from strata import requests
from strata.connection import Connection
from strata.retry import Attempts, RetryPolicy
from strata.v1 import (
    hidden_state_service_pb2_grpc,
    model_service_pb2_grpc,
    tokenizer_service_pb2_grpc,
)


class ClientBase:
    """The arguments of a client, and its stubs."""

    encode_request = staticmethod(requests.encode_request)

    def __init__(
        self,
        target: str = "127.0.0.1:50051",
        timeout: float | None = 60.0,
        *,
        retries: int | RetryPolicy = 3,
        tls: bool = False,
        root_certificates: bytes | None = None,
        certificate: bytes | None = None,
        key: bytes | None = None,
        token: str | None = None,
        token_on_plaintext: bool = False,
    ) -> None:
        """Does not connect yet; the first call does.

        Args:
            target: HOST:PORT of the server.
            timeout: Seconds that a call may take in all, retries and the waits
                between them included. None: as long as it likes.
            retries: How often a call that fails is made again where that can
                help: the server cannot be reached, is starting or stopping
                (UNAVAILABLE), or is full and says when to come back
                (RESOURCE_EXHAUSTED). 0: never. A `strata.RetryPolicy` says
                how long to wait in between, too.
            tls: Encrypt, and trust the authorities that gRPC comes with.
            root_certificates: Encrypt, and trust these authorities (PEM).
            certificate: Encrypt, and show this certificate (PEM), for servers
                that ask for one; with `key`.
            key: The private key (PEM) of `certificate`.
            token: Sent with every call, for servers that want one.
            token_on_plaintext: Send the token unencrypted to another machine
                too, where it can be read on the way.

        Raises:
            ValueError: The token would travel unencrypted, one of
                `certificate` and `key` is missing, or `retries` is negative.
        """
        self._timeout = timeout
        self._policy = RetryPolicy.of(retries)
        connection = Connection(
            target,
            tls=tls,
            root_certificates=root_certificates,
            certificate=certificate,
            key=key,
            token=token,
            token_on_plaintext=token_on_plaintext,
        )
        self._metadata = connection.metadata
        channel = self._open(connection)
        states = hidden_state_service_pb2_grpc
        self._states = states.HiddenStateServiceStub(channel)
        self._tokens = tokenizer_service_pb2_grpc.TokenizerServiceStub(channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(channel)
        self._health: Any = health_pb2_grpc.HealthStub(channel)

    def _open(self, connection: Connection) -> Any:
        """The channel, which the client keeps and closes."""
        raise NotImplementedError

    def _attempts(self) -> Attempts:
        """Of a call that begins now."""
        return Attempts(self._policy, self._timeout)
