# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Connections that are no good HTTP/2, or no good gRPC over it.

Each of ATTACKS speaks to a server and returns when the server has ended the
connection; it raises TimeoutError where the server does not. What is sent is
drawn by dice, so that a seed says it again.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterable

import http2
from http2 import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PING,
    PREFACE,
    PRIORITY,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    frame,
)

from strata.v1 import hidden_state_service_pb2 as service_pb2

ENCODE = "/strata.v1.HiddenStateService/Encode"
_HEADERS = http2.headers(ENCODE)
# A request that names no model: a server of one answers it.
MESSAGE = service_pb2.EncodeRequest(
    inputs=[service_pb2.Input(text="hi")]
).SerializeToString()

Bytes = Callable[[random.Random], Iterable[bytes]]


def _opened(*frames: bytes) -> Bytes:
    """After a good beginning."""
    return lambda dice: [http2.greeting(), *frames]


def _body(body: bytes, **changes: str) -> Bytes:
    """A request with good headers and this body."""
    return _opened(
        frame(HEADERS, END_HEADERS, 1, http2.headers(ENCODE, changes)),
        frame(DATA, END_STREAM, 1, body),
    )


def _random_bytes(dice: random.Random) -> Iterable[bytes]:
    yield dice.randbytes(dice.randint(1, 5000))


def _random_frames(dice: random.Random) -> Iterable[bytes]:
    yield http2.greeting()
    for _ in range(dice.randint(1, 50)):
        yield frame(
            dice.randrange(12),
            dice.randrange(256),
            dice.choice((0, 1, 2, 3, 5, 0x7FFFFFFF, 0xFFFFFFFF)),
            dice.randbytes(dice.choice((0, 1, 4, 5, 6, 8, 9, 100))),
        )


def mutated(dice: random.Random) -> Iterable[bytes]:
    """A good conversation of which some bytes are others."""
    good = bytearray(
        http2.greeting()
        + http2.request(ENCODE, http2.prefixed(MESSAGE), stream=1)
        + frame(PING, 0, 0, bytes(8))
        + http2.request(ENCODE, http2.prefixed(MESSAGE), stream=3)
    )
    for _ in range(dice.choice((1, 1, 1, 2, 5, 20))):
        at = dice.randrange(len(good))
        kind = dice.randrange(4)
        if kind == 0:
            good[at] ^= 1 << dice.randrange(8)
        elif kind == 1:
            good[at] = dice.randrange(256)
        elif kind == 2:
            del good[at : at + dice.randint(1, 9)]
        else:
            good[at:at] = dice.randbytes(dice.randint(1, 9))
    yield bytes(good)


def _rapid_reset(dice: random.Random) -> Iterable[bytes]:
    yield http2.greeting()
    for stream in range(1, 4001, 2):
        yield http2.request(ENCODE, http2.prefixed(MESSAGE), stream)
        yield frame(RST_STREAM, 0, stream, struct.pack(">I", 8))


