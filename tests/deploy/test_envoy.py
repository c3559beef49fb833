# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Envoy with deploy/envoy/strata.yaml: who is asked, how often, for how long.

In front of servers whose answers the tests write; test_envoy_servers.py has real
ones behind it.
"""

from __future__ import annotations

import contextlib
import struct
import threading
import time
from collections.abc import Callable, Iterator

import fake_server
import grpc
import pages
import proxied
import pytest
import wire
from grpc_health.v1 import health_pb2
from toolchain import run

from strata.v1 import hidden_state_service_pb2 as service_pb2

CODES = [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK]


class Upstream(fake_server.FakeServer):
    """Serves every call with what `encode` returns, or in its status.

    Counts the calls; its health is SERVING.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.left: list[float] = []
        self.trailers: list[tuple[str, bytes | str]] = []
        self.encode: Callable[[], grpc.StatusCode | None] = lambda: None
        self._lock = threading.Lock()

    def Check(self, request, context):
        return health_pb2.HealthCheckResponse(status="SERVING")

    def Encode(self, request, context):
        with self._lock:
            self.calls += 1
            self.left.append(context.time_remaining())
        code = self.encode()
        context.set_trailing_metadata(self.trailers)
        if code is not None:
            context.abort(code, "as the test says")
        return service_pb2.EncodeResponse(model="m")


@contextlib.contextmanager
def behind_envoy(folder, *changes) -> Iterator[tuple]:
    """Envoy in front of two upstreams: it, a method to call, the upstreams."""
    upstreams = Upstream(), Upstream()
    with contextlib.ExitStack() as stack:
        served = [fake_server.serving(x, workers=64) for x in upstreams]
        addresses = [stack.enter_context(one) for one in served]
        envoy = stack.enter_context(
            proxied.envoy(folder, addresses, *changes)
        )
        channel = stack.enter_context(grpc.insecure_channel(envoy.address))
        encode = channel.unary_unary(wire.HIDDEN_STATES + "Encode")

        def call(timeout: float | None = 60) -> grpc.StatusCode:
            try:
                encode(b"", timeout=timeout)
            except grpc.RpcError as error:
                return error.code()
            return grpc.StatusCode.OK

        yield envoy, call, upstreams, addresses


def fail_once(upstreams, code: grpc.StatusCode) -> None:
    """Has the first call that reaches any of them end with a code."""
    failing = [code]
    for upstream in upstreams:
        upstream.calls = 0
        upstream.encode = lambda: failing.pop() if failing else None


def test_the_pages_command_starts_envoy():
    """As it is, but that it validates the file instead of listening."""
    proxied.write_descriptors()
    code = pages.block(proxied.PAGE, "sh", "envoy -c").code
    generate, start = code.splitlines()
    assert generate.split()[:2] == [
        "build/python-environment/bin/python",
        "deploy/generate_descriptors.py",
    ]
    assert "deploy/envoy/strata.yaml' OK" in run(
        *start.split(), "--mode", "validate"
    )


def test_requests_of_one_connection_are_shared_out(tmp_path):
    with behind_envoy(tmp_path) as (_, call, upstreams, _):
        for _ in range(60):
            assert call() is grpc.StatusCode.OK
        calls = [upstream.calls for upstream in upstreams]
    assert sum(calls) == 60
    assert min(calls) >= 10


def test_the_one_with_fewer_under_way_is_asked(tmp_path):
    free = threading.Event()
    with behind_envoy(tmp_path) as (_, call, (slow, fast), _):
        slow.encode = lambda: free.wait(60) and None
        held = []
        while slow.calls < 5:
            held.append(threading.Thread(target=call))
            held[-1].start()
            wire.wait_until(lambda: slow.calls + fast.calls == len(held))
        before = fast.calls
        for _ in range(60):
            call(timeout=0.2)
        # One in 16 goes wrong; of two that chance picks it would be one in four.
        assert fast.calls - before >= 48
        free.set()
        for thread in held:
            thread.join()


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_what_is_retried(shared, code):
    """On the other server, and only what the API calls worth a retry."""
    _, call, upstreams, _ = shared
    fail_once(upstreams, code)
    ended = call()
    calls = [upstream.calls for upstream in upstreams]
    if code is grpc.StatusCode.UNAVAILABLE:
        assert (ended, calls) == (grpc.StatusCode.OK, [1, 1])
    else:
        assert ended is code
        assert sum(calls) == 1


def test_a_full_server_that_says_when_to_come_back(tmp_path):
    """Its request is taken to another; there is none to go to after that."""
    full = grpc.StatusCode.RESOURCE_EXHAUSTED
    with behind_envoy(tmp_path) as (_, call, upstreams, _):
        for upstream in upstreams:
            upstream.trailers = [("grpc-retry-pushback-ms", "1200")]
        fail_once(upstreams, full)
        assert call() is grpc.StatusCode.OK
        assert [upstream.calls for upstream in upstreams] == [1, 1]
        for upstream in upstreams:
            upstream.encode = lambda: full
        assert call() is full
        assert sum(upstream.calls for upstream in upstreams) == 2 + 3


