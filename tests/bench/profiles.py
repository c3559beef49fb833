# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The table of everything: models and outputs under every load."""

from __future__ import annotations

import pathlib

import bench_models
import tools
from bench_models import Model
from workbench import Workbench

_IN_FLIGHT = (1, 8, 32, 128)
_SHARES = (0.5, 0.9)


def outputs(model: Model) -> dict[str, dict]:
    """What is asked for, by the name of its profile."""
    if model is bench_models.MINILM:
        return {"mean": {}, "all pieces": {"every_piece": True}}
    every = {"every_piece": True}
    return {
        "last layer": every,
        "middle layer": every | {"layers": [model.layers // 2]},
        "all layers": every | {"layers": list(range(model.layers + 1))},
    }


def profile(
    bench: Workbench, model: Model, texts: pathlib.Path, asked: dict
) -> list[dict]:
    """A row for each number in flight, and for shares of capacity."""
    server = bench.server(model)
    rows = []
    capacity = 0.0
    for in_flight in _IN_FLIGHT:
        before = server.counts()
        run = bench.closed(server, model, texts, in_flight, **asked)
        rows.append(_row(f"{in_flight} in flight", run, server, before))
        capacity = max(capacity, run["texts_per_second"])
    for share in _SHARES:
        before = server.counts()
        rate = max(share * capacity, 1.0)
        run = bench.opened(server, model, texts, rate, **asked)
        rows.append(_row(f"{share:.0%} of capacity", run, server, before))
    return rows


def _row(load: str, run: dict, server: tools.Server, before: dict) -> dict:
    batches = tools.batches_between(before, server.counts())
    texts = run["texts_per_second"] * run["seconds"]
    latency = run["latency"]
    return {
        "load": load,
        "pieces/s": run["pieces_per_second"],
        "texts/s": run["texts_per_second"],
        "CPU s / 1,000 texts": 1e3 * run["server_cpu_seconds"] / max(texts, 1),
        "p50 ms": latency["p50_ms"],
        "p99 ms": latency["p99_ms"],
        "p99.9 ms": latency["p99_9_ms"],
        "padding": batches["padding_share"],
        "rows": batches["mean_rows"],
        "pieces": batches["mean_pieces"],
        "MB/s out": run["bytes_per_second"] / 1e6,
        "peak MiB": run["server_peak_bytes"] / 2**20,
        "failures": sum(run["failures"].values()),
    }
