# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Two forwards at the same time on one device give the numbers of one."""

from concurrent import futures

import alone
import wire

import strata

MODELS = ["falcon-random", "minilm"]
CASES = 40
LIMIT = 128
IN_FLIGHT = 32
TOLERANCE = 1e-5
LAYERS = [[-1], [0, 1], [0, 2, -1]]


def test_two_instances_give_the_numbers_of_one(
    serve, client, models, repository
):
    for model in MODELS:
        (repository / model).symlink_to(models / model)
    asked = [
        (model, case.sent, LAYERS[i % len(LAYERS)])
        for model in MODELS
        for i, case in enumerate(
            alone.mixed_cases(
                alone.reference_tokenizer(models, model), LIMIT, CASES
            )
        )
    ]

    def encode(client, model, sent, layers):
        [answer] = client.encode([sent], model, layers=layers)
        return answer.hidden_states

    expected = [encode(client, *x) for x in asked]
    with serve(repository, "--instances=2") as server:
        with strata.Client(server.address, timeout=120, retries=0) as two:
            with futures.ThreadPoolExecutor(IN_FLIGHT) as pool:
                answers = list(pool.map(lambda x: encode(two, *x), asked))
            for model in MODELS:
                # A device is named once, whatever runs on it.
                assert two.model(model).devices == ["cpu"]
        for model in MODELS:
            for series, value in {
                f'strata_requests_total{{code="OK",model="{model}"}}': CASES,
                f'strata_inputs_total{{model="{model}"}}': CASES,
                f'strata_graph_compilations_total{{model="{model}"}}': 0,
                "strata_queue_depth_inputs": 0,
                "strata_in_flight_requests": 0,
            }.items():
                assert wire.metric(server, series) == value, series
    ready = [x for x in server.lines if "event=model_ready" in x]
    assert len(ready) == len(MODELS)
    assert all(" devices=cpu,cpu " in x for x in ready)
    worst = max(map(alone.worst_error, answers, expected))
    print(f"worst relative error {worst:.1e}")
    assert worst <= TOLERANCE
