# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 over a bare socket, for what gRPC's clients do not show or say.

gRPC keeps load reports to its balancers, and does not tell an error that came
with initial metadata from one that came without; and it sends no frame that is
malformed.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

# Types of frames.
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = 0, 1, 2, 3, 4
PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 6, 7, 8, 9
# Flags.
END_STREAM, END_HEADERS, ACK = 1, 4, 1
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
# Nothing is kept in a table, and binary metadata comes as it is.
_NO_TABLE = struct.pack(">HI", 1, 0)
_TRUE_BINARY = struct.pack(">HI", 0xFE03, 1)


@dataclass
class Answer:
    """The blocks of headers of an answer, still encoded, and its data."""

    headers: list[bytes] = field(default_factory=list)
    data: bytes = b""
    ended: bool = False

    @property
    def trailers_only(self) -> bool:
        """Whether it is one block: an error without initial metadata."""
        return self.ended and len(self.headers) == 1

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


def connect(address: str) -> socket.socket:
    """A connection on which nothing is said yet."""
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=60)


def call(address: str, path: str, message: bytes) -> Answer:
    """Sends a message to "/package.Service/Method"."""
    with connect(address) as connection:
        connection.sendall(
            greeting() + request(path, prefixed(message), stream=1)
        )
        return read_answer(connection)


def greeting(settings: bytes = b"") -> bytes:
    """What a client begins with, with settings of its own."""
    return PREFACE + frame(SETTINGS, 0, 0, _NO_TABLE + _TRUE_BINARY + settings)


def request(path: str, body: bytes, stream: int) -> bytes:
    """A whole request with a body as it is."""
    return frame(HEADERS, END_HEADERS, stream, headers(path)) + frame(
        DATA, END_STREAM, stream, body
    )


def prefixed(message: bytes) -> bytes:
    """A message as gRPC frames it, not compressed."""
    return b"\0" + struct.pack(">I", len(message)) + message


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """A frame, whether or not it is allowed."""
    length = struct.pack(">I", len(payload))[1:]
    return length + struct.pack(">BBI", kind, flags, stream) + payload


def headers(path: str, changes: Mapping[str, str | None] = {}) -> bytes:
    """The encoded headers of a gRPC request.

    Args:
        changes: Headers that are other or more; None leaves one out.
    """
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": "localhost",
        "te": "trailers",
        "content-type": "application/grpc",
    }
    block = b""
    for name, value in (fields | dict(changes)).items():
        if value is not None:
            block += bytes([0, len(name)]) + name.encode()
            block += bytes([len(value)]) + value.encode()
    return block


def read_answer(connection: socket.socket) -> Answer:
    """Reads to the end of the one stream that there is."""
    answer = Answer()
    for kind, flags, _, payload in frames(connection):
        assert kind not in (RST_STREAM, GOAWAY), (kind, payload)
        if kind == DATA:
            answer.data += payload
        elif kind == HEADERS:
            answer.headers.append(payload)
        if kind in (DATA, HEADERS) and flags & END_STREAM:
            answer.ended = True
            break
    assert answer.ended, "the connection ended before the answer did"
    return answer


def frames(
    connection: socket.socket,
) -> Iterator[tuple[int, int, int, bytes]]:
    """What comes, as `read_frame` gives it, until the connection ends.

    Settings and pings are acknowledged, as the other side expects.
    """
    with connection.makefile("rb") as stream:
        while stream.peek(1):
            kind, flags, number, payload = read_frame(stream)
            if kind == SETTINGS and not flags & ACK:
                connection.sendall(frame(SETTINGS, ACK, 0, b""))
            elif kind == PING and not flags & ACK:
                connection.sendall(frame(PING, ACK, 0, payload))
            yield kind, flags, number, payload


def read_frame(stream: BinaryIO) -> tuple[int, int, int, bytes]:
    """The next frame's kind, flags, number of its stream, and payload."""
    head = stream.read(9)
    assert len(head) == 9, "the connection ended before the answer did"
    [length] = struct.unpack(">I", b"\0" + head[:3])
    kind, flags, number = struct.unpack(">BBI", head[3:])
    return kind, flags, number & 0x7FFFFFFF, stream.read(length)


def read_to_end(connection: socket.socket) -> bytes:
    """All that still comes, until the other side ends the connection.

    Raises:
        TimeoutError: It does not end it.
    """
    parts = []
    try:
        while part := connection.recv(1 << 16):
            parts.append(part)
    except ConnectionError:
        pass  # An end, too.
    return b"".join(parts)
