# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""EncodeChunks and EncodeStream give the numbers that Encode gives."""

import threading

import alone
import grpc
import numpy as np
import pytest
import wire

import strata
from strata.v1 import hidden_state_service_pb2 as service_pb2

TOLERANCE = 1e-5
CASES = 48
FAMILIES = ["minilm", "falcon-random"]
CHUNKS = wire.HIDDEN_STATES + "EncodeChunks"


@pytest.fixture(scope="module", params=FAMILIES)
def expected(request, models, client):
    """A family's name, inputs, and what Encode answers: all its layers."""
    described = client.model(request.param)
    tokenizer = alone.reference_tokenizer(models, request.param)
    cases = alone.mixed_cases(tokenizer, described.max_pieces, CASES)
    inputs = [case.sent for case in cases]
    layers = range(described.layers)
    answers = client.encode(inputs, request.param, layers=layers)
    return request.param, inputs, layers, answers


def assert_equal(answer, expected):
    error = alone.worst_error(answer.hidden_states, expected.hidden_states)
    assert error <= TOLERANCE
    assert answer.piece_count == expected.piece_count
    for field in ("model", "version", "digest"):
        assert getattr(answer, field) == getattr(expected, field)


def test_in_parts_the_answer_is_the_same(client, expected):
    model, inputs, layers, unary = expected
    answers = client.encode(inputs, model, in_parts=True, layers=layers)
    # All layers of the longest input take more than one part of 1 MiB.
    assert max(x.hidden_states.nbytes for x in answers) > 1 << 20
    for answer, one in zip(answers, unary, strict=True):
        assert_equal(answer, one)


def test_on_a_stream_the_answers_are_the_same(client, expected):
    model, inputs, layers, unary = expected
    requests = (
        client.encode_request([item], model, layers=layers) for item in inputs
    )
    answered = {}
    for answer in client.encode_stream(requests, timeout=120):
        [answered[answer.index]] = answer.encodings
    assert sorted(answered) == list(range(len(inputs)))
    for index, one in enumerate(unary):
        assert_equal(answered[index], one)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("pooling", ["none", "mean"])
def test_options_are_those_of_encode(client, dtype, pooling):
    options = {
        "pooling": pooling,
        "dtype": dtype,
        "dimensions": 7,
        "normalize": True,
        "return_pieces": True,
    }
    texts = ["One text.", "And another one."]
    unary = client.encode(texts, "minilm", **options)
    parted = client.encode(texts, "minilm", in_parts=True, **options)
    for one, other in zip(unary, parted, strict=True):
        assert one.pieces == other.pieces
        np.testing.assert_allclose(
            one.hidden_states, other.hidden_states, rtol=0.01, atol=0.001
        )


