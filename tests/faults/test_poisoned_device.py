# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""A kernel's error that spoils the CUDA context: the server gives way."""

import grpc
import pytest
import watched
import wire
from switch_model import Fault, ids

import strata


@pytest.mark.gpu
def test_it_ends_for_its_supervisor(serve, switched):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    with serve(
        switched.repository, "--devices=cuda:0", "--lame-duck=2s"
    ) as server:
        with (
            strata.Client(server.address, timeout=120, retries=0) as client,
            watched.Watch(server.address) as health,
        ):
            health.await_last("SERVING")
            switched.switch.set(Fault.POISON)
            with pytest.raises(strata.StrataError) as raised:
                client.encode([ids(1)], "m")
            assert raised.value.code is grpc.StatusCode.UNAVAILABLE
            assert raised.value.reason == "DEVICE_LOST"
            health.await_last("NOT_SERVING")
            rejected = 'strata_rejections_total{reason="DEVICE_LOST"}'
            assert wire.metric(server, rejected) >= 1
            # In the pause every call is told at once.
            with pytest.raises(strata.StrataError) as raised:
                client.encode(["still here"], "other")
            assert raised.value.reason == "DEVICE_LOST"
            assert server.wait() == 1
    assert any("event=device_lost" in line for line in server.lines)
