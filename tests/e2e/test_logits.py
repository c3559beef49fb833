# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Logits over the wire, from every form in which a trace returns them."""

import re
import subprocess
from concurrent import futures

import alone
import causal
import grpc
import numpy as np
import pytest
import wire

import strata
from strata import tensors
from strata.v1 import hidden_state_service_pb2 as service_pb2

TOLERANCE = 1e-5
LENGTHS = [1, 2, 3, 7, 12, 12, 31, 64]


@pytest.fixture(scope="module")
def client(serve, models, tmp_path_factory):
    repository = tmp_path_factory.mktemp("causal")
    tokenizer = models / "falcon-random" / "1" / "tokenizer.json"
    size = alone.reference_tokenizer(
        models, "falcon-random"
    ).get_vocab_size()
    causal.build(repository, tokenizer, size)
    with serve(repository) as server:
        with strata.Client(server.address, timeout=120, retries=0) as client:
            client.address = server.address
            client.vocabulary = size
            yield client


@pytest.fixture(scope="module")
def sequences(client):
    """Sequences of ids, and the layers and logits of each alone."""
    dice = np.random.default_rng(7)
    model = causal.model(client.vocabulary)
    ids = [dice.integers(client.vocabulary, size=n).tolist() for n in LENGTHS]
    return [(one, *causal.run(model, one)) for one in ids]


@pytest.mark.parametrize("form", causal.FORMS)
def test_logits_and_layers_equal_the_models_own(client, sequences, form):
    described = client.model(form)
    assert described.logits
    assert described.layers == (1 if form == "hidden" else 4)

    def ask(sequence):
        ids, layers, logits = sequence
        [answer] = client.encode([ids], form, kind="logits")
        [states] = client.encode([ids], form)
        assert answer.logits.shape == (len(ids), client.vocabulary)
        return max(
            alone.worst_error(answer.logits, logits),
            alone.worst_error(states.hidden_states[0], layers[-1]),
        )

    with futures.ThreadPoolExecutor(len(LENGTHS)) as pool:
        assert max(pool.map(ask, sequences)) <= TOLERANCE


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"pooling": "last"}, lambda x: x[-1]),
        ({"pooling": "first"}, lambda x: x[0]),
        ({"pooling": "mean"}, lambda x: x.mean(0)),
        ({"pooling": "max"}, lambda x: x.max(0)),
        ({"pooling": "last", "dimensions": 10}, lambda x: x[-1, :10]),
        (
            {"pooling": "last", "normalize": True},
            lambda x: x[-1] / np.linalg.norm(x[-1]),
        ),
    ],
)
def test_poolings(client, sequences, options, expected):
    ids, _, logits = sequences[4]
    [answer] = client.encode([ids], "direct", kind="logits", **options)
    assert answer.logits.shape == expected(logits).shape
    assert alone.worst_error(answer.logits, expected(logits)) <= TOLERANCE


def test_several_outputs_of_one_forward(client, sequences):
    ids, layers, logits = sequences[6]
    kind = service_pb2.OUTPUT_KIND_LOGITS
    request = service_pb2.EncodeRequest(
        model="cache",
        inputs=[
            service_pb2.Input(
                pieces=service_pb2.PieceIds(ids=ids),
                spans=[
                    service_pb2.Span(begin=0, end=3),
                    service_pb2.Span(begin=2, end=31),
                ],
            )
        ],
        outputs=[
            service_pb2.OutputSpec(name="next", kind=kind, positions=[-1, 0]),
            service_pb2.OutputSpec(name="states", layers=[1, -1]),
            service_pb2.OutputSpec(
                name="spans", kind=kind, pooling=service_pb2.POOLING_SPANS
            ),
        ],
    )
    reply = service_pb2.EncodeResponse.FromString(
        wire.call(client.address, wire.HIDDEN_STATES + "Encode", request)
    )
    outputs = reply.encodings[0].outputs
    assert [output.name for output in outputs] == ["next", "states", "spans"]
    expected = [
        logits[[-1, 0]],
        layers[[1, -1]],
        np.stack([logits[0:3].mean(0), logits[2:31].mean(0)]),
    ]
    for output, numbers in zip(outputs, expected, strict=True):
        ours = tensors.to_array(output.tensor)
        assert alone.worst_error(ours, numbers) <= TOLERANCE, output.name


def test_the_next_piece_is_the_models_own(client, sequences):
    # What a caller does with them: the likeliest next piece.
    for ids, _, logits in sequences:
        [answer] = client.encode(
            [ids], "flat", kind="logits", pooling="last", dtype="bfloat16"
        )
        top = np.sort(logits[-1])[-2:]
        if top[1] - top[0] > 0.02 * abs(top[1]):  # bfloat16 can tell.
            assert answer.logits.argmax() == logits[-1].argmax()


def test_the_command_line(client, bin_dir):
    def run(*arguments):
        return subprocess.run(
            [bin_dir / "strata", *arguments, "--server", client.address],
            capture_output=True,
            text=True,
            timeout=60,
        )

    shown = run("models", "direct")
    assert re.search("^logits +yes$", shown.stdout, re.M), shown
    answer = run("encode", "--model", "direct", "--logits", "one two")
    assert answer.returncode == 0, answer.stderr
    [pieces] = [tokens.ids for tokens in client.tokenize(["one two"], "direct")]
    assert f"[{len(pieces)}, {client.vocabulary}]" in answer.stdout


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"layers": [0]}, "layers", "set together with kind LOGITS"),
        ({"dimensions": -1}, "dimensions", "got -1, expected 0 (all) to "),
        ({"dimensions": 1 << 30}, "dimensions", ", the width of the logits"),
        ({"positions": [99]}, "positions[0]", "got 99, but inputs[0] has 2"),
        (
            {"positions": [0], "pooling": service_pb2.POOLING_MEAN},
            "positions",
            "set together with a pooling",
        ),
    ],
)
def test_what_is_wrong_with_logits(client, fields, field, words):
    request = service_pb2.EncodeRequest(
        model="direct",
        inputs=[service_pb2.Input(pieces=service_pb2.PieceIds(ids=[4, 5]))],
        outputs=[
            service_pb2.OutputSpec(
                kind=service_pb2.OUTPUT_KIND_LOGITS, **fields
            )
        ],
    )
    with pytest.raises(strata.StrataError) as raised:
        wire.call(client.address, wire.HIDDEN_STATES + "Encode", request)
    assert raised.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert raised.value.field == f"outputs[0].{field}"
    assert words in raised.value.message


def test_a_large_answer_of_logits_is_predicted(client):
    limit = client.model("direct").max_pieces
    with pytest.raises(strata.StrataError) as raised:
        client.encode([[1] * limit] * 1024, "direct", kind="logits")
    bytes_of_all = 1024 * limit * client.vocabulary * 4
    assert raised.value.reason == "REPLY_TOO_LARGE"
    assert f"would hold {bytes_of_all} bytes" in raised.value.message
