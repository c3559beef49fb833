# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Peers that go without a word: their end of the connection says nothing more.

TCP alone would keep such a connection for hours. The server asks
(--keepalive-time) and lets go of everything when there is no answer.
"""

import contextlib
import itertools
import threading

import grpc
import harm
import http2
import pytest
import wire
from grpc_health.v1 import health_pb2, health_pb2_grpc
from proxy import Proxy
from switch_model import Fault, ids

import strata
from strata.v1 import hidden_state_service_pb2 as service_pb2
from strata.v1 import hidden_state_service_pb2_grpc as service_grpc

# A frame with 8 bytes, which a client that is there sends back.
PING_BYTES = 17
KEEPALIVE = ["--keepalive-time=1s", "--keepalive-timeout=1s"]


def requests():
    """Without an end; more than anybody reads."""
    for number in itertools.count():
        inputs = [[20 + number % 900, 20 + i] * 250 for i in range(8)]
        yield service_pb2.EncodeStreamRequest(
            request_id=str(number),
            request=strata.Client.encode_request(inputs, layers=range(5)),
        )


@contextlib.contextmanager
def channel_through(proxy):
    """A channel that is closed when its connection has been ended.

    gRPC's own close waits for the end of a write, which a peer that is silent
    may never take.
    """
    with grpc.insecure_channel(proxy.address) as channel:
        try:
            yield channel
        finally:
            proxy.strike("reset")


def open_stream(channel):
    """A stream whose answers have begun, and are not read."""
    stub = service_grpc.HiddenStateServiceStub(channel)
    events = stub.EncodeStream(requests())
    next(events)
    return events


def open_silent_stream(channel):
    """A stream whose one request is answered, and on which none follows."""
    stub = service_grpc.HiddenStateServiceStub(channel)
    over = threading.Event()

    def one():
        yield service_pb2.EncodeStreamRequest(
            request_id="1", request=strata.Client.encode_request(["A text."])
        )
        over.wait()

    call = stub.EncodeStream(one())
    call.add_callback(over.set)
    while not next(call).HasField("done"):
        pass
    return call


def open_watch(channel):
    """A watch of health."""
    watch = health_pb2_grpc.HealthStub(channel).Watch(
        health_pb2.HealthCheckRequest()
    )
    next(watch)
    return watch


def await_found(server):
    """Until the server has let go of all connections."""
    wire.wait_until(
        lambda: harm.connections(server) == 0,
        "the server has found the connection half-open",
    )


def await_cancelled(server, calls):
    """Until so many calls, of all that there were, count as cancelled."""
    wire.wait_until(
        lambda: wire.metric(server, harm.CANCELLED) == calls,
        "the call is counted as cancelled",
    )


@pytest.mark.parametrize(
    ("begin", "counted"),
    [
        (open_stream, True),
        (open_silent_stream, True),
        (open_watch, False),
    ],
)
def test_what_a_silent_peer_held_is_let_go(server, begin, counted):
    with harm.unharmed(server):
        cancelled = wire.metric(server, harm.CANCELLED)
        with (
            Proxy(server.address) as proxy,
            channel_through(proxy) as channel,
        ):
            call = begin(channel)
            proxy.strike("black-hole")
            await_found(server)
            # The client's side is still open: it was not the one who left.
            assert proxy.connections == 1
            for gauge in (harm.IN_FLIGHT, harm.WAITING):
                wire.wait_until(
                    lambda: wire.metric(server, gauge) == 0, f"{gauge} is 0"
                )
            await_cancelled(server, cancelled + counted)
            call.cancel()


def test_what_a_silent_peer_waited_for_is_let_go(serve, switched):
    """The call outlasts its connection: its forward waits for the switch."""
    with serve(switched.repository, *KEEPALIVE) as server:
        cancelled = wire.metric(server, harm.CANCELLED)
        switched.switch.set(Fault.HANG)
        with (
            Proxy(server.address) as proxy,
            channel_through(proxy) as channel,
        ):
            stub = service_grpc.HiddenStateServiceStub(channel)
            request = strata.Client.encode_request([ids(0)], "m")
            call = stub.Encode.future(request)
            wire.wait_until(
                lambda: wire.metric(server, harm.IN_FLIGHT) == 1,
                "the request is in flight",
            )
            proxy.strike("black-hole")
            await_cancelled(server, cancelled + 1)
            # gRPC keeps the connection's descriptor until its calls have ended.
            switched.switch.set(Fault.NONE)
            await_found(server)
            wire.wait_until(
                lambda: wire.metric(server, harm.IN_FLIGHT) == 0,
                "nothing is in flight",
            )
            call.cancel()


def test_a_connection_that_was_idle_for_long(server):
    """gRPC would ask two times and then never again."""
    with harm.unharmed(server):
        with (
            Proxy(server.address) as proxy,
            channel_through(proxy) as channel,
        ):
            grpc.channel_ready_future(channel).result(60)
            begin = proxy.passed
            wire.wait_until(
                lambda: proxy.passed >= begin + 4 * PING_BYTES,
                "a client that is idle, but there, is asked again and again",
            )
            assert harm.connections(server) == 1
            proxy.strike("black-hole")
            await_found(server)


def test_without_keepalive_nobody_is_asked(serve, small):
    """What finds them is the flag, and nothing else."""
    with (
        serve(small, "--keepalive-time=0s") as patient,
        serve(small, *KEEPALIVE) as other,
    ):
        with (
            # The patient one first: it would have asked first.
            Proxy(patient.address) as first,
            Proxy(other.address) as second,
            http2.connect(first.address) as one,
            http2.connect(second.address) as two,
        ):
            for connection in (one, two):
                connection.sendall(http2.greeting())
                assert connection.recv(9)
            first.strike("black-hole")
            second.strike("black-hole")
            wire.wait_until(
                lambda: harm.connections(other) == 0, "one is found"
            )
            assert harm.connections(patient) == 1


def test_a_client_that_reads_nothing_is_not_gone(server):
    """Its gRPC answers for it, and its answers wait, bounded."""
    with harm.unharmed(server):
        with (
            Proxy(server.address) as proxy,
            grpc.insecure_channel(proxy.address) as channel,
        ):
            events = open_stream(channel)
            up = proxy.passed_up
            wire.wait_until(
                lambda: proxy.passed_up >= up + 4 * PING_BYTES,
                "the client has said again and again that it is there",
            )
            # The stream goes on where it was.
            for _ in range(20):
                next(events)
            events.cancel()