def _flood(one: bytes, count: int) -> Bytes:
    return lambda dice: [http2.greeting(), *([one * 100] * (count // 100))]


def _continuations(dice: random.Random) -> Iterable[bytes]:
    """A block of headers that has no end."""
    yield http2.greeting()
    yield frame(HEADERS, 0, 1, _HEADERS)
    name = b"\0\x03abc\x7f\x81\x7f" + b"x" * 256
    for _ in range(1000):
        yield frame(CONTINUATION, 0, 1, name * 60)


def _setting(key: int, value: int) -> bytes:
    return frame(SETTINGS, 0, 0, struct.pack(">HI", key, value))


def _headers(block: bytes, stream: int = 1) -> Bytes:
    return _opened(frame(HEADERS, END_HEADERS | END_STREAM, stream, block))


_LARGE = b"\0" + struct.pack(">I", (64 << 20) + 1)

# What is sent; the client says then that it sends no more.
_SENT: dict[str, Bytes] = {
    "nothing": lambda dice: [],
    "half a preface": lambda dice: [PREFACE[:11]],
    "HTTP/1.1": lambda dice: [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"],
    "a wrong preface": lambda dice: [PREFACE.replace(b"2.0", b"3.0")],
    "no settings": lambda dice: [
        PREFACE, http2.request(ENCODE, http2.prefixed(MESSAGE), 1)
    ],
    "random bytes": _random_bytes,
    "random frames": _random_frames,
    "a mutated conversation": mutated,
    "a frame above the largest": _opened(
        frame(HEADERS, END_HEADERS, 1, _HEADERS),
        frame(DATA, 0, 1, bytes((1 << 24) - 1)),
    ),
    "half a frame": _opened(frame(HEADERS, END_HEADERS, 1, _HEADERS)[:20]),
    "data on stream 0": _opened(frame(DATA, 0, 0, b"data")),
    "headers on stream 0": _headers(_HEADERS, 0),
    "headers on an even stream": _headers(_HEADERS, 2),
    "data on a stream that is idle": _opened(frame(DATA, 0, 7, b"data")),
    "a reset of a stream that is idle": _opened(
        frame(RST_STREAM, 0, 7, struct.pack(">I", 8))
    ),
    "streams out of order": _opened(
        frame(HEADERS, END_HEADERS, 5, _HEADERS),
        frame(HEADERS, END_HEADERS, 3, _HEADERS),
    ),
    "HPACK of an unknown index": _headers(b"\xff\xff\xff\xff\x07"),
    "HPACK of index 0": _headers(b"\x80"),
    "HPACK of a length beyond the block": _headers(b"\0\x7f\xff\xff\x7fab"),
    "HPACK of no Huffman code": _headers(b"\0\x84\xff\xff\xff\xff\x01x"),
    "an endless integer in HPACK": _headers(b"\xff" * 200),
    "no path": _headers(http2.headers(ENCODE, {":path": None})),
    "a header in capitals": _headers(http2.headers(ENCODE, {"ABC": "x"})),
    "no pseudo headers": _headers(b"\0\x02te\x08trailers"),
    "padding beyond the frame": _opened(frame(DATA, 8, 1, b"\xffab")),
    "a stream that depends on itself": _opened(
        frame(PRIORITY, 0, 1, struct.pack(">IB", 1, 0))
    ),
    "settings of 5 bytes": _opened(frame(SETTINGS, 0, 0, bytes(5))),
    "an acknowledgement that holds settings": _opened(
        frame(SETTINGS, ACK, 0, bytes(6))
    ),
    "a window above the largest": _opened(_setting(4, 1 << 31)),
    "a frame size below the smallest": _opened(_setting(5, 1)),
    "a window update of 0": _opened(frame(WINDOW_UPDATE, 0, 0, bytes(4))),
    "a window that overflows": _opened(
        *[frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", (1 << 31) - 1))] * 3
    ),
    "a goaway, and a request": _opened(
        frame(GOAWAY, 0, 0, bytes(8)),
        http2.request(ENCODE, http2.prefixed(MESSAGE), 1),
    ),
    "a frame of an unknown type": _opened(frame(0xEE, 0xFF, 9, b"x" * 99)),
    "a flood of resets": _rapid_reset,
    "a flood of pings": _flood(frame(PING, 0, 0, bytes(8)), 20_000),
    "a flood of settings": _flood(_setting(3, 100), 20_000),
    "a flood of empty frames": _flood(
        frame(DATA, 0, 1, b""), 20_000
    ),
    "a flood of priorities": _flood(
        frame(PRIORITY, 0, 1, struct.pack(">IB", 3, 0)), 20_000
    ),
    "a flood of continuations": _continuations,
    "a message above the limit": _body(_LARGE + bytes(100)),
    "half a message": _body(http2.prefixed(MESSAGE)[:-3]),
    "half a length": _body(b"\0\0\0"),
    "bytes after the message": _body(http2.prefixed(MESSAGE) + b"\0\0\0"),
    "two messages": _body(http2.prefixed(MESSAGE) * 2),
    "no message": _body(b""),
    "compressed, it does not say how": _body(b"\1" + bytes(3) + b"\1x"),
    "compressed, but not as it says": _body(
        b"\1" + bytes(3) + b"\x04abcd", **{"grpc-encoding": "gzip"}
    ),
    "a flag that is none": _body(b"\x40" + bytes(4)),
    "a bad timeout": _body(
        http2.prefixed(MESSAGE), **{"grpc-timeout": "99999999999999999S"}
    ),
    "not gRPC": _body(b"{}", **{"content-type": "application/json"}),
}


def _attack(sent: Bytes) -> Callable[[str, random.Random], bytes]:
    def attack(address: str, dice: random.Random) -> bytes:
        with http2.connect(address) as connection:
            try:
                for part in sent(dice):
                    connection.sendall(part)
                connection.shutdown(1)  # SHUT_WR
            except OSError as error:
                if isinstance(error, TimeoutError):
                    raise
                # It has ended the connection in the middle of it.
            return http2.read_to_end(connection)

    return attack


ATTACKS: dict[str, Callable[[str, random.Random], bytes]] = {
    name: _attack(sent) for name, sent in _SENT.items()
}
"""By what is wrong: attack(address, dice); returns what the server said."""
