# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""An exception in one forward fails the input that caused it, and no other."""

import numpy as np
import wire
from switch_model import MARK, ids

import strata


def test_only_the_input_that_fails_fails(serve, switched):
    inputs = [ids(i) for i in range(24)]
    inputs[5] = [50, MARK]
    inputs[17] = [MARK]
    with serve(switched.repository) as server:
        with strata.Client(server.address, timeout=120, retries=0) as client:
            alone = [client.encode([x], "m")[0] for x in inputs]
            together = client.encode(inputs, "m")
            for i, (one, other) in enumerate(zip(alone, together)):
                if i in (5, 17):
                    assert other.error.reason == "FORWARD_FAILED"
                    assert "a planted failure" in other.error.message
                    continue
                assert other.error is None
                np.testing.assert_allclose(
                    other.hidden_states, one.hidden_states, rtol=0, atol=1e-4
                )
        told = [x for x in server.lines if "event=inputs_failed" in x]
        assert told and "planted" not in "".join(told)
        assert "model=m version=1 inputs=1 reason=FORWARD_FAILED" in told[0]
        assert "method=Encode request_id=" in told[0]
        # Each twice: alone, and among the others.
        failed = 'strata_failed_inputs_total{model="m"}'
        assert wire.metric(server, failed) == 4
        assert wire.metric(server, "strata_failing_models") == 0


def test_in_a_stream_the_others_are_answered(serve, switched):
    with serve(switched.repository) as server:
        with strata.Client(server.address, timeout=120, retries=0) as client:
            requests = [
                client.encode_request([ids(i) if i % 3 else [MARK, i]], "m")
                for i in range(30)
            ]
            answers = list(client.encode_stream(requests))
            assert len(answers) == 30
            for answer in answers:
                [encoding] = answer.encodings
                assert (encoding.error is None) == (answer.index % 3 != 0)


def test_no_flood_of_bad_inputs_makes_health_suffer(serve, switched):
    """What callers do wrong is no reason to send the others elsewhere."""
    import watched

    with serve(switched.repository) as server:
        with (
            strata.Client(server.address, timeout=120, retries=0) as client,
            watched.Watch(server.address, "m") as health,
        ):
            bad = [[MARK, 100 + i] for i in range(200)]
            assert all(x.error is not None for x in client.encode(bad, "m"))
            [good] = client.encode([ids(0)], "m")
            assert good.error is None
            health.await_last("SERVING")
            assert health.statuses == ["SERVING"]
        assert not any("model_failing" in line for line in server.lines)
