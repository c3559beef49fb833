# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What the server holds when a peak is over."""

from concurrent import futures

import wire

import strata

CALLERS = 8
INPUTS = 48
# Of what the peak took, what may stay: caches that are filled for good.
KEPT = 0.25


def ask(address: str) -> None:
    """All layers of long inputs, whole."""
    inputs = [[20 + i, 30] * 256 for i in range(INPUTS)]
    with strata.Client(address, timeout=300) as client:
        client.encode(inputs, layers=range(5))


def test_what_a_peak_took_goes_back_to_the_system(serve, small):
    with serve(small) as server:
        with strata.Client(server.address) as client:
            client.encode(["A text."])
        before = peak = wire.resident_mib(server.pid)
        with futures.ThreadPoolExecutor(CALLERS) as pool:
            calls = [pool.submit(ask, server.address) for _ in range(CALLERS)]
            while not all(call.done() for call in calls):
                peak = max(peak, wire.resident_mib(server.pid))
            for call in calls:
                call.result()
        print(f"{before:.0f} MiB before, {peak:.0f} at the peak")
        assert peak > before + 50, "it was no peak"
        wire.wait_until(
            lambda: wire.resident_mib(server.pid)
            <= before + KEPT * (peak - before),
            "memory goes back",
        )
