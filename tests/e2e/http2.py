# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""One unary gRPC call over a bare socket, for what gRPC's clients do not show.

gRPC keeps load reports to its balancers, and does not tell an error that came
with initial metadata from one that came without.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field

_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _GOAWAY = 0, 1, 3, 4, 7
_END_STREAM, _END_HEADERS, _ACK = 1, 4, 1
# Nothing is kept in a table, and binary metadata comes as it is.
_NO_TABLE = struct.pack(">HI", 1, 0)
_TRUE_BINARY = struct.pack(">HI", 0xFE03, 1)


@dataclass
class Answer:
    """The blocks of headers of an answer, still encoded, and its data."""

    headers: list[bytes] = field(default_factory=list)
    data: bytes = b""

    @property
    def trailers_only(self) -> bool:
        """Whether it is one block: an error without initial metadata."""
        return len(self.headers) == 1

    def trailer(self, key: str) -> bytes | None:
        """The value of a key in the last block; None where it has none."""
        name = bytes([len(key)]) + key.encode()
        block = self.headers[-1]
        at = block.find(name)
        if at < 0:
            return None
        at += len(name)
        length = block[at]
        assert length < 0x7F, "longer than one byte says, or compressed"
        value = block[at + 1 : at + 1 + length]
        # A binary value begins with a zero.
        return value[1:] if key.endswith("-bin") else value


def call(address: str, path: str, message: bytes) -> Answer:
    """Sends a message to "/package.Service/Method"."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
            + _frame(_SETTINGS, 0, 0, _NO_TABLE + _TRUE_BINARY)
            + _frame(_HEADERS, _END_HEADERS, 1, _request_headers(address, path))
            + _frame(
                _DATA, _END_STREAM, 1,
                b"\0" + struct.pack(">I", len(message)) + message,
            )
        )
        return _read(connection)


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    length = struct.pack(">I", len(payload))[1:]
    return length + struct.pack(">BBI", kind, flags, stream) + payload


def _request_headers(address: str, path: str) -> bytes:
    block = b""
    for name, value in [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", address),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
    ]:
        block += bytes([0, len(name)]) + name.encode()
        block += bytes([len(value)]) + value.encode()
    return block


def _read(connection: socket.socket) -> Answer:
    stream = connection.makefile("rb")
    answer = Answer()
    while True:
        head = stream.read(9)
        assert len(head) == 9, "the connection ended before the answer did"
        [length] = struct.unpack(">I", b"\0" + head[:3])
        kind, flags = head[3], head[4]
        payload = stream.read(length)
        assert kind not in (_RST_STREAM, _GOAWAY), (kind, payload)
        if kind == _SETTINGS and not flags & _ACK:
            connection.sendall(_frame(_SETTINGS, _ACK, 0, b""))
        elif kind == _DATA:
            answer.data += payload
        elif kind == _HEADERS:
            answer.headers.append(payload)
        if kind in (_DATA, _HEADERS) and flags & _END_STREAM:
            return answer
