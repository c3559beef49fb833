# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The soak: a short one passes, and it finds what it is there to find."""

import random
import subprocess
import sys

import alone
import gate as gate_module
import grpc
import numpy as np
import pytest
import questions
from served import ROOT
from tally import Look, Tally, growth, show, table

import strata
from strata import results
from strata.v1 import hidden_state_service_pb2 as service_pb2
from strata.v1 import tensor_pb2

GOOD_LOOKS = [Look(0, 100, 9), Look(20, 120, 9)]


def test_a_short_soak(bin_dir, models):
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/soak/run.py"), "--seconds=20"],
        stdout=subprocess.PIPE, text=True, timeout=900,
    )
    print(done.stdout)
    assert done.returncode == 0
    for row in (
        "requests", "answers, each checked", "wrong answers", "lost",
        "refused rightly, UNAVAILABLE", "restarts under load",
        "rollouts of a version", "clients killed in mid-answer",
        "memory at the end", "descriptors at the start",
        "descriptors at the end",
    ):
        assert f"\n{row} " in done.stdout


@pytest.fixture(scope="module")
def known():
    """One input of 3 pieces, and states of 2 layers, 4 wide."""
    states = np.random.default_rng(1).normal(size=(2, 3, 4)).astype("f4")
    return questions.Known([alone.Case([7, 8, 9], [7, 8, 9])], [states])


def drawn(known, **options):
    """The first question that asks for this."""
    for seed in range(10_000):
        question = questions.Question("m", known, random.Random(seed), 1)
        [output] = question.request.outputs
        if all(getattr(output, x) == y for x, y in options.items()):
            return question
    raise AssertionError(f"never asked: {options}")


def answered(question, known, change=lambda numbers: numbers, pieces=3):
    """What a server would answer, but for the change."""
    [output] = question.request.outputs
    states = known.states[0][list(output.layers)]
    pooled = {
        service_pb2.POOLING_NONE: lambda: states,
        service_pb2.POOLING_MEAN: lambda: states.mean(axis=1),
        service_pb2.POOLING_MAX: lambda: states.max(axis=1),
        service_pb2.POOLING_LAST: lambda: states[:, -1],
        service_pb2.POOLING_FIRST: lambda: states[:, 0],
    }[output.pooling]()
    numbers = change(pooled.copy())
    tensor = tensor_pb2.Tensor(
        dtype=tensor_pb2.DATA_TYPE_FLOAT32,
        shape=numbers.shape,
        data=numbers.astype("<f4").tobytes(),
    )
    encoding = service_pb2.Encoding(
        piece_count=pieces, outputs=[service_pb2.Output(tensor=tensor)]
    )
    reply = service_pb2.EncodeResponse(encodings=[encoding])
    return results.encodings_of(reply, "hidden_states")


FLOAT = {"dtype": tensor_pb2.DATA_TYPE_FLOAT32, "dimensions": 0}


@pytest.mark.parametrize("pooling", ["NONE", "MEAN", "FIRST", "LAST", "MAX"])
def test_right_and_wrong_numbers_are_told_apart(known, pooling):
    value = service_pb2.Pooling.Value(f"POOLING_{pooling}")
    question = drawn(known, pooling=value, **FLOAT)

    def one_off(numbers):
        numbers.flat[0] += 1e-3
        return numbers

    def not_a_number(numbers):
        numbers.flat[-1] = np.nan
        return numbers

    assert question.mistake(answered(question, known)) is None
    for change in (one_off, not_a_number):
        found = question.mistake(answered(question, known, change))
        assert "as far off as allowed" in found


def test_answers_that_are_cut_are_wrong(known):
    question = drawn(known, pooling=service_pb2.POOLING_NONE, **FLOAT)
    assert "0 answers to 1" in question.mistake([])
    [answer] = answered(question, known, lambda numbers: numbers[:, :2])
    assert "its shape is" in question.mistake([answer])
    [answer] = answered(question, known, pieces=2)
    assert "piece_count is 2" in question.mistake([answer])


def error(code: grpc.StatusCode) -> strata.StrataError:
    return strata.StrataError(code, "it failed")


def verdict(tally, looks=GOOD_LOOKS, defects=()):
    """Whether it passes, and the rows that do not."""
    defects = list(defects)
    rows = table(tally, looks, defects)
    passed = show(rows, defects, say=lambda text: None)
    return passed, [row.name for row in rows if row.passed is False]


@pytest.fixture
def good_tally():
    tally = Tally()
    tally.answer(None)
    tally.failure(error(grpc.StatusCode.CANCELLED), {"CANCELLED"}, "a call")
    return tally


def test_what_is_well_passes(good_tally):
    assert verdict(good_tally) == (True, [])


def test_each_thing_that_is_wrong_fails(good_tally):
    assert verdict(Tally()) == (False, ["requests", "answers, each checked"])
    kept = [Look(0, 100, 9), Look(20, 100, 10)]
    assert verdict(good_tally, kept) == (False, ["descriptors at the end"])
    assert verdict(good_tally, defects=["call_failed"]) == (
        False, ["defects that the server tells of"],
    )
    good_tally.expect("restarts")
    assert verdict(good_tally) == (False, ["restarts"])
    good_tally.count("restarts")
    assert verdict(good_tally) == (True, [])
    good_tally.failure(error(grpc.StatusCode.INTERNAL), {"CANCELLED"}, "a call")
    assert verdict(good_tally) == (False, ["lost"])
    good_tally.answer("it is far off")
    assert verdict(good_tally) == (False, ["wrong answers", "lost"])


def looks_of(memory) -> list[Look]:
    return [Look(60.0 * i, x, 9) for i, x in enumerate(memory)]


def test_memory_that_grows_fails(good_tally):
    # Until five minutes have passed it may.
    flat = [100, 150, 180, 190, 199] + [200] * 20
    assert verdict(good_tally, looks_of(flat)) == (True, [])
    growing = flat[:-6] + [205] * 6
    assert verdict(good_tally, looks_of(growing)) == (
        False, ["growth of memory"],
    )
    # What comes and goes is no leak, and hides none.
    noise = [0, 300, 40, 0, 90]
    for floor, passed in ((flat, True), (growing, False)):
        noisy = [x + noise[i % 5] for i, x in enumerate(floor)]
        assert verdict(good_tally, looks_of(noisy))[0] is passed
    assert growth(looks_of(flat[:9])) is None


def test_a_round_that_breaks_off_ends_the_soak():
    gate = gate_module.Gate()

    def work():
        raise ValueError("broken")

    gate.start(work, random.Random(1))
    gate.wait(60)
    gate.end()
    assert isinstance(gate.failure, ValueError)


def test_nothing_runs_while_the_gate_is_closed():
    gate = gate_module.Gate()
    rounds = []
    for seed in range(3):
        gate.start(lambda: rounds.append(1), random.Random(seed), 1e-4)
    while len(rounds) < 10:
        pass
    with gate.rest():
        before = len(rounds)
        gate.wait(0.05)
        assert len(rounds) == before
    while len(rounds) == before:
        pass
    gate.end()
    assert gate.failure is None
