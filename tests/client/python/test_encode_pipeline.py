# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What strata-encode makes of the answers of a server that a test writes."""

import fake_server
import grpc
import numpy as np
import pytest
from google.protobuf import duration_pb2
from google.rpc import error_details_pb2, status_pb2
from strata.encode.corpus import Text
from strata.encode.outcome import Failure
from strata.encode.pipeline import Pipeline
from test_encode_command import make_plan, model

import strata
from strata.v1 import hidden_state_service_pb2 as service_pb2
from strata.v1 import tensor_pb2

PLAN = make_plan(layers=[0, 1], width=2)
SOON = error_details_pb2.RetryInfo(
    retry_delay=duration_pb2.Duration(nanos=1_000_000)
)


def failure(code, reason, *details):
    return fake_server.failure(
        getattr(grpc.StatusCode, code),
        "no",
        fake_server.reason(reason),
        *details,
    )


def well(text):
    """States that say whose they are."""
    tensor = tensor_pb2.Tensor(
        dtype=tensor_pb2.DATA_TYPE_FLOAT32,
        shape=[2, 2],
        data=np.full((2, 2), float(text), "<f4").tobytes(),
    )
    return service_pb2.Encoding(outputs=[service_pb2.Output(tensor=tensor)])


def events(message, encoding_of):
    """A stream's answer, or a status of the whole request."""

    # A text that is sent alone is sent outside the stream.
    chunks = isinstance(message, service_pb2.EncodeChunksRequest)

    def event(**fields):
        if chunks:
            return service_pb2.EncodeChunksResponse(**fields)
        return service_pb2.EncodeStreamResponse(
            request_id=message.request_id, **fields
        )

    for index, item in enumerate(message.request.inputs):
        encoding = encoding_of(item.text)
        if isinstance(encoding, status_pb2.Status):
            yield event(done=encoding)
            return
        tensors = [output.tensor for output in encoding.outputs]
        data = [tensor.data for tensor in tensors]
        for tensor in tensors:
            tensor.data = b""
        yield event(input=index, encoding=encoding)
        for numbers in data:
            part = service_pb2.TensorPart(data=numbers, last=True)
            yield event(input=index, part=part)
    yield event(done=status_pb2.Status(), answer=service_pb2.EncodeResponse())


def run(fake, encoding_of, count=9):
    """Outcomes: of each text its number, or why it failed."""
    return run_texts(
        fake,
        (Text(row, str(row)) for row in range(count)),
        lambda message: list(events(message, encoding_of)),
    )


def run_texts(fake, texts, answer, *, max_bytes=1 << 20):
    fake.answer = answer
    retries = strata.RetryPolicy(max_attempts=3, initial_backoff=1e-3)
    with fake_server.serving(fake) as target:
        with strata.Client(target, retries=retries) as client:
            pipeline = Pipeline(
                client,
                PLAN,
                model(),
                batch_size=4,
                in_flight=2,
                max_bytes=max_bytes,
            )
            return [
                outcome.reason
                if isinstance(outcome, Failure)
                else float(outcome.numbers[0, 0, 0])
                for outcome in pipeline.run(texts)
            ]


def test_each_text_is_asked_for_as_the_plan_says(fake):
    assert run(fake, well) == list(range(9))
    assert len(fake.requests) == 3
    for message in fake.requests:
        request = message.request
        assert (request.model, request.version) == ("m", 1)
        assert request.expected_digest == PLAN.digest
        assert list(request.outputs[0].layers) == PLAN.layers


def test_records_without_a_text_between_others(fake):
    """More of them than there is room for at once."""
    texts = [
        Text(row, "", problem="no") if row % 20 else Text(row, str(row))
        for row in range(60)
    ]
    outcomes = run_texts(
        fake,
        iter(texts),
        lambda message: list(events(message, well)),
        max_bytes=5000,
    )
    assert [x for x in outcomes if x != "MALFORMED_RECORD"] == [0, 20, 40]
    assert outcomes[::20] == [0, 20, 40] and len(outcomes) == 60


@pytest.mark.parametrize(
    "refused",
    [
        failure("INVALID_ARGUMENT", "INPUT_TOO_LONG"),
        failure("FAILED_PRECONDITION", "REPLY_TOO_LARGE"),
        failure("RESOURCE_EXHAUSTED", ""),
        failure(
            "INVALID_ARGUMENT",
            "INVALID_FIELD",
            error_details_pb2.BadRequest(
                field_violations=[
                    error_details_pb2.BadRequest.FieldViolation(
                        field="inputs[0].text"
                    )
                ]
            ),
        ),
    ],
)
def test_a_request_that_is_refused_is_sent_text_by_text(fake, refused):
    reason = strata.StrataError.from_status(refused).reason
    outcomes = run(fake, lambda text: refused if text == "2" else well(text))
    assert outcomes == [0, 1, reason, *range(3, 9)]
    sizes = sorted(len(x.request.inputs) for x in fake.requests)
    assert sizes == [1, 1, 1, 1, 1, 4, 4]


TOO_LARGE = fake_server.failure(
    grpc.StatusCode.RESOURCE_EXHAUSTED, "the message is too large"
)


def test_a_batch_that_no_message_holds_is_sent_text_by_text(fake):
    """Each such message breaks the stream, and no text of it stands out."""
    texts = [Text(row, str(row)) for row in range(9)]

    def answer(message):
        inputs = message.request.inputs
        if len(inputs) > 1 or inputs[0].text == "7":
            return [TOO_LARGE]
        return list(events(message, well))

    assert run_texts(fake, iter(texts), answer) == [*range(7), "", 8]


@pytest.mark.parametrize(
    "wrong",
    [
        failure("NOT_FOUND", "MODEL_NOT_FOUND"),
        failure("FAILED_PRECONDITION", "DIGEST_MISMATCH"),
        failure("UNAUTHENTICATED", "NOT_AUTHENTICATED"),
        failure("INVALID_ARGUMENT", "INVALID_FIELD"),
        # Again and again.
        failure("UNAVAILABLE", "MODEL_NOT_READY"),
        failure("RESOURCE_EXHAUSTED", "SERVER_FULL", SOON),
    ],
)
def test_what_is_about_no_text_ends_the_run(fake, wrong):
    with pytest.raises(strata.StrataError) as raised:
        run(fake, lambda text: wrong if text == "5" else well(text))
    ours = strata.StrataError.from_status(wrong)
    assert raised.value.reason == ours.reason


def alone(status):
    return service_pb2.Encoding(status=status)


def test_a_text_that_fails_alone(fake):
    bad = alone(failure("INTERNAL", "FORWARD_FAILED"))
    outcomes = run(fake, lambda text: bad if text == "2" else well(text))
    assert outcomes == [0, 1, "FORWARD_FAILED", *range(3, 9)]
    assert len(fake.requests) == 3


def test_a_text_that_finds_no_memory_is_tried_again(fake):
    full = alone(failure("RESOURCE_EXHAUSTED", "SERVER_FULL", SOON))
    left = {"2": 3, "7": 1000}

    def encoding_of(text):
        left[text] = left.get(text, 0) - 1
        return full if left[text] >= 0 else well(text)

    outcomes = run(fake, encoding_of)
    assert outcomes == [*range(7), "SERVER_FULL", 8]


def test_a_device_that_stays_lost_ends_the_run(fake):
    lost = alone(failure("UNAVAILABLE", "DEVICE_LOST", SOON))
    with pytest.raises(strata.StrataError) as raised:
        run(fake, lambda text: lost if text == "2" else well(text))
    assert raised.value.reason == "DEVICE_LOST"
