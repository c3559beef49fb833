# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""A forward that there is no memory for fails alone, and the server goes on."""

import grpc
import numpy as np
import wire
from switch_model import Fault, ids

import strata


def test_the_server_goes_on(serve, switched):
    with serve(switched.repository) as server:
        with strata.Client(server.address, timeout=120, retries=0) as client:
            inputs = [ids(i) for i in range(16)]
            before = client.encode(inputs, "m")
            switched.switch.set(Fault.NO_MEMORY)
            for encoding in client.encode(inputs, "m"):
                assert encoding.error.code is grpc.StatusCode.RESOURCE_EXHAUSTED
                assert encoding.error.reason == "SERVER_FULL"
            # Its batches are halved until each input is alone.
            failed = 'strata_failed_inputs_total{model="m"}'
            assert wire.metric(server, failed) >= 16
            [other] = client.encode(["still here"], "other")
            assert other.error is None
            switched.switch.set(Fault.NONE)
            after = client.encode(inputs, "m")
            for one, two in zip(before, after):
                np.testing.assert_allclose(
                    two.hidden_states, one.hidden_states, rtol=0, atol=1e-4
                )
