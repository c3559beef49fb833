# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""A client that does not read, which none of gRPC's can be."""

from __future__ import annotations

import struct

import http2

# Settings, as RFC 9113 numbers them.
_MAX_STREAMS = 3
_NO_WINDOW = struct.pack(">HI", 4, 0)


class DeafClient:
    """A connection whose answers are never read: no window opens for them.

    Headers go outside of the windows, so it learns which calls were refused.
    Ends the connection, and with it its calls, where the block ends.
    """

    def __init__(self, address: str) -> None:
        self._connection = http2.connect(address)
        self._frames = self._connection.makefile("rb")
        self._last = -1
        self._answers: dict[int, http2.Answer] = {}
        self.settings: dict[int, int] = {}
        self._connection.sendall(
            http2.greeting(_NO_WINDOW)
        )

    def __enter__(self) -> DeafClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._frames.close()
        self._connection.close()

    def open(self, path: str) -> int:
        """Begins a call of "/package.Service/Method"; returns its number."""
        self._last += 2
        head = http2.frame(
            http2.HEADERS, http2.END_HEADERS, self._last, http2.headers(path)
        )
        self._connection.sendall(head)
        return self._last

    def send(self, call: int, message: bytes, last: bool = False) -> None:
        flags = http2.END_STREAM if last else 0
        body = http2.prefixed(message)
        self._connection.sendall(http2.frame(http2.DATA, flags, call, body))

    def call(self, path: str, message: bytes) -> int:
        """A unary call, or one whose answer is a stream."""
        number = self.open(path)
        self.send(number, message, last=True)
        return number

    def await_heads(self, count: int) -> list[http2.Answer]:
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
        http2.read_to_end(self._connection)

    def _take(self) -> None:
        kind, flags, stream, payload = http2.read_frame(self._frames)
        assert kind not in (http2.RST_STREAM, http2.GOAWAY), (kind, payload)
        assert kind != http2.DATA or not payload, "more than the window lets in"
        if kind == http2.SETTINGS and not flags & http2.ACK:
            for key, value in struct.iter_unpack(">HI", payload):
                self.settings[key] = value
            heard = http2.frame(http2.SETTINGS, http2.ACK, 0, b"")
            self._connection.sendall(heard)
        elif kind == http2.HEADERS:
            answer = self._answers.setdefault(stream, http2.Answer())
            answer.headers.append(payload)
            answer.ended = bool(flags & http2.END_STREAM)
