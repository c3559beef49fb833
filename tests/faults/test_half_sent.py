# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Requests that arrive slowly: gRPC holds what has come of them until then."""

import threading

import grpc
import harm
import wire
from calls import connect
from proxy import Fault, Proxy

import strata
from strata.v1 import hidden_state_service_pb2 as service_pb2
from strata.v1 import hidden_state_service_pb2_grpc as service_grpc

MIB = 1 << 20
SENDERS = 16
MESSAGE_MIB = 24
BOUND_MIB = 64
FLAGS = [
    "--max-message-bytes=32MiB",
    f"--max-unread-bytes={BOUND_MIB}MiB",
]
# What gRPC says to a call that it ends, and on a connection that it lets go.
TRY_AGAIN = (
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNAVAILABLE,
)
# gRPC would send a message again and again, without a word and without a bound,
# where its connection is let go; on a slow machine each time holds it anew.
NO_RETRIES = ("grpc.enable_retries", 0)
# Of the allocator and of the one message that is being read.
MORE_MIB = 96


def send(address: str, codes: list[grpc.StatusCode]) -> None:
    """A message that costs nothing to compute: no model has its digest."""
    request = service_pb2.EncodeRequest(
        model="m",
        inputs=[service_pb2.Input(text="A text.")],
        expected_digest="0" * (MESSAGE_MIB * MIB),
    )
    with connect(address, NO_RETRIES) as channel:
        stub = service_grpc.HiddenStateServiceStub(channel)
        try:
            stub.Encode(request, timeout=120)
        except grpc.RpcError as error:
            codes.append(error.code())


def ask(server) -> None:
    """Somebody else, who is told at worst to come again."""

    def answered() -> bool:
        try:
            harm.ask(server)
        except strata.StrataError as error:
            assert error.code in TRY_AGAIN
            return False
        return True

    wire.wait_until(answered, "another client is answered")


def test_what_has_come_of_them_is_bounded(serve, small):
    with serve(small, *FLAGS) as server, harm.unharmed(server):
        codes: list[grpc.StatusCode] = []
        before = wire.resident_mib(server.pid)
        worst = before
        with Proxy(server.address, Fault("throttle", rate=4 * MIB)) as proxy:
            senders = [
                threading.Thread(target=send, args=(proxy.address, codes))
                for _ in range(SENDERS)
            ]
            for sender in senders:
                sender.start()
            while any(sender.is_alive() for sender in senders):
                worst = max(worst, wire.resident_mib(server.pid))
                ask(server)
        print(f"{before:.0f} MiB before, {worst:.0f} at worst; {codes}")
        assert len(codes) == SENDERS
        assert grpc.StatusCode.RESOURCE_EXHAUSTED in codes
        # Whoever arrives whole is answered.
        assert set(codes) <= {*TRY_AGAIN, grpc.StatusCode.FAILED_PRECONDITION}
        assert worst <= before + BOUND_MIB + MORE_MIB
