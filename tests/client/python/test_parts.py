# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Answers in parts, against a server whose events the tests write."""

import fake_server
import grpc
import numpy as np
import pytest
from google.protobuf import text_format
from google.rpc import status_pb2

import strata
from strata import parts
from strata.v1 import hidden_state_service_pb2 as service_pb2
from strata.v1 import tensor_pb2


STATES = np.arange(12, dtype="<f4").reshape(2, 3, 2)


def encoding(**fields):
    tensor = tensor_pb2.Tensor(
        dtype=tensor_pb2.DATA_TYPE_FLOAT32, shape=STATES.shape
    )
    output = service_pb2.Output(tensor=tensor)
    return service_pb2.Encoding(outputs=[output], **fields)


def events(make, step=20):
    """STATES for one input, in parts of `step` bytes that split numbers."""
    data = STATES.tobytes()
    yield make(encoding=encoding(piece_count=3))
    for offset in range(0, len(data), step):
        part = service_pb2.TensorPart(
            offset=offset,
            data=data[offset : offset + step],
            last=offset + step >= len(data),
        )
        yield make(part=part)
    yield make(done=status_pb2.Status(), answer=ANSWER)


ANSWER = service_pb2.EncodeResponse(model="m", version=3, digest="sha256:00")
CHUNK = service_pb2.EncodeChunksResponse
UNAVAILABLE = fake_server.failure(
    grpc.StatusCode.UNAVAILABLE,
    "the server is stopping",
    fake_server.reason("SERVER_STOPPING"),
)


def stream_events(request):
    """STATES for the one input of a stream's request."""
    return events(
        lambda **fields: service_pb2.EncodeStreamResponse(
            request_id=request.request_id, **fields
        )
    )


def refused(request):
    """The end of a stream's request that is wrong."""
    done = fake_server.failure(
        grpc.StatusCode.INVALID_ARGUMENT,
        "inputs: empty",
        fake_server.reason("INVALID_FIELD"),
    )
    return [
        service_pb2.EncodeStreamResponse(
            request_id=request.request_id, done=done
        )
    ]


def requests(client, *texts):
    return [client.encode_request([text], "m") for text in texts]


def test_parts_become_the_answer_that_encode_gives(client, fake):
    fake.answer = lambda request: events(CHUNK)
    [answer] = client.encode(["a"], "m", in_parts=True, layers=[0, -1])
    np.testing.assert_array_equal(answer.hidden_states, STATES)
    assert (answer.model, answer.version) == ("m", 3)
    assert (answer.digest, answer.piece_count) == ("sha256:00", 3)
    [request] = fake.requests
    assert request.request.inputs[0].text == "a"
    assert list(request.request.outputs[0].layers) == [0, -1]


def test_logits_come_in_parts_too(client, fake):
    fake.answer = lambda request: events(CHUNK)
    [answer] = client.encode(["a"], in_parts=True, kind="logits")
    np.testing.assert_array_equal(answer.logits, STATES)
    fake.answer = stream_events
    sent = [client.encode_request(["a"], kind="logits")]
    [answer] = client.encode_stream(sent)
    np.testing.assert_array_equal(answer.encodings[0].logits, STATES)


def test_a_failure_is_raised_before_and_after_the_first_events(client, fake):
    for count in (0, 3):
        fake.answer = lambda r, n=count: [*list(events(CHUNK))[:n], UNAVAILABLE]
        with pytest.raises(strata.StrataError) as raised:
            client.encode(["a"], in_parts=True)
        assert raised.value.code is grpc.StatusCode.UNAVAILABLE
        assert raised.value.reason == "SERVER_STOPPING"


def test_an_answer_without_done_is_not_one(client, fake):
    fake.answer = lambda request: list(events(CHUNK))[:-1]
    with pytest.raises(strata.StrataError, match="ended before 'done'"):
        client.encode(["a"], in_parts=True)


def test_a_stream_answers_every_request(client, fake):
    fake.answer = stream_events
    sent = requests(client, "a", "b", "c")
    answers = list(client.encode_stream(iter(sent)))
    assert [answer.index for answer in answers] == [0, 1, 2]
    for answer in answers:
        assert answer.error is None
        [encoding] = answer.encodings
        np.testing.assert_array_equal(encoding.hidden_states, STATES)
        assert encoding.model == "m"
    assert [item.request_id for item in fake.requests] == ["0", "1", "2"]
    assert [item.request for item in fake.requests] == sent


