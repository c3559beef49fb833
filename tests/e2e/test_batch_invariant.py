# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""A batch_invariant model: bitwise equal answers, whatever the load."""

import json
import random
from concurrent import futures

import alone
import pytest

import strata

INPUTS = 20
IN_FLIGHT = 64
REQUESTS = 160


@pytest.fixture
def client(serve, repository, add_model):
    folder = add_model("m")
    path = folder / "strata.json"
    config = json.loads(path.read_text()) if path.exists() else {}
    config |= {"batch_invariant": True}
    path.write_text(json.dumps(config))
    # The threads of other models' forwards follow the load.
    with serve(repository, "--intra-op-threads=0") as server:
        with strata.Client(server.address, timeout=120, retries=0) as client:
            yield client


def test_bytes_are_the_same_alone_and_under_load(client, models):
    described = client.model("m")
    assert described.batch_invariant
    tokenizer = alone.reference_tokenizer(models, "falcon-random")
    cases = alone.mixed_cases(tokenizer, 128, INPUTS)

    def encode(*chosen):
        answers = client.encode([cases[i].sent for i in chosen], layers=[0, -1])
        for answer in answers:
            # Alone in its forward, at its own length.
            assert answer.batch.rows == 1
            assert answer.batch.padded_pieces == answer.piece_count
        return [(i, a.hidden_states.tobytes()) for i, a in zip(chosen, answers)]

    quiet = dict(pair for i in range(INPUTS) for pair in encode(i))
    dice = random.Random(5)
    requests = [
        [dice.randrange(INPUTS) for _ in range(dice.randint(1, 6))]
        for _ in range(REQUESTS)
    ]
    with futures.ThreadPoolExecutor(IN_FLIGHT) as pool:
        loud = list(pool.map(lambda chosen: encode(*chosen), requests))
    seen = [pair for answers in loud for pair in answers]
    assert {i for i, _ in seen} == set(range(INPUTS))
    for i, numbers in seen:
        assert numbers == quiet[i], f"input {i} of {len(cases[i].ids)} pieces"
