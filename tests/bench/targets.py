# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What the benchmark measures: each figure's id, target and meaning."""

from __future__ import annotations

import dataclasses
import operator

_COMPARE = {"<=": operator.le, ">=": operator.ge}


@dataclasses.dataclass(frozen=True)
class Target:
    """A figure that is held against a bound."""

    what: str
    sign: str
    bound: float
    how: str
    # Whether only a machine with a CUDA device can tell.
    gpu: bool = False

    def met(self, value: float) -> bool:
        return _COMPARE[self.sign](value, self.bound)

    def __str__(self) -> str:
        return f"{self.sign} {self.bound:g}"


TARGETS = {
    "cpu_cost": Target(
        "server CPU seconds per 1,000 texts at saturation ÷ the limit's",
        "<=",
        1.05,
        "closed loop of single texts, tokenizing included, mean pooling; the "
        "limit is given pieces and pools nothing; median of the rounds",
    ),
    "throughput": Target(
        "useful pieces per second at saturation ÷ the limit's",
        ">=",
        0.95,
        "the same rounds; the limit is scaled by the share of the CPUs that "
        "the client left",
    ),
    "vs_sorted": Target(
        "the same ÷ the best sorted and padded loop",
        ">=",
        1.10,
        "the same rounds",
    ),
    "useful_flops": Target(
        "useful operations ÷ those computed, at saturation",
        ">=",
        0.95,
        "rows and places of the forward that carried each text, as its answer "
        "tells them; matrix products and attention; all texts differ",
    ),
    "vs_asyncio": Target(
        "texts per second ÷ a hand-written asyncio server's, the least of 8, "
        "32 and 64 in flight",
        ">=",
        1.5,
        "asyncio_server.py, the same trace, no batching; rounds in turn",
    ),
    "vs_asyncio_one": Target(
        "the same at 1 in flight",
        ">=",
        1.0,
        "the same rounds",
    ),
    "after_cancel": Target(
        "latency of a short text right after 48 long ones were cancelled ÷ "
        "alone",
        "<=",
        3.0,
        "medians; cancelled 0.1 s after they were sent",
    ),
    "overhead_ms": Target(
        "p50 at 1 in flight − the bare forward of the same text, ms",
        "<=",
        0.5,
        "one text of median length over a loopback connection; median of the "
        "rounds",
    ),
    "goodput": Target(
        "highest Poisson rate with every length class's p99 ≤ 5 times its "
        "latency alone ÷ the limit's rate",
        ">=",
        0.80,
        "bisected; classes end at 16, 32, 64, 128, 256 and 512 pieces",
    ),
    "shared_prefix": Target(
        "time of 64 texts that share 64 pieces and have tails of 16 ÷ with "
        "distinct prefixes",
        "<=",
        0.28,
        "p50 of requests of 64 inputs of piece ids, one in flight",
    ),
    "layer_cut": Target(
        "time for layer k of n ÷ time for all, less k/n, the worst k",
        "<=",
        0.05,
        "time per useful piece in a closed loop of requests of 8 texts as ids",
    ),
    "growth": Target(
        "time per useful piece with 10,000 waiting ÷ with 100",
        "<=",
        1.10,
        "closed loops in turn, single texts, all different",
    ),
    "bytes_out": Target(
        "bytes per second of all layers of every piece ÷ a bare gRPC echo of "
        "ready buffers",
        ">=",
        0.8,
        "a trace that computes next to nothing (a table's rows as 13 layers, "
        "768 wide), 512 pieces a text; answers of the same size in both",
    ),
    "ready": Target(
        "time to ready ÷ (time to read the file + to copy it to the device)",
        "<=",
        1.5,
        "the largest decoder, its file in the page cache; on a CPU there is "
        "nothing to copy",
    ),
    "load_memory": Target(
        "peak host memory while loading ÷ the file's size",
        "<=",
        1.2,
        "above that of a server without models",
    ),
    "throughput_gpu": Target(
        "useful pieces per second at saturation on one GPU ÷ the limit's",
        ">=",
        0.97,
        "as throughput, the client not accounted for",
        gpu=True,
    ),
    "mfu_gpu": Target(
        "useful operations per second ÷ the matrix peak measured there, bf16, "
        "Falcon-7B's shape",
        ">=",
        0.60,
        "over the wire; the peak is that of square products of 8,192",
        gpu=True,
    ),
    "vs_eager_gpu": Target(
        "the same throughput ÷ the eager model in a Python loop, sorted and "
        "padded, its best batch",
        ">=",
        1.2,
        "eager.py on the same texts",
        gpu=True,
    ),
    "idle_gpu": Target(
        "share of time that the device waits at saturation, 160 million "
        "parameters",
        "<=",
        0.03,
        "1 − nvidia-smi's utilization.gpu, sampled ten times a second",
        gpu=True,
    ),
    "copy_gpu": Target(
        "device-to-host rate of large answers ÷ that of pinned copies",
        ">=",
        0.9,
        "selecting every layer of 512 pieces, and the one copy out",
        gpu=True,
    ),
}
