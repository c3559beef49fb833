# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""A model that always fails stops being SERVING by itself, and comes back."""

import pytest
import watched
import wire
from switch_model import Fault, ids, reason_of

import strata


@pytest.mark.parametrize("fault", [Fault.FAIL, Fault.NO_MEMORY])
def test_health_tells(serve, switched, fault):
    with serve(switched.repository) as server:
        with (
            strata.Client(server.address, timeout=120, retries=0) as client,
            watched.Watch(server.address, "m") as health,
            watched.Watch(server.address, "other") as other_health,
            watched.Watch(server.address) as whole,
        ):
            health.await_last("SERVING")
            switched.switch.set(fault)
            sent = 0
            while health.statuses[-1] == "SERVING":
                assert reason_of(client, ids(sent)) in (
                    "FORWARD_FAILED",
                    "SERVER_FULL",
                )
                sent += 1
            # It takes a few failures.
            assert sent >= 5
            assert health.statuses == ["SERVING", "NOT_SERVING"]
            assert wire.metric(server, "strata_failing_models") == 1
            failed = 'strata_failed_inputs_total{model="m"}'
            assert wire.metric(server, failed) >= 5
            # The other one is not harmed.
            [encoding] = client.encode(["still here"], "other")
            assert encoding.error is None

            switched.switch.set(Fault.NONE)
            # Without anybody asking.
            health.await_last("SERVING")
            assert reason_of(client, ids(0)) is None
            assert wire.metric(server, "strata_failing_models") == 0
            assert other_health.statuses == ["SERVING"]
            assert whole.statuses == ["SERVING"]
    text = "\n".join(server.lines)
    assert "event=model_failing model=m version=1" in text
    assert "event=model_fails_no_more model=m version=1" in text


def test_of_an_only_model_the_server_is_not_serving(
    serve, switched, tmp_path
):
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "m").symlink_to(switched.repository / "m")
    with serve(repository) as server:
        with (
            strata.Client(server.address, timeout=120, retries=0) as client,
            watched.Watch(server.address) as whole,
        ):
            whole.await_last("SERVING")
            switched.switch.set(Fault.FAIL)
            for i in range(5):
                reason_of(client, ids(i))
            whole.await_last("NOT_SERVING")
            switched.switch.set(Fault.NONE)
            whole.await_last("SERVING")
