# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""A forward that does not come to its end: its callers are told, and health."""

import signal
import time
from concurrent import futures

import grpc
import numpy as np
import pytest
import watched
import wire
from switch_model import Fault, ids

import strata


def test_its_callers_are_told_and_the_others_served(serve, switched):
    # The second time-out is far: it comes on again before.
    with serve(
        switched.repository, "--hang-timeout=8s", "--instances=2"
    ) as server:
        with (
            strata.Client(server.address, timeout=120, retries=0) as client,
            watched.Watch(server.address) as health,
            watched.Watch(server.address, "other") as other_health,
        ):
            [before] = client.encode([ids(0)], "m")
            health.await_last("SERVING")
            switched.switch.set(Fault.HANG)
            with pytest.raises(strata.StrataError) as raised:
                client.encode([ids(1)], "m")
            assert raised.value.code is grpc.StatusCode.UNAVAILABLE
            assert raised.value.reason == "DEVICE_LOST"
            assert 'a forward of model "m" on cpu' in raised.value.message
            # Whoever can go elsewhere should; who comes is still served.
            health.await_last("NOT_SERVING")
            other_health.await_last("NOT_SERVING")
            assert wire.metric(server, "strata_stuck_forwards") == 1
            [encoding] = client.encode(["still here"], "other")
            assert encoding.error is None

            switched.switch.set(Fault.NONE)
            health.await_last("SERVING")
            other_health.await_last("SERVING")
            assert wire.metric(server, "strata_stuck_forwards") == 0
            rejected = 'strata_rejections_total{reason="DEVICE_LOST"}'
            assert wire.metric(server, rejected) == 1
            [after] = client.encode([ids(0)], "m")
            np.testing.assert_array_equal(
                after.hidden_states, before.hidden_states
            )
        text = "\n".join(server.lines)
        assert "event=device_stuck" in text
        assert "event=device_recovered" in text


def test_where_nobody_is_left_what_waits_is_told_too(serve, switched):
    with serve(
        switched.repository,
        "--hang-timeout=8s",
        "--instances=1",
        "--drain-timeout=20s",
    ) as server:
        with strata.Client(server.address, timeout=120, retries=0) as client:
            switched.switch.set(Fault.HANG)
            with futures.ThreadPoolExecutor(9) as pool:
                calls = [
                    pool.submit(client.encode, [ids(i)], model)
                    for i in range(4)
                    for model in ("m", "other")
                ]
                stream = pool.submit(
                    lambda: list(
                        client.encode_stream(
                            [client.encode_request([ids(5)], "m")]
                        )
                    )
                )
                for call in calls:
                    error = call.exception()
                    # What "other" had in hand before "m" hung was answered.
                    assert error is None or error.reason == "DEVICE_LOST"
                assert calls[0].exception() is not None
                [answer] = stream.result()
                assert answer.error.reason == "DEVICE_LOST"
            wire.wait_until(
                lambda: wire.metric(server, "strata_in_flight_requests") == 0,
                "nothing is in flight",
            )
            switched.switch.set(Fault.NONE)


def test_one_that_never_comes_on_ends_the_server(serve, switched):
    """With 1, for its supervisor; calls are told until then."""
    with serve(
        switched.repository, "--hang-timeout=2s", "--lame-duck=1s"
    ) as server:
        with strata.Client(server.address, timeout=120, retries=0) as client:
            switched.switch.set(Fault.HANG)
            with pytest.raises(strata.StrataError) as raised:
                client.encode([ids(1)], "m")
            assert raised.value.reason == "DEVICE_LOST"
            assert server.wait() == 1
    text = "\n".join(server.lines)
    assert text.index("event=device_stuck") < text.index("event=device_lost")
    assert 'event=stopping signal="a device was lost" pause=1s' in text
    assert "a new process is needed" in server.lines[-1]


def test_it_does_not_hold_a_stop(serve, switched):
    with serve(switched.repository, "--drain-timeout=3s") as server:
        with strata.Client(server.address, timeout=120, retries=0) as client:
            switched.switch.set(Fault.HANG)
            with futures.ThreadPoolExecutor(1) as pool:
                call = pool.submit(client.encode, [ids(1)], "m")
                wire.wait_until(
                    lambda: wire.metric(server, "strata_in_flight_requests"),
                    "the request is in flight",
                )
                begin = time.monotonic()
                server.send_signal(signal.SIGTERM)
                assert server.wait() == 0
                # 3 s of drain, 5 s for the forward; a minute on a busy machine.
                assert time.monotonic() - begin < 60
                assert call.exception() is not None
    assert "a forward was still running" in server.lines[-1]
