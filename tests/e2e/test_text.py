# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Texts on their way to pieces: pairs, prompts, truncation, tokenizing.

Every answer is held against the tokenizers package, and against what Curated
Transformers computes, eagerly, for the same pieces alone.
"""

import dataclasses
import itertools
import json
import subprocess
from concurrent import futures

import alone
import numpy as np
import pair_model
import pytest
import wire

import strata
from strata import tensors
from strata.v1 import hidden_state_service_pb2 as service_pb2

BERT = pair_model.NAME
FALCON = "falcon-random"
TOLERANCE = 1e-5
TEXTS = [
    "",
    "Where does the river rise?",
    "naïve coöperation, 東京, Ω 🙂",
    "The river ran under a wooden bridge while seven herons waited for fish.",
    "so " * 40,
]
PAIRS = [pair for pair in itertools.product(TEXTS, TEXTS) if pair[1]]


@pytest.fixture(scope="module")
def client(text_server):
    with strata.Client(text_server.address, timeout=120, retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def tokenizer(text_models):
    return alone.reference_tokenizer(text_models, BERT)


@pytest.fixture(scope="module")
def model(tokenizer):
    return pair_model.encoder(tokenizer.get_vocab_size())


def assert_pieces(pieces, encoding, text, pair=""):
    """The pieces are those of the tokenizers package."""
    assert [piece.id for piece in pieces] == encoding.ids
    assert [piece.text for piece in pieces] == encoding.tokens
    for piece, span, number, special in zip(
        pieces,
        encoding.offsets,
        encoding.sequence_ids,
        encoding.special_tokens_mask,
        strict=True,
    ):
        source = pair if number == 1 else text
        begin, end = (len(source[:place].encode()) for place in span)
        assert (piece.begin, piece.end) == (begin, end)
        assert piece.in_pair == (number == 1 and not special)


def assert_states(encoding, model, expected):
    """The hidden states are those of the pieces alone."""
    states = pair_model.run(model, expected.ids, expected.type_ids)
    error = alone.worst_error(encoding.hidden_states, states)
    assert error <= TOLERANCE


ALL_LAYERS = range(4)


def test_pairs_equal_each_alone(client, tokenizer, model):
    def encode(pair):
        [encoding] = client.encode(
            [pair],
            BERT,
            layers=ALL_LAYERS,
            return_pieces=True,
            truncation="right",
        )
        return encoding

    with futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(encode, PAIRS))
    tokenizer.enable_truncation(
        pair_model.MAX_PIECES, strategy="longest_first"
    )
    for (text, pair), answer in zip(PAIRS, answers, strict=True):
        expected = tokenizer.encode(text, pair)
        assert set(expected.type_ids) == {0, 1}
        assert_pieces(answer.pieces, expected, text, pair)
        assert_states(answer, model, expected)
    tokenizer.no_truncation()


def test_the_type_ids_matter(client, tokenizer, model):
    """Or the test above would see nothing of them."""
    expected = tokenizer.encode("a river", "a bridge")
    typed = pair_model.run(model, expected.ids, expected.type_ids)
    untyped = pair_model.run(model, expected.ids, [0] * len(expected.ids))
    assert alone.worst_error(typed, untyped) > 0.1
    [by_ids] = client.encode([expected.ids], BERT, layers=ALL_LAYERS)
    assert alone.worst_error(by_ids.hidden_states, untyped) <= TOLERANCE


@pytest.mark.parametrize("direction", ["left", "right"])
@pytest.mark.parametrize("max_pieces", [4, 9, 10, 33])
def test_truncation_of_pairs(client, tokenizer, model, direction, max_pieces):
    answers = client.encode(
        PAIRS,
        BERT,
        layers=ALL_LAYERS,
        truncation=direction,
        max_pieces=max_pieces,
        return_pieces=True,
    )
    for (text, pair), answer in zip(PAIRS, answers, strict=True):
        tokenizer.no_truncation()
        whole = len(tokenizer.encode(text, pair).ids)
        tokenizer.enable_truncation(
            max_pieces, strategy="longest_first", direction=direction
        )
        expected = tokenizer.encode(text, pair)
        assert_pieces(answer.pieces, expected, text, pair)
        assert answer.truncated_pieces == whole - len(expected.ids)
        assert answer.piece_count == len(expected.ids)
        assert_states(answer, model, expected)
    tokenizer.no_truncation()


@pytest.mark.parametrize("direction", ["left", "right"])
def test_truncation_of_texts(client, tokenizer, model, direction):
    texts = TEXTS[1:]
    answers = client.encode(
        texts,
        BERT,
        layers=ALL_LAYERS,
        truncation=direction,
        max_pieces=7,
        return_pieces=True,
    )
    for text, answer in zip(texts, answers, strict=True):
        tokenizer.no_truncation()
        whole = len(tokenizer.encode(text).ids)
        tokenizer.enable_truncation(7, direction=direction)
        expected = tokenizer.encode(text)
        assert_pieces(answer.pieces, expected, text)
        assert answer.truncated_pieces == whole - 7
        assert_states(answer, model, expected)
    tokenizer.no_truncation()


def test_a_trace_without_type_ids_ignores_them(client, text_models):
    tokenizer = alone.reference_tokenizer(text_models, FALCON)
    expected = tokenizer.encode("the river", " a bridge")
    assert set(expected.type_ids) == {0, 1}
    [pair] = client.encode(
        [("the river", " a bridge")], FALCON, return_pieces=True
    )
    assert_pieces(pair.pieces, expected, "the river", " a bridge")
    [ids] = client.encode([expected.ids], FALCON)
    error = alone.worst_error(pair.hidden_states, ids.hidden_states)
    assert error <= TOLERANCE


def test_an_empty_pair_is_no_pair(client):
    [single] = client.encode(["a river"], BERT, return_pieces=True)
    [pair] = client.encode([("a river", "")], BERT, return_pieces=True)
    assert pair.pieces == single.pieces


def test_prompts_are_told(client):
    assert client.model(BERT).prompts == pair_model.PROMPTS
    assert client.model(FALCON).prompts == {}


def test_a_prompt_is_put_in_front(client, tokenizer, model):
    prompt = pair_model.PROMPTS["query"]
    texts = [*TEXTS[:4], ("über", "a bridge")]
    answers = client.encode(
        texts, BERT, prompt="query", layers=ALL_LAYERS, return_pieces=True
    )
    for item, answer in zip(texts, answers, strict=True):
        text, *pair = (item,) if isinstance(item, str) else item
        expected = tokenizer.encode(prompt + text, *pair)
        assert [piece.id for piece in answer.pieces] == expected.ids
        assert_states(answer, model, expected)
        for piece, (begin, end), number in zip(
            answer.pieces, expected.offsets, expected.sequence_ids, strict=True
        ):
            if number == 0:  # Bytes of the text alone.
                begin = len(text[: max(0, begin - len(prompt))].encode())
                end = len(text[: max(0, end - len(prompt))].encode())
                assert (piece.begin, piece.end) == (begin, end)


def test_spans_count_the_text_without_its_prompt(client, text_server):
    text, span = "the old river", slice(4, 7)
    request = service_pb2.EncodeRequest(
        model=BERT,
        inputs=[
            service_pb2.Input(
                text=text,
                text_pair="old bridge",
                prompt="query",
                spans=[service_pb2.Span(begin=span.start, end=span.stop)],
            )
        ],
        outputs=[
            service_pb2.OutputSpec(),
            service_pb2.OutputSpec(pooling=service_pb2.POOLING_SPANS),
        ],
        return_pieces=True,
    )
    reply = wire.call(
        text_server.address, wire.HIDDEN_STATES + "Encode", request
    )
    [encoding] = service_pb2.EncodeResponse.FromString(reply).encodings
    every, spans = (
        tensors.to_array(output.tensor) for output in encoding.outputs
    )
    [place] = [
        index
        for index, piece in enumerate(encoding.pieces)
        if (piece.begin, piece.end, piece.in_pair) == (4, 7, False)
    ]
    assert encoding.pieces[place].text == "old"
    np.testing.assert_allclose(spans[0, 0], every[0, place], rtol=1e-5)


@pytest.mark.parametrize("prompt", ["", "query"])
def test_tokenize_splits_as_encode_does(client, prompt):
    inputs = [*TEXTS, *PAIRS[:6]]
    tokens = client.tokenize(inputs, BERT, prompt=prompt)
    encodings = client.encode(
        inputs, BERT, prompt=prompt, return_pieces=True, pooling="mean",
        truncation="right",
    )
    for ours, encoding in zip(tokens, encodings, strict=True):
        kept = len(encoding.pieces)
        if encoding.truncated_pieces == 0:
            assert ours.pieces == encoding.pieces
        assert len(ours.pieces) == kept + encoding.truncated_pieces
    cut = client.tokenize(
        inputs, BERT, prompt=prompt, truncation="left", max_pieces=8
    )
    encodings = client.encode(
        inputs, BERT, prompt=prompt, truncation="left", max_pieces=8,
        return_pieces=True, pooling="mean",
    )
    for ours, encoding in zip(cut, encodings, strict=True):
        assert ours.pieces == encoding.pieces
        assert ours.truncated_pieces == encoding.truncated_pieces


def test_detokenize_is_the_inverse(client, text_models, tokenizer):
    """Of byte-level pieces; BERT's lose case and spaces, as the package's."""
    ids = [tokens.ids for tokens in client.tokenize(TEXTS, FALCON)]
    assert client.detokenize(ids, FALCON) == TEXTS
    ids = [tokens.ids for tokens in client.tokenize(TEXTS, BERT)]
    assert client.detokenize(ids, BERT, skip_special_pieces=True) == [
        tokenizer.decode(row) for row in ids
    ]
    assert client.detokenize(ids, BERT) == [
        tokenizer.decode(row, skip_special_tokens=False) for row in ids
    ]


def test_the_command_line_takes_pairs_and_prompts(
    client, text_server, bin_dir
):
    def run(command):
        done = subprocess.run(
            [bin_dir / "strata", "--server", text_server.address, command,
             "--model", BERT, "--prompt", "query", "--pair", TEXTS[1],
             "--format", "json", TEXTS[2], TEXTS[3]],
            capture_output=True,
            check=True,
            encoding="utf-8",
            timeout=120,
        )
        return json.loads(done.stdout)

    pairs = [(TEXTS[2], TEXTS[1]), (TEXTS[3], TEXTS[1])]
    inputs = run("tokenize")["inputs"]
    tokens = client.tokenize(pairs, BERT, prompt="query")
    for printed, expected in zip(inputs, tokens, strict=True):
        assert printed["pieces"] == [
            dataclasses.asdict(piece) for piece in expected.pieces
        ]
    encodings = run("encode")["encodings"]
    answers = client.encode(pairs, BERT, prompt="query")
    for printed, answer in zip(encodings, answers, strict=True):
        [output] = printed["outputs"]
        np.testing.assert_allclose(
            output["tensor"]["values"], answer.hidden_states, 1e-4, 1e-5
        )
