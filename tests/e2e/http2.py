# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""gRPC calls over a bare socket, for what gRPC's clients do not show.

gRPC keeps load reports to its balancers, does not tell an error that came with
initial metadata from one that came without, and reads whatever comes.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field
from typing import BinaryIO

_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _GOAWAY = 0, 1, 3, 4, 7
_END_STREAM, _END_HEADERS, _ACK = 1, 4, 1
# Nothing is kept in a table, and binary metadata comes as it is.
_NO_TABLE = struct.pack(">HI", 1, 0)
_TRUE_BINARY = struct.pack(">HI", 0xFE03, 1)
_NO_WINDOW = struct.pack(">HI", 4, 0)
_MAX_STREAMS = 3
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


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


def call(address: str, path: str, message: bytes) -> Answer:
    """Sends a message to "/package.Service/Method"."""
    with _connect(address) as connection:
        connection.sendall(
            _PREFACE
            + _frame(_SETTINGS, 0, 0, _NO_TABLE + _TRUE_BINARY)
            + _frame(_HEADERS, _END_HEADERS, 1, _request_headers(address, path))
            + _message(1, message, _END_STREAM)
        )
        return _read(connection)


class DeafClient:
    """A connection whose answers are never read: no window opens for them.

    Headers go outside of the windows, so it learns which calls were refused.
    Ends the connection, and with it its calls, where the block ends.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._connection = _connect(address)
        self._frames = self._connection.makefile("rb")
        self._last = -1
        self._answers: dict[int, Answer] = {}
        self.settings: dict[int, int] = {}
        self._connection.sendall(
            _PREFACE
            + _frame(_SETTINGS, 0, 0, _NO_TABLE + _TRUE_BINARY + _NO_WINDOW)
        )

    def __enter__(self) -> DeafClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._frames.close()
        self._connection.close()

    def open(self, path: str) -> int:
        """Begins a call of "/package.Service/Method"; returns its number."""
        self._last += 2
        headers = _request_headers(self._address, path)
        self._connection.sendall(
            _frame(_HEADERS, _END_HEADERS, self._last, headers)
        )
        return self._last

    def send(self, call: int, message: bytes, last: bool = False) -> None:
        flags = _END_STREAM if last else 0
        self._connection.sendall(_message(call, message, flags))

    def call(self, path: str, message: bytes) -> int:
        """A unary call, or one whose answer is a stream."""
        number = self.open(path)
        self.send(number, message, last=True)
        return number

    def await_heads(self, count: int) -> list[Answer]:
        """The answers, once so many calls have the first block of headers.

        Those that were refused are "trailers_only" then.
        """
        while len(self._answers) < count:
            self._take()
        return list(self._answers.values())

    def await_max_streams(self) -> int:
        """The calls that the server lets one connection have open."""
        while _MAX_STREAMS not in self.settings:
            self._take()
        return self.settings[_MAX_STREAMS]

    def await_end(self) -> None:
        """Returns once the server has ended the connection."""
        try:
            while self._frames.read(4096):
                pass
        except ConnectionResetError:
            pass

    def _take(self) -> None:
        kind, flags, stream, payload = _take_frame(self._frames)
        assert kind not in (_RST_STREAM, _GOAWAY), (kind, payload)
        assert kind != _DATA or not payload, "more than the window lets in"
        if kind == _SETTINGS and not flags & _ACK:
            for key, value in struct.iter_unpack(">HI", payload):
                self.settings[key] = value
            self._connection.sendall(_frame(_SETTINGS, _ACK, 0, b""))
        elif kind == _HEADERS:
            answer = self._answers.setdefault(stream, Answer())
            answer.headers.append(payload)
            answer.ended = bool(flags & _END_STREAM)


def _connect(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=60)


def _message(stream: int, message: bytes, flags: int) -> bytes:
    head = b"\0" + struct.pack(">I", len(message))
    return _frame(_DATA, flags, stream, head + message)


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
        kind, flags, _, payload = _take_frame(stream)
        assert kind not in (_RST_STREAM, _GOAWAY), (kind, payload)
        if kind == _SETTINGS and not flags & _ACK:
            connection.sendall(_frame(_SETTINGS, _ACK, 0, b""))
        elif kind == _DATA:
            answer.data += payload
        elif kind == _HEADERS:
            answer.headers.append(payload)
        if kind in (_DATA, _HEADERS) and flags & _END_STREAM:
            answer.ended = True
            return answer


def _take_frame(stream: BinaryIO) -> tuple[int, int, int, bytes]:
    """The next frame's kind, flags, number of its stream, and payload."""
    head = stream.read(9)
    assert len(head) == 9, "the connection ended before the answer did"
    [length] = struct.unpack(">I", b"\0" + head[:3])
    kind, flags, number = struct.unpack(">BBI", head[3:])
    return kind, flags, number & 0x7FFFFFFF, stream.read(length)
