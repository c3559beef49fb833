# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Whether memory grows while a server answers for a long time.

Environment:
    STRATA_SOAK_SECONDS  how long (default: 3600)
"""

import os
import random
import threading
import time

import pytest
import wire

import strata

SECONDS = float(os.environ.get("STRATA_SOAK_SECONDS", "3600"))
CLIENTS = 6
# What the second half may hold more than the first at its highest: caches of
# the allocators fill up slowly.
MOST_GROWTH = 1.05


def ask(client: strata.Client, models: list, dice: random.Random) -> int:
    """A request of any kind; returns how many inputs were answered."""
    model = dice.choice(models)
    longest = dice.choice((8, 32, model.max_pieces))
    inputs = [
        [dice.randrange(20, 200) for _ in range(dice.randint(1, longest))]
        for _ in range(dice.choice((1, 1, 2, 8, 24)))
    ]
    options = dice.choice(
        (
            {"pooling": "mean"},
            {"pooling": "last", "layers": [dice.randrange(model.layers)]},
            {"layers": [-1]},
            {"layers": range(model.layers)},
        )
    )
    if dice.random() < 0.3:
        request = client.encode_request(inputs, model.name, **options)
        [answer] = client.encode_stream([request])
        return len(answer.encodings)
    in_parts = dice.random() < 0.5
    return len(client.encode(inputs, model.name, in_parts=in_parts, **options))


@pytest.mark.nightly
def test_memory_does_not_grow(serve, models):
    with serve(models) as server:
        with strata.Client(server.address, timeout=120) as client:
            ready = [
                client.model(x.name)
                for x in client.models()
                if x.state == "ready"
            ]
            end = time.monotonic() + SECONDS
            answered = [0] * CLIENTS
            errors = []

            def keep_asking(index: int) -> None:
                dice = random.Random(index)
                try:
                    while time.monotonic() < end:
                        answered[index] += ask(client, ready, dice)
                except Exception as error:  # noqa: BLE001: told below.
                    errors.append(error)

            threads = [
                threading.Thread(target=keep_asking, args=(i,))
                for i in range(CLIENTS)
            ]
            for thread in threads:
                thread.start()
            held = []
            while any(thread.is_alive() for thread in threads):
                held.append(wire.resident_mib(server.pid))
                time.sleep(1)
            assert not errors
            assert min(answered) > 0
            middle = len(held) // 2
            first, second = max(held[:middle]), max(held[middle:])
            tenths = [f"{x:.0f}" for x in held[:: max(1, len(held) // 10)]]
            print(f"{sum(answered)} inputs answered; MiB held: {tenths}")
            assert second <= first * MOST_GROWTH, tenths
