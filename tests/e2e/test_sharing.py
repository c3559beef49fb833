# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What waits together and is equal is computed once, whole or in part."""

import random

import numpy as np

MODEL = "falcon-random"
PREFIX = 40
TAIL = 8
TEXTS = 24


def largest_error(ours: np.ndarray, alone: np.ndarray) -> float:
    """The largest ||ours - alone|| / ||alone|| of a piece and layer."""
    difference = np.linalg.norm(ours - alone, axis=-1)
    return float((difference / np.linalg.norm(alone, axis=-1)).max())


def inputs_that_begin_alike() -> list[list[int]]:
    dice = random.Random(3)
    draw = lambda count: [dice.randrange(20, 200) for _ in range(count)]  # noqa: E731
    prefix = draw(PREFIX)
    return [prefix + draw(TAIL) for _ in range(TEXTS)]


def test_a_common_beginning_is_computed_once(client):
    assert client.model(MODEL).message.trace_report.prefix_sharing_exact
    inputs = inputs_that_begin_alike()
    together = client.encode(inputs, MODEL, layers=[0, 1, -1])
    # All were in the queue at once, so few forwards carried them.
    computed = {
        (answer.batch.rows, answer.batch.pieces) for answer in together
    }
    assert sum(pieces for _, pieces in computed) < TEXTS * (PREFIX + TAIL) / 2
    for ids, answer in zip(inputs, together):
        [alone] = client.encode([ids], MODEL, layers=[0, 1, -1])
        assert largest_error(answer.hidden_states, alone.hidden_states) <= 1e-5


def test_equal_inputs_are_computed_once_whatever_is_asked_of_them(client):
    ids = inputs_that_begin_alike()[0]
    other = [5, 6, 7]
    answers = client.encode([ids, other, ids, ids], MODEL, layers=[-1])
    # The other may have gone along or not.
    assert answers[0].batch.pieces <= len(ids) + len(other)
    for i in (2, 3):
        np.testing.assert_array_equal(
            answers[i].hidden_states, answers[0].hidden_states
        )
        assert answers[i].piece_count == len(ids)
    [alone] = client.encode([other], MODEL, layers=[-1])
    assert (
        largest_error(answers[1].hidden_states, alone.hidden_states) <= 1e-5
    )
