# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The numbers that come back are the model's own, whatever company they had.

Inputs of mixed lengths go to the real server, 32 at a time; each answer must
equal what Curated Transformers computes for that sequence alone.
"""

from concurrent import futures

import alone
import numpy as np
import planted
import pytest
import torch

import strata

IN_FLIGHT = 32
CASES = 96
TRIES = 5
TOLERANCE = 1e-5
# For the channels that are not planted: a layer norm computes them beside
# numbers 1,000 times theirs, and float32 has seven digits for both.
SMALL_CHANNELS_TOLERANCE = 1e-4

FAMILIES = ["minilm", "falcon-random", "falcon-planted"]
SIGNATURES = ["", "-dict"]


@pytest.fixture(scope="module", params=FAMILIES)
def reference(request, models, client):
    """A family's inputs, and the hidden states of each alone."""
    described = client.model(request.param)
    tokenizer = alone.reference_tokenizer(models, request.param)
    cases = alone.mixed_cases(tokenizer, described.max_pieces, CASES)
    lengths = [len(case.ids) for case in cases]
    assert min(lengths) == 1 and max(lengths) == described.max_pieces
    assert len(set(lengths)) > 20
    model = alone.eager_model(request.param, described.vocabulary_size)
    states = [alone.run(model, case.ids) for case in cases]
    assert states[0].shape == (described.layers, 1, described.width)
    return request.param, cases, states


def encode_all(client, cases, model, **options):
    """Each case in a request of its own, IN_FLIGHT of them at once.

    Again where none shared a forward: on a busy machine the requests may come
    more slowly than the server answers them.
    """

    def encode(case):
        [encoding] = client.encode([case.sent], model, **options)
        return encoding

    with futures.ThreadPoolExecutor(IN_FLIGHT) as pool:
        for _ in range(TRIES):
            answers = list(pool.map(encode, cases))
            if any(shared_a_forward(answer) for answer in answers):
                break
    return answers


def shared_a_forward(answer):
    return answer.batch.pieces > answer.piece_count


def all_layers(client, model):
    return range(client.model(model).layers)


@pytest.mark.parametrize("signature", SIGNATURES)
def test_equal_to_each_sequence_alone(client, reference, signature):
    family, cases, states = reference
    model = family + signature
    answers = encode_all(
        client,
        cases,
        model,
        layers=all_layers(client, model),
        return_pieces=True,
    )
    worst = 0.0
    for case, answer, expected in zip(cases, answers, states, strict=True):
        assert [piece.id for piece in answer.pieces] == case.ids
        assert answer.piece_count == len(case.ids)
        worst = max(worst, alone.worst_error(answer.hidden_states, expected))
    print(f"{model}: worst relative error {worst:.1e}")
    assert worst <= TOLERANCE
    assert_batched(answers)
    if family == "falcon-planted":
        assert_planted(answers, states)


def assert_batched(answers):
    """Some shared a forward, and the report about it adds up."""
    # In rows of their own, or in one: what is quicker on this machine.
    assert any(shared_a_forward(answer) for answer in answers)
    for answer in answers:
        batch = answer.batch
        assert answer.piece_count <= batch.pieces <= batch.padded_pieces
        assert batch.padded_pieces % batch.rows == 0


def assert_planted(answers, states):
    """The large channels are there in every layer, and hide nothing."""
    answered = np.concatenate([x.hidden_states for x in answers], axis=1)
    expected = np.concatenate(states, axis=1)
    small = np.setdiff1d(np.arange(answered.shape[-1]), planted.PLANTED)
    for layer, numbers in enumerate(np.abs(answered)):
        large_ones = np.median(numbers[:, planted.PLANTED])
        ratio = large_ones / np.median(numbers[:, small])
        assert ratio >= 1000, f"layer {layer}: only {ratio:.0f} times"
    worst = alone.worst_error(answered[..., small], expected[..., small])
    print(f"of the other channels alone {worst:.1e}")
    assert worst <= SMALL_CHANNELS_TOLERANCE


@pytest.mark.parametrize("signature", SIGNATURES)
def test_many_inputs_in_one_request(client, reference, signature):
    family, cases, states = reference
    model = family + signature
    answers = client.encode(
        [case.sent for case in cases], model, layers=[-1, 0]
    )
    for answer, expected in zip(answers, states, strict=True):
        error = alone.worst_error(answer.hidden_states, expected[[-1, 0]])
        assert error <= TOLERANCE
    assert_batched(answers)


@pytest.mark.parametrize("signature", SIGNATURES)
def test_the_mean_is_the_mean_of_the_pieces(client, reference, signature):
    family, cases, states = reference
    model = family + signature
    answers = encode_all(
        client, cases, model, layers=all_layers(client, model), pooling="mean"
    )
    for answer, expected in zip(answers, states, strict=True):
        mean = expected.astype("f8").mean(axis=1)
        scale = np.linalg.norm(expected, axis=-1).mean(axis=1)
        assert answer.hidden_states.shape == mean.shape
        # Against the pieces' own length: a mean may come out near zero.
        error = np.linalg.norm(answer.hidden_states - mean, axis=-1) / scale
        assert error.max() <= TOLERANCE


def test_dtypes_dimensions_and_norms(client, reference):
    family, cases, states = reference
    case, expected = cases[1], states[1][-1]
    for dtype, digits in [("float16", 2**-10), ("bfloat16", 2**-7)]:
        [answer] = client.encode([case.sent], family, dtype=dtype)
        np.testing.assert_allclose(
            answer.hidden_states[0].astype("f8"), expected, digits, digits
        )
    [answer] = client.encode([case.sent], family, dimensions=16, normalize=True)
    first = expected[:, :16].astype("f8")
    first /= np.linalg.norm(first, axis=-1, keepdims=True)
    assert alone.worst_error(answer.hidden_states[0], first) <= TOLERANCE


def test_meaning_survives(client):
    """MiniLM is trained: what it finds near must be near for people too."""
    texts = [
        "A cat is sleeping on the sofa.",
        "The central bank raised interest rates again.",
        "A kitten naps on the couch.",
    ]
    answers = client.encode(texts, "minilm", pooling="mean", normalize=True)
    cat, bank, kitten = (answer.hidden_states[0] for answer in answers)
    assert cat @ kitten > 0.6 > 0.3 > cat @ bank


@pytest.mark.gpu
@pytest.mark.parametrize("family", FAMILIES)
def test_on_a_gpu(serve, models, family):
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device on this machine")
    with serve(models, "--devices=cuda") as server:
        with strata.Client(server.address, timeout=120, retries=0) as client:
            for signature in SIGNATURES:
                check_on_gpu(client, models, family, signature)


def check_on_gpu(client, models, family, signature):
    described = client.model(family + signature)
    assert all(device.startswith("cuda:") for device in described.devices)
    tokenizer = alone.reference_tokenizer(models, family)
    cases = alone.mixed_cases(tokenizer, described.max_pieces, CASES)
    model = alone.eager_model(family, described.vocabulary_size).cuda()
    answers = encode_all(
        client, cases, described.name, layers=range(described.layers)
    )
    for case, answer in zip(cases, answers, strict=True):
        expected = alone.run(model, case.ids)
        error = alone.worst_error(answer.hidden_states, expected)
        assert error <= TOLERANCE, f"{len(case.ids)} pieces: {error:.1e}"
    assert_batched(answers)