def test_the_deadline_is_passed_on(shared):
    _, call, upstreams, _ = shared
    for upstream in upstreams:
        upstream.encode = lambda: None
        upstream.left.clear()
    assert call(timeout=7) is grpc.StatusCode.OK
    assert call(timeout=None) is grpc.StatusCode.OK
    timed, endless = sorted(x for up in upstreams for x in up.left)
    assert 0 < timed < 7.5, "gRPC rounds up"
    assert endless > 1e9, "gRPC's way to say that there is none"


def test_a_deadline_that_passes_is_the_callers_own(shared):
    """It is not tried again, and no server is to blame."""
    envoy, call, upstreams, _ = shared
    for upstream in upstreams:
        upstream.calls = 0
        upstream.encode = lambda: time.sleep(1)
    late = [call(timeout=0.1) for _ in range(12)]
    assert set(late) == {grpc.StatusCode.DEADLINE_EXCEEDED}
    assert sum(upstream.calls for upstream in upstreams) <= 12
    assert envoy.stat("outlier_detection.ejections_enforced_total") == 0
    wire.wait_until(lambda: envoy.stat("upstream_rq_active") == 0)


def test_a_server_that_only_says_unavailable_is_left_out(tmp_path):
    """Though its health is well; one that fails on requests is not."""

    def briefly(config):
        proxied.cluster(config)["outlier_detection"]["base_ejection_time"] = "1s"

    with behind_envoy(tmp_path, briefly) as (envoy, call, pair, addresses):
        _, bad = pair
        for code in (
            grpc.StatusCode.INTERNAL,
            grpc.StatusCode.INVALID_ARGUMENT,
            grpc.StatusCode.RESOURCE_EXHAUSTED,
        ):
            bad.encode = lambda code=code: code
            for _ in range(60):
                call()
        assert bad.calls >= 45
        assert envoy.stat("outlier_detection.ejections_enforced_total") == 0
        bad.encode = lambda: grpc.StatusCode.UNAVAILABLE
        wire.wait_until(
            lambda: call() is grpc.StatusCode.OK
            and envoy.healthy() == {addresses[0]}
        )
        asked = bad.calls
        for _ in range(40):
            assert call() is grpc.StatusCode.OK
        assert bad.calls == asked
        bad.encode = lambda: None
        wire.wait_until(lambda: envoy.healthy() == set(addresses))


def test_the_circuit_opens_where_too_much_is_under_way(tmp_path):
    def narrow(config):
        [threshold] = proxied.cluster(config)["circuit_breakers"]["thresholds"]
        threshold["max_requests"] = 3

    free = threading.Event()
    with behind_envoy(tmp_path, narrow) as (envoy, call, upstreams, _):
        for upstream in upstreams:
            upstream.encode = lambda: free.wait(60) and None
        held = [threading.Thread(target=call) for _ in range(3)]
        for thread in held:
            thread.start()
        wire.wait_until(lambda: sum(x.calls for x in upstreams) == 3)
        assert call() is grpc.StatusCode.UNAVAILABLE
        assert sum(x.calls for x in upstreams) == 3
        assert envoy.stat("circuit_breakers.default.rq_open") == 1
        free.set()
        for thread in held:
            thread.join()
        assert call() is grpc.StatusCode.OK


def load_report(utilization: float, rps: float) -> bytes:
    """An xds.data.orca.v3.OrcaLoadReport."""
    double = "<Bd"
    return struct.pack(double, 6 << 3 | 1, rps) + struct.pack(
        double, 9 << 3 | 1, utilization
    )


def test_weights_by_load(tmp_path):
    """One that gets three times as much done gets three times as much."""
    change = proxied.put_in("ClientSideWeightedRoundRobin")
    with behind_envoy(tmp_path, change) as (_, call, upstreams, _):
        for upstream, utilization in zip(upstreams, (0.25, 0.75)):
            report = load_report(utilization, rps=100)
            upstream.trailers = [("endpoint-load-metrics-bin", report)]

        def share() -> float:
            before = [upstream.calls for upstream in upstreams]
            for _ in range(80):
                assert call() is grpc.StatusCode.OK
            idle, busy = (
                upstream.calls - former
                for upstream, former in zip(upstreams, before)
            )
            return idle / (idle + busy)

        wire.wait_until(lambda: 0.7 < share() < 0.8, "a share of 0.75")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with behind_envoy(tmp_path_factory.mktemp("shared")) as setting:
        yield setting
