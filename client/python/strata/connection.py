# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""How a client connects: encrypted or not, and with a token or without."""

from __future__ import annotations

from typing import Any

import grpc
import grpc.aio

_LOOPBACK = ("127.", "localhost:", "[::1]:")
_OPTIONS: list[tuple[str, Any]] = [
    # Hidden states are large, and the server has limits of its own.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # A server that restarts is found again soon. By default gRPC waits a
    # second, then up to two minutes, and fails all calls meanwhile.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    # A server that has gone without a word fails the call, also one without a
    # deadline.
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
]


class Connection:
    """How to reach a server; strata.Client has arguments of these names."""

    def __init__(
        self,
        target: str,
        *,
        tls: bool,
        root_certificates: bytes | None,
        certificate: bytes | None,
        key: bytes | None,
        token: str | None,
        token_on_plaintext: bool,
    ) -> None:
        if (certificate is None) != (key is None):
            raise ValueError(
                "one of certificate and key is given without the other"
            )
        # What gRPC says of a bad header holds the header.
        if token and not (
            token.isascii() and token.isprintable() and " " not in token
        ):
            raise ValueError("the token holds a character that no token has")
        encrypted = tls or root_certificates is not None or key is not None
        local = target.startswith(_LOOPBACK)
        if token and not (encrypted or token_on_plaintext or local):
            raise ValueError(
                "the token could be read on the way to another machine: "
                "encrypt with tls or root_certificates, or set "
                "token_on_plaintext"
            )
        self._target = target
        self._credentials = (
            grpc.ssl_channel_credentials(root_certificates, key, certificate)
            if encrypted
            else None
        )
        # No proxy can reach this machine's own loopback.
        self._options = [*_OPTIONS, ("grpc.enable_http_proxy", int(not local))]
        # gRPC's own call credentials would do, but for servers behind a proxy
        # that ends TLS: it sends them over encrypted connections only.
        self.metadata: tuple[tuple[str, str], ...] = (
            (("authorization", f"Bearer {token}"),) if token else ()
        )
        """To be sent with every call."""

    def channel(self) -> grpc.Channel:
        """A new channel, which connects at its first call."""
        if self._credentials is None:
            return grpc.insecure_channel(self._target, self._options)
        return grpc.secure_channel(
            self._target, self._credentials, self._options
        )

    def aio_channel(self) -> grpc.aio.Channel:
        """As `channel`, for the event loop that runs."""
        if self._credentials is None:
            return grpc.aio.insecure_channel(self._target, self._options)
        return grpc.aio.secure_channel(
            self._target, self._credentials, self._options
        )
