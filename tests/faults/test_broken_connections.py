# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Connections that are slow, break, or go silent in the middle of an answer.

A call over one ends with the right answer, or with an error whose code tells
the caller to try again: never with a part of the answer taken for the whole.
"""

import random
from concurrent import futures

import alone
import calls
import grpc
import harm
import numpy as np
import pytest
import wire
from proxy import BREAKING, Fault, Proxy, roll

import strata

# Three megabytes: the answer is under way for a while.
INPUTS = [[20 + i] * 500 for i in range(4)]
LAYERS = range(3)

CALLS = ["Encode", "EncodeChunks", "EncodeStream"]
SLOW = [
    Fault("none"),
    Fault("delay", seconds=0.02),
    # Longer than a client may be silent: it is slow, and not gone.
    Fault("throttle", rate=4e5),
]
RETRIED = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
}


def call(address, rpc, timeout=60, *options):
    """The hidden states of each input."""
    request = strata.Client.encode_request(INPUTS, layers=LAYERS)
    with calls.connect(address, *options) as channel:
        called = calls.Call(channel, timeout)
        if rpc == "EncodeStream":
            [answer] = called.stream([request])
            encodings = answer.encodings
        elif rpc == "EncodeChunks":
            encodings = called.chunks(request)
        else:
            encodings = called.unary(request)
        return [encoding.hidden_states for encoding in encodings]


@pytest.fixture(scope="module")
def golden(server):
    return call(server.address, "Encode")


def assert_golden(answers, golden):
    assert len(answers) == len(golden)
    for answer, expected in zip(answers, golden, strict=True):
        assert alone.worst_error(answer, expected) <= harm.TOLERANCE


@pytest.mark.parametrize("fault", SLOW, ids=lambda fault: fault.kind)
@pytest.mark.parametrize("rpc", CALLS)
def test_a_slow_connection_is_only_slow(server, golden, rpc, fault):
    with harm.unharmed(server):
        cancelled = wire.metric(server, harm.CANCELLED)
        with Proxy(server.address, fault) as proxy:
            assert_golden(call(proxy.address, rpc), golden)
        assert wire.metric(server, harm.CANCELLED) == cancelled


@pytest.mark.parametrize("after", [0, 100_000], ids=["at once", "in mid-frame"])
@pytest.mark.parametrize("kind", BREAKING)
@pytest.mark.parametrize("rpc", CALLS)
def test_a_connection_that_breaks(server, golden, rpc, kind, after):
    # A silence is told from slowness by a deadline only.
    silent = kind == "black-hole"
    timeout = 5 if silent else 60
    with harm.unharmed(server) as answer:
        cancelled = wire.metric(server, harm.CANCELLED)
        with (
            Proxy(server.address, Fault(kind, after=after)) as proxy,
            futures.ThreadPoolExecutor() as pool,
        ):
            broken = pool.submit(
                call, proxy.address, rpc, timeout, *calls.SMALL_WINDOW
            )
            # Nobody else notices.
            np.testing.assert_allclose(
                harm.ask(server), answer, rtol=1e-4, atol=1e-5
            )
            with pytest.raises(strata.StrataError) as raised:
                broken.result()
        assert raised.value.code in RETRIED, raised.value
        if not silent:
            assert raised.value.code is grpc.StatusCode.UNAVAILABLE
        if after and rpc != "Encode":
            # Who looks at the metrics sees a call that broke off;
            # one answer is the network's as soon as it is there.
            wire.wait_until(
                lambda: wire.metric(server, harm.CANCELLED) == cancelled + 1,
                "the broken call is counted",
            )


def test_the_end_of_requests_is_not_the_end_of_the_call(server, golden):
    """A client that has half-closed its stream still gets its answers."""
    with harm.unharmed(server):
        assert_golden(call(server.address, "EncodeStream"), golden)


@pytest.mark.parametrize("seed", range(3))
def test_faults_as_dice_fall(server, golden, seed):
    """Many connections, each with a fault of its own: some calls succeed."""
    dice = random.Random(seed)
    with harm.unharmed(server):
        with (
            Proxy(server.address, lambda: roll(dice)) as proxy,
            futures.ThreadPoolExecutor(8) as pool,
        ):
            asked = [
                pool.submit(call, proxy.address, rpc, 20)
                for _ in range(8)
                for rpc in CALLS
            ]
        answered = 0
        for done in asked:
            error = done.exception()
            if error is None:
                assert_golden(done.result(), golden)
                answered += 1
            else:
                assert isinstance(error, strata.StrataError), error
                assert error.code in RETRIED, error
        assert 0 < answered < len(asked)
