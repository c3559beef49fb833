# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""A server that is asked for more than it can do: what it says, and to whom."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import threading

import grpc
import pytest
import wire
from bearer import entry
from deaf import DeafClient
from grpc_health.v1 import health_pb2, health_pb2_grpc

import strata

HERE = pathlib.Path(__file__).resolve().parent
WATCH = "/grpc.health.v1.Health/Watch"
FULL = 'strata_rejections_total{reason="SERVER_FULL"}'
SERVING = health_pb2.HealthCheckResponse.SERVING

PROCESSES = 3
THREADS = 8
CHECKS = 200
REFUSALS = 500


@contextlib.contextmanager
def flood(address: str, processes: int, threads: int, *token: str):
    """Asks `address` while the block runs; fills a list with the tallies."""
    tallies: list[dict] = []
    path = os.pathsep.join(x for x in sys.path if x)
    running = [
        subprocess.Popen(
            [sys.executable, HERE / "flood.py", address, str(threads), *token],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": path},
            text=True,
        )
        for _ in range(processes)
    ]
    try:
        yield tallies
    finally:
        for process in running:
            process.stdin.close()
        for process in running:
            tallies.append(json.loads(process.stdout.read() or "{}"))
            process.stdout.close()
            process.wait(120)


def test_health_does_not_suffer(serve, small):
    flags = ["--max-requests=6", "--max-waiting-pieces=2048"]
    with serve(small, *flags) as server, contextlib.ExitStack() as stack:
        channel = stack.enter_context(grpc.insecure_channel(server.address))
        health = health_pb2_grpc.HealthStub(channel)
        watch = health.Watch(health_pb2.HealthCheckRequest(service="m"))
        told = []
        watcher = threading.Thread(target=lambda: follow(watch, told))
        watcher.start()
        with flood(server.address, PROCESSES, THREADS) as tallies:
            wire.wait_until(
                lambda: FULL in wire.scrape(server), "the first refusal"
            )
            checked = 0
            while checked < CHECKS or wire.metric(server, FULL) < REFUSALS:
                for service in ("", "m"):
                    # Each within the deadline, which is all that a probe asks.
                    answer = health.Check(
                        health_pb2.HealthCheckRequest(service=service),
                        timeout=30,
                    )
                    assert answer.status == SERVING
                    checked += 1
        watch.cancel()
        watcher.join()
        assert told == [SERVING]
        assert_refused_well(tallies)
        with strata.Client(server.address, timeout=120, retries=0) as client:
            assert client.encode(["A text."])[0].piece_count > 0
        assert wire.metric(server, "strata_in_flight_requests") == 0
        wire.wait_until(
            lambda: wire.metric(server, "strata_unsent_reply_bytes") == 0
        )


def follow(watch, told: list) -> None:
    with contextlib.suppress(grpc.RpcError):
        for answer in watch:
            told.append(answer.status)


def assert_refused_well(tallies: list[dict]) -> None:
    """What callers were told: full, and when to come again; or an answer."""
    assert len(tallies) == PROCESSES
    for tally in tallies:
        assert set(tally["codes"]) == {"OK", "RESOURCE_EXHAUSTED"}
        assert tally["codes"]["OK"] > 0
        assert set(tally["reasons"]) == {"SERVER_FULL"}
        assert tally["without_retry"] == 0
        assert 0 < tally["least_retry"] <= tally["most_retry"] <= 10


def test_the_flood_of_one_leaves_room_for_the_others(serve, small, tmp_path):
    """Each call of another is answered, of whatever kind."""
    tokens = {"flood": "flood-4f1c0c9d2b", "calm": "calm-77aa01be95"}
    file = tmp_path / "tokens.json"
    file.write_text(
        json.dumps([entry(*named, "read") for named in tokens.items()])
    )
    flags = [
        f"--tokens={file}",
        "--tokens-on-plaintext=on",
        "--max-requests=8",
        "--max-client-share=50",
    ]
    with serve(small, *flags) as server:
        calm = strata.Client(
            server.address, timeout=120, token=tokens["calm"], retries=0
        )
        with calm, flood(server.address, 2, 12, tokens["flood"]):
            wire.wait_until(
                lambda: FULL in wire.scrape(server), "the first refusal"
            )
            before = wire.metric(server, FULL)
            for _ in range(40):
                assert calm.encode(["A text."])[0].error is None
                assert calm.encode(["A text."], in_parts=True)[0].error is None
                assert calm.tokenize(["A text."])
                request = calm.encode_request(["A text."])
                [answer] = calm.encode_stream([request])
                assert answer.error is None
            # All the while the other was asking for more than its share.
            assert wire.metric(server, FULL) > before


STREAMS = 3


def test_a_connection_has_so_many_calls_open_and_no_more(serve, small):
    """The client's gRPC holds back what is more, until there is room."""
    with serve(small, f"--max-streams={STREAMS}") as server:
        with grpc.insecure_channel(server.address) as channel:
            health = health_pb2_grpc.HealthStub(channel)
            request = health_pb2.HealthCheckRequest(service="m")
            watches = [health.Watch(request) for _ in range(STREAMS)]
            for watch in watches:
                assert next(watch).status == SERVING
            check = health.Check.future(request, timeout=120)
            # Of others, who have a connection of their own, many are answered
            # meanwhile.
            with strata.Client(
                server.address, timeout=120, retries=0
            ) as client:
                for _ in range(20):
                    client.encode(["A text."], pooling="mean")
            with pytest.raises(grpc.FutureTimeoutError):
                check.result(timeout=1)
            watches[0].cancel()
            assert check.result(timeout=120).status == SERVING


def test_a_client_that_opens_more_calls_loses_its_connection(serve, small):
    with serve(small, f"--max-streams={STREAMS}") as server:
        message = health_pb2.HealthCheckRequest(service="m")
        with DeafClient(server.address) as rude:
            assert rude.await_max_streams() == STREAMS
            for _ in range(STREAMS):
                rude.call(WATCH, message.SerializeToString())
            rude.await_heads(STREAMS)
            rude.call(WATCH, message.SerializeToString())
            rude.await_end()
        with strata.Client(server.address, timeout=120, retries=0) as client:
            assert client.encode(["A text."])[0].piece_count > 0
