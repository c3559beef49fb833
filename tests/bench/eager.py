#!/usr/bin/env python3
# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The other contrast: the eager model in a Python loop, sorted and padded.

Prints one JSON object: useful pieces per second with the best batch size.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import time

import bench_models
import torch
import workload
from curated_transformers.layers.attention import (
    AttentionMask,
    enable_torch_sdp,
)

_MODELS = {
    model.name: model
    for model in (
        bench_models.SMALL,
        bench_models.LARGE_BF16,
        bench_models.FALCON_7B,
    )
}
_BATCHES = (8, 16, 32, 64, 128)


@torch.inference_mode()
def one_pass(decoder, texts: list[list[int]], batch: int, device) -> float:
    """Seconds of a pass over the texts."""
    _wait(device)
    begin = time.perf_counter()
    for first in range(0, len(texts), batch):
        rows = texts[first : first + batch]
        longest = max(map(len, rows))
        ids = torch.zeros(len(rows), longest, dtype=torch.long)
        mask = torch.zeros(len(rows), longest, dtype=torch.bool)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = torch.tensor(row)
            mask[i, : len(row)] = True
        decoder(ids.to(device), AttentionMask(mask.to(device)))
    _wait(device)
    return time.perf_counter() - begin


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=_MODELS, required=True)
    parser.add_argument("--texts", type=pathlib.Path, required=True)
    parser.add_argument("--device", type=torch.device, default="cuda:0")
    options = parser.parse_args()
    decoder = bench_models.decoder(_MODELS[options.model]).to(options.device)
    texts = sorted(workload.read_ids(options.texts), key=len, reverse=True)
    pieces = sum(map(len, texts))
    rates = {}
    with enable_torch_sdp():
        one_pass(decoder, texts, _BATCHES[0], options.device)  # Warms up.
        for batch in _BATCHES:
            seconds = one_pass(decoder, texts, batch, options.device)
            rates[batch] = pieces / seconds
    best = max(rates, key=rates.get)
    print(json.dumps({"pieces_per_second": rates[best], "batch": best}))


if __name__ == "__main__":
    main()
