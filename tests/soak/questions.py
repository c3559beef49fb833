# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What the soak asks, and what the answers must be.

Each model has inputs whose hidden states are known: what Curated Transformers
computes for each alone, in float32 and without a trace, once at the start. The
answer to any request that is drawn from them follows from those.
"""

from __future__ import annotations

import dataclasses
import pathlib
import random
from collections.abc import Sequence
from typing import Any

import alone
import numpy as np

import strata
from strata import results
from strata.v1 import hidden_state_service_pb2 as service_pb2

# As tests/e2e/test_golden.py has them, for what may differ by rounding alone.
TOLERANCE = 1e-5
_DIGITS = {"float16": 2.0**-10, "bfloat16": 2.0**-7}
_POOLINGS = ("none", "none", "mean", "first", "last", "max")


@dataclasses.dataclass(frozen=True)
class Known:
    """A model's inputs, and all hidden states of each, `[layers, T, W]`."""

    cases: list[alone.Case]
    states: list[np.ndarray]
    # Reasons that an input may fail with by itself.
    failures: frozenset[str] = frozenset()


def learn(repository: pathlib.Path, model: str, cases: int) -> Known:
    """Computes what is to be known of a model in the repository.

    Args:
        repository: Holds the model, as `alone.eager_model` knows it by name.
        cases: How many inputs.
    """
    tokenizer = alone.reference_tokenizer(repository, model)
    eager = alone.eager_model(model, tokenizer.get_vocab_size())
    drawn = alone.mixed_cases(tokenizer, 512, cases, first_id=20)
    return Known(drawn, [alone.run(eager, case.ids) for case in drawn])


class Question:
    """A request that is drawn by dice, and the check of its answer."""

    def __init__(
        self, model: str, known: Known, dice: random.Random, most_inputs: int
    ) -> None:
        """Draws it.

        Args:
            model: Name of the model that is asked; `known` is what it holds.
            most_inputs: Of the request, at least 1.
        """
        self._known = known
        self._picked = dice.choices(
            range(len(known.cases)), k=dice.randint(1, most_inputs)
        )
        count = len(known.states[0])
        self._options: dict[str, Any] = {
            "layers": dice.choice(
                (
                    [-1],
                    [dice.randrange(count)],
                    dice.sample(range(count), 2),
                    list(range(count)),
                )
            ),
            "pooling": dice.choice(_POOLINGS),
            "dimensions": dice.choice((0, 0, 0, 16)),
            "dtype": dice.choice(("float32",) * 4 + tuple(_DIGITS)),
        }
        self.request: service_pb2.EncodeRequest = strata.Client.encode_request(
            [known.cases[index].sent for index in self._picked],
            model,
            priority=dice.choice((0, 0, 0, -1, 2)),
            **self._options,
        )

    def mistake(self, answers: Sequence[results.Encoding]) -> str | None:
        """What is wrong with the answers; None where all are right."""
        if len(answers) != len(self._picked):
            return f"{len(answers)} answers to {len(self._picked)} inputs"
        for index, answer in zip(self._picked, answers, strict=True):
            found = self._mistake_of(index, answer)
            if found is not None:
                return f"{self._describe(index)}: {found}"
        return None

    def _describe(self, index: int) -> str:
        pieces = len(self._known.cases[index].ids)
        return f"{self.request.model}, {pieces} pieces, {self._options}"

    def _mistake_of(self, index: int, answer: results.Encoding) -> str | None:
        if answer.error is not None:
            if answer.error.reason in self._known.failures:
                return None
            return f"failed alone: {answer.error}"
        pieces = len(self._known.cases[index].ids)
        if answer.piece_count != pieces:
            return f"piece_count is {answer.piece_count}"
        states = self._known.states[index][self._options["layers"]]
        expected, scale = _pool(states, self._options["pooling"])
        expected = expected[..., : self._options["dimensions"] or None]
        got = answer.hidden_states
        if got.shape != expected.shape:
            return f"its shape is {got.shape}, not {expected.shape}"
        digits = _DIGITS.get(self._options["dtype"], 0.0)
        allowed = digits * (1 + np.abs(expected)) + TOLERANCE * scale
        # Of a vector in float32, as a whole: no one number of it is exact.
        error = np.abs(got.astype("f8") - expected)
        if not digits:
            error = np.linalg.norm(error, axis=-1, keepdims=True)
        worst = float((error / allowed).max())
        # Not "worst > 1": what is not a number is wrong.
        if not worst <= 1:
            return f"it is {worst:.1f} times as far off as allowed"
        return None


def _pool(states: np.ndarray, pooling: str) -> tuple[np.ndarray, np.ndarray]:
    """What is to be answered, and the length that errors are held against.

    Both have the same number of axes. A mean may come out near zero: it is held
    against what went into it.
    """
    states = states.astype("f8")
    lengths = np.linalg.norm(states, axis=-1, keepdims=True)
    if pooling == "none":
        return states, lengths
    if pooling in ("first", "last"):
        at = 0 if pooling == "first" else -1
        return states[:, at], lengths[:, at]
    if pooling == "mean":
        return states.mean(axis=1), lengths.mean(axis=1)
    return states.max(axis=1), lengths.max(axis=1)