def test_answers_come_in_any_order_and_interleaved(client, fake):
    waiting = []

    def answer(request):
        waiting.append(list(stream_events(request)))
        if len(waiting) < 2:
            return []
        first, second = waiting
        turns = zip(second[:-1], first[:-1], strict=True)
        return [*(e for pair in turns for e in pair), second[-1], first[-1]]

    fake.answer = answer
    answers = list(client.encode_stream(requests(client, "a", "b")))
    assert [answer.index for answer in answers] == [1, 0]
    for answer in answers:
        np.testing.assert_array_equal(
            answer.encodings[0].hidden_states, STATES
        )


def test_a_failed_request_leaves_the_others(client, fake):
    def answer(request):
        bad = request.request.inputs[0].text == "bad"
        return refused(request) if bad else stream_events(request)

    fake.answer = answer
    answers = list(client.encode_stream(requests(client, "a", "bad", "b")))
    assert [answer.error is None for answer in answers] == [True, False, True]
    assert answers[1].error.reason == "INVALID_FIELD"
    with pytest.raises(strata.StrataError, match="inputs: empty"):
        answers[1].encodings  # noqa: B018


def test_a_stream_that_breaks_off_is_raised(client, fake):
    fake.answer = lambda request: [*stream_events(request), UNAVAILABLE]
    answers = client.encode_stream(requests(client, "a", "b"))
    assert next(answers).index == 0
    with pytest.raises(strata.StrataError) as raised:
        list(answers)
    assert raised.value.reason == "SERVER_STOPPING"


def test_a_server_that_stops_after_the_last_answer_does_no_harm(client, fake):
    fake.answer = stream_events
    fake.at_half_close = [UNAVAILABLE]
    assert len(list(client.encode_stream(requests(client, "a")))) == 1


def test_a_stream_that_forgets_a_request_is_a_defect(client, fake):
    fake.answer = lambda request: []
    with pytest.raises(strata.StrataError, match="an answer to 2 requests"):
        list(client.encode_stream(requests(client, "a", "b")))


def test_what_the_requests_raise_comes_after_the_answers(client, fake):
    fake.answer = stream_events

    def sent():
        yield from requests(client, "a")
        raise KeyError("the caller's own")

    answers = client.encode_stream(sent())
    assert next(answers).index == 0
    with pytest.raises(KeyError, match="the caller's own"):
        next(answers)


def test_a_stream_may_be_left_early(client, fake):
    fake.answer = stream_events
    sent = (request for _ in iter(int, 1) for request in requests(client, "a"))
    for answer in client.encode_stream(sent):
        assert answer.index == 0
        break


def test_an_empty_stream(client, fake):
    assert list(client.encode_stream([])) == []


def chunk(text):
    return text_format.Parse(text, CHUNK())


ONE_OUTPUT = "encoding { outputs { tensor { dtype: DATA_TYPE_FLOAT16 } } }"


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["input: 1 encoding {}"], "got input 1 of a request of 1"),
        (["input: -1 part {}"], "got input -1 of a request of 1"),
        (["encoding {}", "encoding {}"], "input 0 was answered twice"),
        (["part {}"], "output 0, byte 0 came where"),
        (["encoding {}", "part {}"], "output 0, byte 0 came where"),
        ([ONE_OUTPUT, "part { output: 1 }"], "output 1, byte 0 came where"),
        ([ONE_OUTPUT, "part { offset: 2 }"], "byte 2 came where output 0, by"),
        ([ONE_OUTPUT, "done {}"], "input 0 is not complete"),
        ([ONE_OUTPUT, "part { data: 'a' }", "done {}"], "is not complete"),
        (["done {}"], "input 0 is not complete"),
    ],
)
def test_parts_that_do_not_fit_together(texts, words):
    reassembly = parts.Reassembly(1)
    with pytest.raises(strata.StrataError, match=words) as raised:
        for text in texts:
            reassembly.add(chunk(text))
    assert raised.value.code is grpc.StatusCode.INTERNAL


def test_tensors_of_no_numbers_and_inputs_that_failed():
    reassembly = parts.Reassembly(2)
    for text in (
        "input: 1 encoding { status { code: 13 } }",
        ONE_OUTPUT,
        "part { last: true }",
        "input: 9",  # An event of a newer server.
        "done {} answer { model: 'm' }",
    ):
        assert reassembly.answer is None
        reassembly.add(chunk(text))
    answer = reassembly.result()
    assert answer.model == "m"
    assert answer.encodings[0].outputs[0].tensor.data == b""
    assert answer.encodings[1].status.code == 13
