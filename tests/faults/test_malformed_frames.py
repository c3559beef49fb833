# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Connections that are no good HTTP/2, and floods of frames that are.

How gRPC answers each is gRPC's own; here: it ends the connection in time,
others are served, and nothing is kept.
"""

import contextlib
import pathlib
import random
import re
import struct

import frames
import harm
import http2
import pytest
import wire

MUTATIONS = 400
IDLE = 3000


@pytest.mark.parametrize("name", sorted(frames.ATTACKS))
def test_a_connection_that_says(server, name):
    with harm.unharmed(server):
        # Raises TimeoutError where the server does not end the connection.
        frames.ATTACKS[name](server.address, random.Random(1))


def test_seeded_mutations_of_a_good_conversation(server):
    attack = frames.ATTACKS["a mutated conversation"]
    with harm.unharmed(server):
        for seed in range(MUTATIONS):
            attack(server.address, random.Random(seed))


def test_the_good_conversation_is_good(server):
    """What the mutations begin with, so that they change something."""
    path, message = frames.ENCODE, frames.MESSAGE
    with harm.unharmed(server), http2.connect(server.address) as connection:
        connection.sendall(
            http2.greeting()
            + http2.request(path, http2.prefixed(message), stream=1)
        )
        answer = http2.read_answer(connection)
        assert answer.trailer("grpc-status") == b"0" and answer.data


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("a message above the limit", b"8"),
        ("half a message", b"13"),
        ("half a length", b"13"),
        ("compressed, it does not say how", b"13"),
        ("compressed, but not as it says", b"13"),
    ],
)
def test_a_message_that_gRPC_cannot_read_is_refused(server, name, status):
    """Never handed on as if it were whole: no answer, an error's status."""
    with harm.unharmed(server):
        served = harm.requests(server, "OK")
        said = frames.ATTACKS[name](server.address, random.Random(1))
        assert not answers_of(said), "it was answered"
        assert harm.requests(server, "OK") == served
        # Some are a status, the others a reset of the stream.
        assert b"grpc-status\x01" + status in said or resets_of(said)


def frames_of(said):
    """Type, flags, stream and payload of each frame."""
    at = 0
    while at + 9 <= len(said):
        [size] = struct.unpack(">I", b"\0" + said[at : at + 3])
        yield said[at + 3], said[at + 4], said[at + 9 : at + 9 + size]
        at += 9 + size


def answers_of(said):
    return [x for kind, _, x in frames_of(said) if kind == http2.DATA and x]


def resets_of(said):
    return [x for kind, _, x in frames_of(said) if kind == http2.RST_STREAM]


def test_a_flood_of_resets_costs_no_compute(server):
    """Rapid reset: each request is cancelled as soon as it has come."""
    with harm.unharmed(server):
        computed = wire.metric(server, 'strata_pieces_total{model="m"}')
        for seed in range(3):
            frames.ATTACKS["a flood of resets"](
                server.address, random.Random(seed)
            )
        wire.wait_until(
            lambda: wire.metric(server, harm.IN_FLIGHT) == 0, "all have left"
        )
        # 6,000 requests were sent, of a piece or more each.
        more = wire.metric(server, 'strata_pieces_total{model="m"}') - computed
        assert more < 6000
        assert wire.metric(server, harm.CANCELLED) > 0


def test_thousands_of_idle_connections(server):
    """Each costs a descriptor and some memory, until it ends."""
    with harm.unharmed(server) as answer, contextlib.ExitStack() as stack:
        before = wire.metric(server, harm.DESCRIPTORS)
        for _ in range(IDLE):
            connection = stack.enter_context(http2.connect(server.address))
            connection.sendall(http2.greeting())
        wire.wait_until(
            lambda: wire.metric(server, harm.DESCRIPTORS) >= before + IDLE,
            "the metrics tell of them",
        )
        assert abs(harm.ask(server) - answer).max() < 1e-4


def test_the_server_may_open_as_many_as_the_host_allows(server):
    """Not only what shells are given: gRPC would listen no more without one."""
    [limit] = re.findall(
        r"^Max open files +\d+ +(\d+) ",
        pathlib.Path(f"/proc/{server.pid}/limits").read_text(),
        re.MULTILINE,
    )
    assert wire.metric(server, "process_max_fds") == float(limit)


def test_silence_where_a_greeting_was_expected(server):
    """Held no longer than gRPC's time for a handshake, or the client likes."""
    with harm.unharmed(server):
        silent = [http2.connect(server.address) for _ in range(50)]
        half = [http2.connect(server.address) for _ in range(50)]
        for connection in half:
            connection.sendall(http2.PREFACE[:10])
        for connection in silent + half:
            connection.close()
