# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The figures that need a CUDA device."""

from __future__ import annotations

import pathlib
import statistics
import subprocess
import sys
import threading

import bench_models
import measures
import tools
from measures import Figures
from workbench import Workbench, column, median_ratio


def throughput(bench: Workbench) -> Figures:
    """Of the small decoder: the share of idle time comes with it."""
    model = bench.chosen(bench_models.LARGE_BF16)
    with Utilization() as utilization:
        rounds = measures.saturated(bench, model)
        # Once more, the server alone.
        texts = bench.texts(model, bench.scale.texts)
        server = bench.server(model)
        utilization.begin()
        bench.closed(server, model, texts, bench.scale.saturated)
        busy = utilization.mean()
    ours = column(rounds["server"], "pieces_per_second")
    theirs = column(
        rounds[measures.faster_limit(rounds)], "pieces_per_second"
    )
    details = {"model": model.name, "server": ours, "limit": theirs}
    return {
        "throughput_gpu": (median_ratio(ours, theirs), details),
        "idle_gpu": (1 - busy, {"model": model.name}),
    }


def falcon(bench: Workbench) -> Figures:
    model = bench.chosen(bench_models.FALCON_7B)
    rounds = measures.saturated(bench, model)
    texts = bench.texts(model, bench.scale.texts)
    limit = bench.limit(model, texts)
    peak = limit.ask("matrix 8192 20")["flops_per_second"]
    run = rounds["server"][-1]
    operations = model.work_operations(run["work"]) / run["seconds"]
    ours = statistics.median(column(rounds["server"], "pieces_per_second"))
    bench.stop()  # Memory for the eager model.
    eager = tools.run_json(
        [
            sys.executable,
            str(pathlib.Path(__file__).with_name("eager.py")),
            f"--model={model.name}",
            f"--texts={texts}",
            f"--device={bench.device}",
        ]
    )
    return {
        "mfu_gpu": (operations / peak, {"peak_flops_per_second": peak}),
        "vs_eager_gpu": (ours / eager["pieces_per_second"], eager),
    }


def copies(bench: Workbench) -> Figures:
    model = bench.chosen(bench_models.LARGE_BF16)
    limit = bench.limit(model, bench.texts(model, [500]))
    ours = limit.ask("answers 0 20")["bytes_per_second"]
    link = limit.ask("copy 268435456 20")["bytes_per_second"]
    details = {"answers": ours, "pinned": link}
    return {"copy_gpu": (ours / link, details)}


def loading(bench: Workbench) -> Figures:
    model = bench.chosen(bench_models.LARGE_BF16)

    def copy_seconds(size: int) -> float:
        limit = bench.limit(model, bench.texts(model, [25]))
        return size / limit.ask(f"upload {size} 3")["bytes_per_second"]

    return measures.load_figures(bench, model, copy_seconds)


class Utilization:
    """Samples how busy the first device is, ten times a second."""

    def __enter__(self) -> Utilization:
        self._process = subprocess.Popen(
            [
                "nvidia-smi",
                "--id=0",
                "--query-gpu=utilization.gpu",
                "--format=csv,noheader,nounits",
                "--loop-ms=100",
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        self._samples: list[float] = []
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def begin(self) -> None:
        self._samples.clear()

    def mean(self) -> float:
        """Share of time since begin() in which something ran, but for a
        second at either end."""
        inner = self._samples[10:-10] or self._samples
        return statistics.mean(inner) / 100 if inner else 0.0

    def _read(self) -> None:
        for line in self._process.stdout:
            self._samples.append(float(line))