def test_more_than_a_reply_may_hold_comes_in_parts(serve, repository, add_model):
    add_model("m")
    flags = ["--max-reply-bytes=64KiB", "--part-bytes=100KiB"]
    with serve(repository, *flags, "--max-stream-reply-bytes=4MiB") as server:
        with strata.Client(server.address, timeout=120, retries=0) as client:
            limit = client.model().max_pieces
            inputs = [[1] * limit] * 4
            with pytest.raises(strata.StrataError, match="use EncodeChunks"):
                client.encode(inputs)
            answers = client.encode(inputs, in_parts=True)
            [alone_answer] = client.encode([[1] * limit], dimensions=8)
            total = sum(answer.hidden_states.nbytes for answer in answers)
            assert total > 64 << 10
            for answer in answers:
                np.testing.assert_allclose(
                    answer.hidden_states[..., :8],
                    alone_answer.hidden_states,
                    rtol=1e-4,
                    atol=1e-5,
                )
            [streamed] = client.encode_stream([client.encode_request(inputs)])
            assert len(streamed.encodings) == 4
            described = client.model().message.limits
            assert described.max_stream_reply_bytes == 4 << 20
            too_many = [[1] * limit] * (1 + (4 << 20) * 4 // total)
            with pytest.raises(strata.StrataError) as raised:
                client.encode(too_many, in_parts=True)
            assert raised.value.reason == "REPLY_TOO_LARGE"
            assert "at most 4194304 are allowed" in raised.value.message


def test_bad_requests_in_parts(server, client):
    for bad, code, reason, words in [
        (b"\x0a\x7f", "INVALID_ARGUMENT", "MALFORMED_MESSAGE", "2 bytes are no"),
        (
            service_pb2.EncodeChunksRequest(
                request=client.encode_request(["a"], "minilm", layers=[99])
            ).SerializeToString(),
            "INVALID_ARGUMENT",
            "INVALID_FIELD",
            "outputs[0].layers[0]: got layer 99",
        ),
        (
            service_pb2.EncodeChunksRequest(
                request=client.encode_request(["a"], "nobody")
            ).SerializeToString(),
            "NOT_FOUND",
            "MODEL_NOT_FOUND",
            'no model "nobody"',
        ),
    ]:
        with pytest.raises(strata.StrataError) as raised:
            wire.first_of_stream(server.address, CHUNKS, bad)
        assert raised.value.code is getattr(grpc.StatusCode, code)
        assert raised.value.reason == reason
        assert words in raised.value.message


def test_bad_requests_on_a_stream(client):
    good = client.encode_request(["A good text."], "minilm")
    bad = client.encode_request([[1 << 40]], "minilm")
    answers = list(client.encode_stream([good, bad, good]))
    by_index = {answer.index: answer for answer in answers}
    assert by_index[1].error.code is grpc.StatusCode.INVALID_ARGUMENT
    assert by_index[1].error.field == "inputs[0].pieces.ids[0]"
    assert "vocabulary" in by_index[1].error.message
    for index in (0, 2):
        assert by_index[index].encodings[0].piece_count == 6


def raw_stream(server, *messages):
    """The events of a stream of raw messages, and how it ended."""
    with grpc.insecure_channel(server.address) as channel:
        call = channel.stream_stream(wire.HIDDEN_STATES + "EncodeStream")(
            iter(messages), timeout=60
        )
        try:
            events = [
                service_pb2.EncodeStreamResponse.FromString(event)
                for event in call
            ]
            return events, None
        except grpc.RpcError as error:
            return [], strata.StrataError.from_rpc_error(error)


def test_ids_of_a_stream(server, client):
    request = client.encode_request(["A good text."], "minilm")
    message = service_pb2.EncodeStreamRequest(request=request)
    [event], error = raw_stream(server, message.SerializeToString())
    assert error is None
    failure = strata.StrataError.from_status(event.done)
    assert (failure.field, failure.reason) == ("request_id", "INVALID_FIELD")
    assert "empty" in failure.message

    message.request_id = "x" * 257
    _, error = raw_stream(server, message.SerializeToString())
    assert error.code is grpc.StatusCode.INVALID_ARGUMENT
    assert "got 257 bytes, at most 256 are allowed" in error.message

    _, error = raw_stream(server, b"\x0a\x02\xff\xfe")
    assert error.code is grpc.StatusCode.INVALID_ARGUMENT
    assert error.reason == "MALFORMED_MESSAGE"
    assert "4 bytes are not a valid strata.v1.EncodeStream" in error.message


def test_an_open_stream_does_not_hold_a_stop(serve, repository, add_model):
    """Else the server would be there until the drain's deadline, an hour."""
    add_model("m")
    stopped = threading.Event()

    def requests(client):
        yield client.encode_request(["A text."])
        stopped.wait(120)

    with serve(repository, "--drain-timeout=1h") as server:
        with strata.Client(server.address, timeout=120, retries=0) as client:
            answers = client.encode_stream(requests(client))
            assert next(answers).error is None
            try:
                server.stop()
                with pytest.raises(strata.StrataError) as raised:
                    list(answers)
            finally:
                stopped.set()
    assert raised.value.code is grpc.StatusCode.UNAVAILABLE
    assert raised.value.reason == "SERVER_STOPPING"
