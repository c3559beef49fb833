# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""How a client connects: encrypted or not, and with a token or without."""

from __future__ import annotations

import collections
from typing import Any

import grpc

_LOOPBACK = ("127.", "localhost:", "[::1]:")


class _Details(
    collections.namedtuple(
        "_Details",
        ("method", "timeout", "metadata", "credentials", "wait_for_ready"),
    ),
    grpc.ClientCallDetails,
):
    """What gRPC asks to be given of a call; it has no such class itself."""


class _TokenSender(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Adds a token to every call.

    gRPC's own call credentials would do, but for servers behind a proxy that
    ends TLS: it sends them over encrypted connections only.
    """

    def __init__(self, token: str) -> None:
        self._header = ("authorization", f"Bearer {token}")

    def _call(self, proceed: Any, details: Any, request: Any) -> Any:
        metadata = [*(details.metadata or ()), self._header]
        details = _Details(
            details.method,
            details.timeout,
            metadata,
            details.credentials,
            details.wait_for_ready,
        )
        return proceed(details, request)

    intercept_unary_unary = _call
    intercept_unary_stream = _call
    intercept_stream_stream = _call


def connect(
    target: str,
    *,
    tls: bool,
    root_certificates: bytes | None,
    certificate: bytes | None,
    key: bytes | None,
    token: str | None,
    token_on_plaintext: bool,
    options: list[tuple[str, Any]],
) -> grpc.Channel:
    """The channel that strata.Client's arguments of these names ask for."""
    if (certificate is None) != (key is None):
        raise ValueError("one of certificate and key is given without the other")
    # What gRPC says of a bad header holds the header.
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        raise ValueError("the token holds a character that no token has")
    encrypted = tls or root_certificates is not None or key is not None
    if (
        token
        and not encrypted
        and not token_on_plaintext
        and not target.startswith(_LOOPBACK)
    ):
        raise ValueError(
            "the token could be read on the way to another machine: encrypt "
            "with tls or root_certificates, or set token_on_plaintext"
        )
    if encrypted:
        credentials = grpc.ssl_channel_credentials(
            root_certificates, key, certificate
        )
        channel = grpc.secure_channel(target, credentials, options=options)
    else:
        channel = grpc.insecure_channel(target, options=options)
    if token:
        channel = grpc.intercept_channel(channel, _TokenSender(token))
    return channel
