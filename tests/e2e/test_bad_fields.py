# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Every field of every request, out of its range: refused, harming nothing.

The table is held against the messages themselves: a field that is neither in it
nor said to have no wrong value fails a test.
"""

import grpc
import numpy as np
import pytest
import refusal
import wire

import strata
from strata.v1 import (
    hidden_state_service_pb2,
    model_service_pb2,
    tokenizer_service_pb2,
)
from strata.v1.hidden_state_service_pb2 import (
    OUTPUT_KIND_LOGITS,
    POOLING_MEAN,
    POOLING_SPANS,
    EncodeRequest,
    EncodeToFileRequest,
    Input,
    OutputSpec,
    PieceIds,
    Span,
)
from strata.v1.model_service_pb2 import (
    GetModelRequest,
    ListModelsRequest,
    LoadModelRequest,
    UnloadModelRequest,
)
from strata.v1.tokenizer_service_pb2 import DetokenizeRequest, TokenizeRequest

MODEL = "falcon-random"
GOOD_TEXT = "This text is fine."
INT32 = (1 << 31) - 1
INT64 = (1 << 63) - 1

INVALID = (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
NOT_FOUND = (grpc.StatusCode.NOT_FOUND, "MODEL_NOT_FOUND")
NOT_ALLOWED = (grpc.StatusCode.PERMISSION_DENIED, "NOT_ALLOWED")
UNSUPPORTED = (
    grpc.StatusCode.FAILED_PRECONDITION,
    "NOT_SUPPORTED_BY_MODEL",
)

METHODS = {
    EncodeRequest: wire.HIDDEN_STATES + "Encode",
    EncodeToFileRequest: wire.HIDDEN_STATES + "EncodeToFile",
    TokenizeRequest: wire.TOKENIZER + "Tokenize",
    DetokenizeRequest: wire.TOKENIZER + "Detokenize",
    GetModelRequest: wire.MODELS + "GetModel",
    ListModelsRequest: wire.MODELS + "ListModels",
    LoadModelRequest: wire.MODELS + "LoadModel",
    UnloadModelRequest: wire.MODELS + "UnloadModel",
}


def encode(**fields):
    """A request that is fine but for `fields`."""
    sound = {"model": MODEL, "inputs": [Input(text=GOOD_TEXT)]}
    return EncodeRequest(**(sound | fields))


def tokenize(**fields):
    sound = {"model": MODEL, "inputs": [Input(text=GOOD_TEXT)]}
    return TokenizeRequest(**(sound | fields))


def detokenize(**fields):
    sound = {"model": MODEL, "inputs": [PieceIds(ids=[5, 6])]}
    return DetokenizeRequest(**(sound | fields))


def output(**fields):
    return encode(outputs=[OutputSpec(), OutputSpec(**fields)])


def ids(*numbers, **fields):
    return encode(inputs=[Input(pieces=PieceIds(ids=numbers, **fields))])


def span(begin, end):
    return encode(
        inputs=[Input(text="abc", spans=[Span(begin=begin, end=end)])]
    )


def piece_span(begin, end):
    return encode(
        inputs=[
            Input(
                pieces=PieceIds(ids=[5, 6]),
                spans=[Span(begin=0, end=2), Span(begin=begin, end=end)],
            )
        ]
    )


NEGATIVE_VERSION = (INVALID, "version", ["got -1", "a positive version"])
NO_SUCH_VERSION = (NOT_FOUND, None, [f"has no version {INT64}; it has: 1"])
NO_SUCH_MODEL = (NOT_FOUND, None, ['no model "nope"; this server has: ', MODEL])
NO_SUCH_LABEL = (NOT_FOUND, None, ['no version label "x"; it has: none'])
BOTH = (INVALID, "version_label", ["together with version 1; set one"])
NO_INPUTS = (INVALID, "inputs", ["empty; a request has at least one input"])
TOO_MANY = (INVALID, "inputs", ["got 1025 inputs, at most 1024", "several"])


def choices(request):
    """What is wrong with which model, in every request that names one."""
    return [
        (request(model="nope"), *NO_SUCH_MODEL),
        (request(model="../" + MODEL), NOT_FOUND, None, ['model "../fal']),
    ], [
        (request(version=-1), *NEGATIVE_VERSION),
        (request(version=-INT64 - 1), INVALID, "version", ["got -92233720"]),
        (request(version=INT64), *NO_SUCH_VERSION),
    ], [
        (request(version_label="x"), *NO_SUCH_LABEL),
        (request(version_label="x", version=1), *BOTH),
    ]


def get_model(**fields):
    return GetModelRequest(**({"model": MODEL} | fields))


# Message and field: requests that are wrong there, and what is said of each:
# code and reason, the field that BadRequest names, words of the message.
BAD = {
    "EncodeRequest.inputs": [
        (encode(inputs=[]), *NO_INPUTS),
        (encode(inputs=[Input(text="a")] * 1025), *TOO_MANY),
    ],
    "EncodeRequest.outputs": [
        (
            encode(outputs=[OutputSpec(positions=[0] * 70000)] * 2),
            INVALID,
            "outputs",
            ["ask for 140002 selections", "at most 131072 are allowed"],
        ),
    ],
    "EncodeRequest.truncation": [
        (encode(truncation=42), INVALID, "truncation", ["42 is no value of"]),
        (encode(truncation=-1), INVALID, "truncation", ["-1 is no value of"]),
    ],
    "EncodeRequest.max_pieces": [
        (encode(max_pieces=-1), INVALID, "max_pieces", ["got -1, expected 0"]),
        (
            encode(max_pieces=INT32),
            INVALID,
            "max_pieces",
            [f"got {INT32}, expected 0 (the model's limit) to"],
        ),
    ],
    "EncodeRequest.expected_digest": [
        (
            encode(expected_digest="sha256:" + "0" * 64),
            (grpc.StatusCode.FAILED_PRECONDITION, "DIGEST_MISMATCH"),
            None,
            ["has digest sha256:", "not the one expected"],
        ),
        (
            encode(expected_digest="\0"),
            (grpc.StatusCode.FAILED_PRECONDITION, "DIGEST_MISMATCH"),
            None,
            ["not the one expected"],
        ),
    ],
    "Input.text": [
        (
            encode(inputs=[Input(text="a"), Input(text="")]),
            INVALID,
            "inputs[1].text",
            ["yields no pieces"],
        ),
        (
            encode(inputs=[Input(text="a"), Input()]),
            INVALID,
            "inputs[1]",
            ["neither text nor pieces is set"],
        ),
    ],
    "Input.pieces": [
        (ids(), INVALID, "inputs[0].pieces.ids", ["no pieces", "at least one"]),
        (
            tokenize(inputs=[Input(pieces=PieceIds(ids=[1]))]),
            INVALID,
            "inputs[0].pieces",
            ["got pieces; expected a text"],
        ),
    ],
    "Input.spans": [
        (
            output(pooling=POOLING_SPANS),
            INVALID,
            "inputs[0].spans",
            ["outputs[1] pools by SPANS"],
        ),
    ],
    "Span.begin": [
        (span(-1, 2), INVALID, "inputs[0].spans[0]", ["got [-1, 2), expected"]),
        (span(3, 4), INVALID, "inputs[0].spans[0]", ["the input's 3 bytes"]),
        (
            piece_span(-INT64 - 1, 1),
            INVALID,
            "inputs[0].spans[1]",
            [f"got [-{INT64 + 1}, 1)", "the input's 2 pieces"],
        ),
    ],
    "Span.end": [
        (span(2, 2), INVALID, "inputs[0].spans[0]", ["got [2, 2), expected"]),
        (span(2, 1), INVALID, "inputs[0].spans[0]", ["got [2, 1), expected"]),
        (span(0, 4), INVALID, "inputs[0].spans[0]", ["inside the input's 3"]),
        (span(1, INT64), INVALID, "inputs[0].spans[0]", [f"[1, {INT64})"]),
        (piece_span(0, 3), INVALID, "inputs[0].spans[1]", ["got [0, 3)"]),
        (piece_span(1, 0), INVALID, "inputs[0].spans[1]", ["got [1, 0)"]),
    ],
    "PieceIds.ids": [
        (
            ids(5, number),
            INVALID,
            "inputs[0].pieces.ids[1]",
            [f"got {number}, expected 0 to", "the model's vocabulary"],
        )
        for number in (-1, -INT64 - 1, 1 << 31, 1 << 62, INT64)
    ]
    + [
        (
            detokenize(inputs=[PieceIds(ids=[1]), PieceIds(ids=[number])]),
            INVALID,
            "inputs[1].ids",
            [str(number)],
        )
        for number in (-1, 1 << 40, INT64)
    ],
    "PieceIds.positions": [
        (
            ids(5, 6, positions=positions),
            INVALID,
            "inputs[0].pieces.positions" + place,
            words,
        )
        for positions, place, words in [
            ([0], "", ["got 1 numbers, expected as many as ids, 2"]),
            ([0, 1, 2], "", ["got 3 numbers, expected as many as ids, 2"]),
            ([0, -1], "[1]", ["got -1, expected 0 to"]),
            ([INT64, 0], "[0]", [f"got {INT64}, expected 0 to"]),
        ]
    ],
    "PieceIds.type_ids": [
        (
            ids(5, 6, type_ids=[0, 0]),
            UNSUPPORTED,
            None,
            ["inputs[0].pieces.type_ids: the model's trace takes none"],
        ),
    ],
    "OutputSpec.kind": [
        (output(kind=3), INVALID, "outputs[1].kind", ["3 is no value of"]),
        (
            output(kind=OUTPUT_KIND_LOGITS),
            UNSUPPORTED,
            None,
            ["outputs[1].kind: the model's trace gives no LOGITS"],
        ),
    ],
    "OutputSpec.layers": [
        (
            output(layers=[0, layer]),
            INVALID,
            "outputs[1].layers[1]",
            [f"got layer {layer}, expected one from -", "0 is the embedding"],
        )
        for layer in (5, -6, INT32, -INT32 - 1)
    ]
    + [
        (
            output(kind=OUTPUT_KIND_LOGITS, layers=[0]),
            INVALID,
            "outputs[1].layers",
            ["set together with kind LOGITS"],
        )
    ],
    "OutputSpec.positions": [
        (
            output(positions=[0, position]),
            INVALID,
            "outputs[1].positions[1]",
            [f"got {position}, but inputs[0] has"],
        )
        for position in (1000, -1000, INT32, -INT32 - 1)
    ]
    + [
        (
            output(positions=[0], pooling=POOLING_MEAN),
            INVALID,
            "outputs[1].positions",
            ["set together with a pooling"],
        )
    ],
    "OutputSpec.pooling": [
        (output(pooling=7), INVALID, "outputs[1].pooling", ["7 is no value"]),
        (output(pooling=-1), INVALID, "outputs[1].pooling", ["-1 is no value"]),
    ],
    "OutputSpec.dimensions": [
        (
            output(dimensions=number),
            INVALID,
            "outputs[1].dimensions",
            [f"got {number}, expected 0 (all) to 128, the model's width"],
        )
        for number in (-1, 129, INT32, -INT32 - 1)
    ],
    "OutputSpec.dtype": [
        (output(dtype=4), INVALID, "outputs[1].dtype", ["4 is no value of"]),
    ],
    "TokenizeRequest.inputs": [
        (tokenize(inputs=[]), *NO_INPUTS),
        (tokenize(inputs=[Input(text="a")] * 1025), *TOO_MANY),
        (
            tokenize(inputs=[Input()]),
            INVALID,
            "inputs[0]",
            ["neither text nor pieces is set"],
        ),
    ],
    "TokenizeRequest.truncation": [
        (tokenize(truncation=4), INVALID, "truncation", ["4 is no value of"]),
    ],
    "TokenizeRequest.max_pieces": [
        (tokenize(max_pieces=-1), INVALID, "max_pieces", ["got -1, expected"]),
        (tokenize(max_pieces=INT32), INVALID, "max_pieces", ["limit) to"]),
    ],
    "DetokenizeRequest.inputs": [
        (detokenize(inputs=[]), *NO_INPUTS),
        (detokenize(inputs=[PieceIds(ids=[1])] * 1025), *TOO_MANY),
    ],
    "ListModelsRequest.page_size": [
        (
            ListModelsRequest(page_size=number),
            INVALID,
            "page_size",
            [f"{number} is negative; expected 1 to 100, or 0"],
        )
        for number in (-1, -INT32 - 1)
    ],
    "ListModelsRequest.page_token": [
        (
            ListModelsRequest(page_token=token),
            INVALID,
            "page_token",
            ["is not a next_page_token of this server"],
        )
        for token in ("x", "YWZ0ZXI", "\0", "A" * 10000)
    ],
    "LoadModelRequest.model": [
        (LoadModelRequest(model="nope"), NOT_ALLOWED, None, ["LoadModel"])
    ],
    "LoadModelRequest.version": [
        (LoadModelRequest(version=-1), NOT_ALLOWED, None, ["LoadModel"])
    ],
    # Where it is allowed, test_encode_to_file.py looks at them.
    "EncodeToFileRequest.request": [
        (EncodeToFileRequest(), NOT_ALLOWED, None, ["EncodeToFile"])
    ],
    "EncodeToFileRequest.file": [
        (EncodeToFileRequest(file="../x"), NOT_ALLOWED, None, ["EncodeToFile"])
    ],
    "UnloadModelRequest.model": [
        (UnloadModelRequest(model="nope"), NOT_ALLOWED, None, ["UnloadModel"])
    ],
    "UnloadModelRequest.version": [
        (UnloadModelRequest(version=0), NOT_ALLOWED, None, ["UnloadModel"])
    ],
}
for request in (encode, tokenize, detokenize, get_model):
    name = type(request()).__name__
    fields = ("model", "version", "version_label")
    for field, cases in zip(fields, choices(request), strict=True):
        BAD[f"{name}.{field}"] = cases

# Fields of which no value is wrong, and why.
NEVER_WRONG = {
    "EncodeRequest.return_pieces": "a bool",
    "EncodeRequest.add_special_pieces": "a bool",
    "EncodeRequest.priority": "any number; ageing bounds its effect",
    "TokenizeRequest.add_special_pieces": "a bool",
    "DetokenizeRequest.skip_special_pieces": "a bool",
    "OutputSpec.name": "any text; it is echoed",
    "OutputSpec.normalize": "a bool",
}

# Fields of texts that have tests of their own.
ELSEWHERE = {"Input.text_pair", "Input.prompt"}


def request_messages():
    """The messages that clients write, but for those of streams."""
    for file in (
        hidden_state_service_pb2,
        tokenizer_service_pb2,
        model_service_pb2,
    ):
        for message in file.DESCRIPTOR.message_types_by_name.values():
            if message.name.endswith("Request"):
                if not message.name.startswith(("EncodeChunks", "EncodeStr")):
                    yield message
    for parts in (Input, PieceIds, Span, OutputSpec):
        yield parts.DESCRIPTOR


def test_no_field_is_left_out():
    fields = {
        f"{message.name}.{field.name}"
        for message in request_messages()
        for field in message.fields
    }
    assert BAD.keys() | NEVER_WRONG.keys() | ELSEWHERE == fields
    assert not BAD.keys() & NEVER_WRONG.keys()


@pytest.fixture(scope="module")
def good_answer(client):
    [encoding] = client.encode([GOOD_TEXT], MODEL)
    return encoding.hidden_states


@pytest.mark.parametrize("field", BAD)
def test_out_of_range(server, client, good_answer, field):
    for request, (code, reason), named, words in BAD[field]:
        with pytest.raises(strata.StrataError) as raised:
            wire.call(server.address, METHODS[type(request)], request)
        refusal.check(raised.value, code, reason, named, *words)
        # It says what is wrong, never what was sent.
        assert GOOD_TEXT not in raised.value.message
    [encoding] = client.encode([GOOD_TEXT], MODEL)
    np.testing.assert_allclose(
        encoding.hidden_states, good_answer, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("priority", [INT32, -INT32 - 1])
def test_any_priority_is_served(client, good_answer, priority):
    [encoding] = client.encode([GOOD_TEXT], MODEL, priority=priority)
    np.testing.assert_allclose(
        encoding.hidden_states, good_answer, rtol=1e-4, atol=1e-5
    )


def test_overlapping_spans_are_served(server):
    spans = [Span(begin=0, end=9), Span(begin=4, end=18), Span(begin=4, end=18)]
    request = encode(
        inputs=[Input(text=GOOD_TEXT, spans=spans)],
        outputs=[OutputSpec(pooling=POOLING_SPANS)],
    )
    reply = hidden_state_service_pb2.EncodeResponse.FromString(
        wire.call(server.address, METHODS[EncodeRequest], request)
    )
    [tensor] = [o.tensor for o in reply.encodings[0].outputs]
    assert list(tensor.shape) == [1, 3, 128]
