# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Pairs, prompts and spans that are wrong, by code, reason and text."""

import grpc
import pair_model
import pytest
import wire

import strata
from strata.v1 import hidden_state_service_pb2 as service_pb2
from strata.v1 import tokenizer_service_pb2

BERT = pair_model.NAME
FALCON = "falcon-random"
SECRET = "a payload"
INVALID = grpc.StatusCode.INVALID_ARGUMENT
REFUSED = {
    "unknown prompt": (
        BERT,
        service_pb2.Input(text=SECRET, prompt=SECRET),
        INVALID,
        "INVALID_FIELD",
        "inputs[0].prompt",
        'no prompt of the model has this name; it has: "empty", "query"',
    ),
    "no prompts": (
        FALCON,
        service_pb2.Input(text=SECRET, prompt="query"),
        INVALID,
        "INVALID_FIELD",
        "inputs[0].prompt",
        "no prompt of the model has this name; it has: none",
    ),
    "prompt with pieces": (
        BERT,
        service_pb2.Input(
            pieces=service_pb2.PieceIds(ids=[1]), prompt="query"
        ),
        INVALID,
        "INVALID_FIELD",
        "inputs[0].prompt",
        "a prompt goes with a text, not with pieces",
    ),
    "pair with pieces": (
        BERT,
        service_pb2.Input(
            pieces=service_pb2.PieceIds(ids=[1]), text_pair=SECRET
        ),
        INVALID,
        "INVALID_FIELD",
        "inputs[0].text_pair",
        "a second text goes with a text, not with pieces",
    ),
    "pair without a text": (
        BERT,
        service_pb2.Input(text_pair=SECRET),
        INVALID,
        "INVALID_FIELD",
        "inputs[0]",
        "neither text nor pieces is set",
    ),
    "pair that the tokenizer cannot join": (
        "falcon-spm",
        service_pb2.Input(text=SECRET, text_pair=SECRET),
        grpc.StatusCode.FAILED_PRECONDITION,
        "NOT_SUPPORTED_BY_MODEL",
        None,
        "inputs[0].text_pair: the model's tokenizer.model does not say how "
        "two texts are joined",
    ),
    "pair that is too long": (
        BERT,
        service_pb2.Input(text="a " * 60, text_pair="b " * 60),
        INVALID,
        "INPUT_TOO_LONG",
        "inputs[0]",
        "has 123 pieces, at most 96 are allowed",
    ),
    "span of the pair alone": (
        BERT,
        service_pb2.Input(
            text="a b",
            text_pair="much longer than the text",
            spans=[service_pb2.Span(begin=0, end=9)],
        ),
        INVALID,
        "INVALID_FIELD",
        "inputs[0].spans[0]",
        "inside the input's 3 bytes of text",
    ),
}


def assert_refused(raised, code, reason, field, words):
    error = raised.value
    assert (error.code, error.reason) == (code, reason), str(error)
    assert error.field == field, str(error)
    assert words in error.message
    assert SECRET not in error.message


@pytest.mark.parametrize("case", REFUSED)
def test_refused(text_server, case):
    model, bad, code, reason, field, words = REFUSED[case]
    request = service_pb2.EncodeRequest(model=model, inputs=[bad])
    with pytest.raises(strata.StrataError) as raised:
        wire.call(text_server.address, wire.HIDDEN_STATES + "Encode", request)
    assert_refused(raised, code, reason, field, words)


@pytest.mark.parametrize(
    ("bad", "field", "words"),
    [
        (REFUSED["unknown prompt"][1], "inputs[0].prompt", "it has: "),
        (REFUSED["pair with pieces"][1], "inputs[0].pieces", "expected a text"),
        (
            service_pb2.Input(text="a", spans=[service_pb2.Span(end=1)]),
            "inputs[0].spans",
            "spans are for encoding; leave them empty here",
        ),
    ],
    ids=["prompt", "pieces", "spans"],
)
def test_tokenize_refuses(text_server, bad, field, words):
    request = tokenizer_service_pb2.TokenizeRequest(model=BERT, inputs=[bad])
    with pytest.raises(strata.StrataError) as raised:
        wire.call(text_server.address, wire.TOKENIZER + "Tokenize", request)
    assert_refused(raised, INVALID, "INVALID_FIELD", field, words)
