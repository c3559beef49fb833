# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Clients that do not read their answers hold a bounded part of the memory."""

import contextlib

import grpc
import pytest
import wire
from deaf import DeafClient

import strata
from strata.v1 import hidden_state_service_pb2 as service_pb2
from strata.v1 import tokenizer_service_pb2

MIB = 1 << 20
UNSENT = 64
LEASED = 16
ANSWER = 4
FLAGS = [
    f"--max-unsent-bytes={UNSENT}MiB",
    f"--max-leased-bytes={LEASED}MiB",
]
# As many answers as there is room for: one takes some KiB beside its tensors.
ROOM = UNSENT // ANSWER - 1
# What is held at most: the answers, what they lease, a batch that holds as much
# as all of them, and what the process takes besides. Several times as much is
# asked for.
MOST_GROWTH_MIB = UNSENT + LEASED + UNSENT + 32
CLIENTS = 3
CALLS = 50
HELD = "strata_unsent_reply_bytes"
FULL = 'strata_rejections_total{reason="SERVER_FULL"}'


def large_request(first_piece: int = 1) -> service_pb2.EncodeRequest:
    """A request of some hundred bytes whose answer has ANSWER MiB.

    Each is normalized, so that nothing of it lies in the forward's own outputs.
    """
    request = strata.Client.encode_request(
        [[first_piece] + [1] * 511], layers=[4] * 16, normalize=True
    )
    assert 512 * 128 * 4 * 16 == ANSWER * MIB
    return request


def message_for(method: str, request: service_pb2.EncodeRequest) -> bytes:
    if method == "EncodeChunks":
        request = service_pb2.EncodeChunksRequest(request=request)
    return request.SerializeToString()


def await_all_free(server) -> None:
    for series in (HELD, "strata_leased_batch_bytes"):
        wire.wait_until(lambda: wire.metric(server, series) == 0, series)


def assert_serves_others(server) -> None:
    """Small answers have room still; large ones are refused."""
    with strata.Client(server.address, timeout=120, retries=0) as client:
        [answer] = client.encode(["A text."], pooling="mean")
        assert answer.piece_count > 0
        with pytest.raises(strata.StrataError) as raised:
            client.encode([[1] * 512], layers=[4] * 16, normalize=True)
        error = raised.value
        assert error.code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert error.reason == "SERVER_FULL"
        assert 0 < error.retry_after <= 10
        assert "bytes are not sent yet" in error.message
        assert f"at most {UNSENT * MIB} may be" in error.message


@pytest.mark.parametrize("method", ["Encode", "EncodeChunks"])
def test_answers_that_nobody_reads(serve, small, method):
    message = message_for(method, large_request())
    with serve(small, *FLAGS) as server:
        before = wire.resident_mib(server.pid)
        # Twice: what the first held is there for the second.
        for turn in (1, 2):
            with contextlib.ExitStack() as stack:
                clients = [
                    stack.enter_context(DeafClient(server.address))
                    for _ in range(CLIENTS)
                ]
                for deaf in clients * CALLS:
                    deaf.call(wire.HIDDEN_STATES + method, message)
                answers = [
                    answer
                    for deaf in clients
                    for answer in deaf.await_heads(CALLS)
                ]
                refused = [x for x in answers if x.trailers_only]
                for answer in refused:
                    assert answer.trailer("grpc-status") == b"8"
                assert len(refused) == CLIENTS * CALLS - ROOM
                # And one large answer of assert_serves_others in each turn.
                told = turn * (len(refused) + 1) - 1
                assert wire.metric(server, FULL) == told
                held = wire.metric(server, HELD)
                assert ROOM * ANSWER * MIB <= held <= UNSENT * MIB
                assert_serves_others(server)
                growth = wire.resident_mib(server.pid) - before
                assert growth <= MOST_GROWTH_MIB
            await_all_free(server)
        with strata.Client(server.address, timeout=120, retries=0) as client:
            [answer] = client.encode([[1] * 512], layers=[4] * 16)
            assert answer.hidden_states.nbytes == ANSWER * MIB


def test_answers_are_spilled_beyond_the_lease(serve, small):
    """One call after the other, so that each is a batch of its own."""
    flags = ["--max-leased-bytes=1", f"--max-unsent-bytes={UNSENT}MiB"]
    spilled = "strata_spilled_inputs_total"
    with serve(small, *flags) as server:
        with strata.Client(server.address, timeout=120, retries=0) as client:
            [expected] = client.encode(["A text."], layers=[0, -1])
            await_all_free(server)
            with DeafClient(server.address) as deaf:
                message = message_for("Encode", large_request())
                deaf.call(wire.HIDDEN_STATES + "Encode", message)
                deaf.await_heads(1)
                assert wire.metric(server, spilled) == 0
                leased = wire.metric(server, "strata_leased_batch_bytes")
                assert leased == ANSWER * MIB
                [answer] = client.encode(["A text."], layers=[0, -1])
                assert wire.metric(server, spilled) == 1
                assert (
                    answer.hidden_states.tobytes()
                    == expected.hidden_states.tobytes()
                )
            await_all_free(server)


def test_streams_that_nobody_reads(serve, small):
    """Each is bounded for itself, and all of them together."""
    streams, requests, of_each = 8, 12, 8
    flags = [*FLAGS, f"--max-stream-buffer-bytes={of_each * ANSWER}MiB"]
    answered = 'strata_requests_total{code="OK",model="m"}'
    with serve(small, *flags) as server:
        before = wire.resident_mib(server.pid)
        with contextlib.ExitStack() as stack:
            for _ in range(streams):
                deaf = stack.enter_context(DeafClient(server.address))
                call = deaf.open(wire.HIDDEN_STATES + "EncodeStream")
                for number in range(requests):
                    event = service_pb2.EncodeStreamRequest(
                        request_id=str(number), request=large_request()
                    )
                    deaf.send(call, event.SerializeToString())
            # Of each stream, as many as it has room for are computed or
            # refused; its other requests wait.
            wire.wait_until(
                lambda: counted(server, answered) + counted(server, FULL)
                == streams * of_each
            )
            assert counted(server, answered) == ROOM
            assert wire.metric(server, HELD) <= UNSENT * MIB
            assert_serves_others(server)
            growth = wire.resident_mib(server.pid) - before
            assert growth <= MOST_GROWTH_MIB
        await_all_free(server)


def test_pieces_that_nobody_reads(serve, small):
    """The text has some KiB, and its pieces take a MiB or so."""
    clients = 20
    flags = ["--max-unsent-bytes=4MiB"]
    message = tokenizer_service_pb2.TokenizeRequest(
        inputs=[service_pb2.Input(text="a bc " * 3000)]
    ).SerializeToString()
    with serve(small, *flags) as server:
        with contextlib.ExitStack() as stack:
            answers = []
            for _ in range(clients):
                deaf = stack.enter_context(DeafClient(server.address))
                deaf.call(wire.TOKENIZER + "Tokenize", message)
                answers += deaf.await_heads(1)
            refused = [x for x in answers if x.trailers_only]
            assert 0 < len(refused) < clients
            for answer in refused:
                assert answer.trailer("grpc-status") == b"8"
            assert MIB < wire.metric(server, HELD) <= 4 * MIB
            # Small ones have room still.
            with strata.Client(
                server.address, timeout=120, retries=0
            ) as client:
                assert client.encode(["A text."])[0].piece_count > 0
        await_all_free(server)


def counted(server, series: str) -> float:
    """The value of a series; 0 where there is none yet."""
    if f"\n{series} " not in wire.scrape(server):
        return 0
    return wire.metric(server, series)
