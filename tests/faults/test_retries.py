# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What the Python clients make of what breaks: the right answers, each once."""

import asyncio
import random
import threading
from concurrent import futures

import harm
import numpy as np
import pytest
import wire
from proxy import Fault, Proxy, roll

import strata

REQUESTS = 60
LAYERS = range(3)
# Breaks follow each other faster than one would wait for by default, and a
# server takes long to start on a busy machine.
PATIENT = strata.RetryPolicy(max_attempts=600, max_backoff=0.5)


def inputs_of(index: int) -> list[list[int]]:
    """No two alike, and of other lengths."""
    return [[20 + index] * (20 + index * 37 % 400)]


def requests():
    for index in range(REQUESTS):
        yield strata.Client.encode_request(inputs_of(index), layers=LAYERS)


def stream_sync(address, on_answer):
    with strata.Client(address, retries=PATIENT) as client:
        answers = []
        for answer in client.encode_stream(requests()):
            answers.append(answer)
            on_answer(len(answers))
        return answers


def stream_asyncio(address, on_answer):
    async def collect():
        async with strata.AsyncClient(address, retries=PATIENT) as client:
            answers = []
            async for answer in client.encode_stream(requests()):
                answers.append(answer)
                on_answer(len(answers))
            return answers

    return asyncio.run(collect())


both = pytest.mark.parametrize("stream", [stream_sync, stream_asyncio])


@pytest.fixture(scope="module")
def golden(server):
    with strata.Client(server.address, timeout=120) as client:
        return [
            client.encode(inputs_of(i), layers=LAYERS)[0].hidden_states
            for i in range(REQUESTS)
        ]


def assert_golden(answers, golden):
    assert sorted(answer.index for answer in answers) == list(range(REQUESTS))
    for answer in answers:
        [encoding] = answer.encodings
        np.testing.assert_allclose(
            encoding.hidden_states,
            golden[answer.index],
            rtol=1e-4,
            atol=1e-5,
        )


@both
@pytest.mark.parametrize("kind", ["reset", "cut", "half-close"])
def test_a_stream_survives_its_connection(server, golden, stream, kind):
    struck = []
    with Proxy(server.address) as proxy:

        def on_answer(count):
            if count in (1, 10, 11, 40):
                proxy.strike(kind)
                struck.append(count)

        assert_golden(stream(proxy.address, on_answer), golden)
    assert len(struck) == 4


@both
def test_a_stream_through_faults_as_dice_fall(server, golden, stream):
    dice = random.Random(7)

    def fault():
        rolled = roll(dice)
        # A silence ends when keepalive is out of patience: a minute.
        return Fault() if rolled.kind in ("black-hole", "hang-up") else rolled

    with Proxy(server.address, fault) as proxy:
        assert_golden(stream(proxy.address, lambda count: None), golden)


@both
def test_a_stream_survives_a_restart(serve, small, golden, stream):
    # Few are under way when it stops: the others are the second server's.
    flag = "--max-stream-requests=4"
    finished = threading.Event()
    with serve(small, flag) as first, futures.ThreadPoolExecutor(1) as pool:

        def restart():
            first.stop()
            # A server ends with the thread that started it.
            with serve(small, flag, f"--listen={first.address}") as second:
                finished.wait()
                return harm.requests(second, "OK")

        restarts = []

        def on_answer(count):
            if count == 5:
                restarts.append(pool.submit(restart))

        try:
            assert_golden(stream(first.address, on_answer), golden)
        finally:
            finished.set()
        assert restarts[0].result() > 0


@both
def test_a_stream_moves_on_when_it_is_asked_to(serve, small, golden, stream):
    """Its connection is as old as it may be after a second."""
    # Of what is under way then, it still gets the answers: not of all.
    flags = ["--max-connection-age=1s", "--max-stream-requests=4"]
    with serve(small, *flags) as server:
        with Proxy(server.address, Fault("throttle", rate=1.6e6)) as proxy:
            assert_golden(stream(proxy.address, lambda count: None), golden)
            assert proxy.accepted > 1


@pytest.mark.parametrize("in_parts", [False, True])
def test_a_call_is_made_again(server, golden, in_parts):
    """Each connection breaks in the middle of the answer, but the third."""
    faults = iter([Fault("reset", 30_000), Fault("cut", 30_000)])
    with harm.unharmed(server):
        with Proxy(server.address, lambda: next(faults, Fault())) as proxy:
            with strata.Client(proxy.address, retries=PATIENT) as client:
                [encoding] = client.encode(
                    inputs_of(1), layers=LAYERS, in_parts=in_parts
                )
            assert next(faults, None) is None
    np.testing.assert_allclose(
        encoding.hidden_states, golden[1], rtol=1e-4, atol=1e-5
    )


def test_a_full_server_is_asked_again(serve, small):
    """Of many at once, each is served in the end."""
    with serve(small, "--max-requests=1", "--max-client-share=100") as server:
        policy = strata.RetryPolicy(max_attempts=1000)

        async def ask(client, index):
            [encoding] = await client.encode([[1 + index] * 300])
            return encoding.piece_count

        async def ask_all():
            async with strata.AsyncClient(
                server.address, timeout=300, retries=policy
            ) as client:
                asked = (ask(client, index) for index in range(16))
                return await asyncio.gather(*asked)

        assert asyncio.run(ask_all()) == [300] * 16
        series = 'strata_rejections_total{reason="SERVER_FULL"}'
        assert wire.metric(server, series) > 0
