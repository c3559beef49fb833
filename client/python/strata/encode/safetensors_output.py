# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The output as one safetensors file.

The package safetensors wants all of a file in memory; this writes it in the
format that it reads, of shards that are each read when their turn comes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from strata.encode.packages import package
from strata.encode.plan import Plan
from strata.encode.shard import Shard

PLAN_KEY = "strata.plan"
_NAMES = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}

Arrays = Iterator[npt.NDArray[np.generic]]


def write(file: BinaryIO, plan: Plan, shards: Sequence[Shard]) -> None:
    """Writes `states`, `rows`, `layers`, and of texts of many pieces `offsets`.

    With ids, they are `id_bytes` from `id_offsets[i]` to `id_offsets[i + 1]`.
    """
    texts = sum(shard.tensor("rows").size for shard in shards)
    pieces = sum(int(shard.tensor("pieces").sum()) for shard in shards)
    layers = np.array(plan.layers, np.int64)
    # Name, type, shape, and what it is made of; the largest come last.
    tensors: list[tuple[str, str, list[int], Arrays]] = [
        ("layers", "I64", [len(layers)], iter([layers])),
        ("rows", "I64", [texts], (x.tensor("rows") for x in shards)),
    ]
    if not plan.pooled:
        lengths = (shard.tensor("pieces") for shard in shards)
        tensors.append(("offsets", "I64", [texts + 1], _offsets(lengths)))
    if plan.id_field:
        lengths = (_lengths(_id_bytes(shard)) for shard in shards)
        tensors.append(("id_offsets", "I64", [texts + 1], _offsets(lengths)))
    shape = [pieces, len(plan.layers), plan.width]
    states = (shard.tensor("states") for shard in shards)
    tensors.append(("states", _NAMES[plan.dtype], shape, states))
    if plan.id_field:
        size = sum(len(b"".join(_id_bytes(shard))) for shard in shards)
        joined = (
            np.frombuffer(b"".join(_id_bytes(shard)), np.uint8)
            for shard in shards
        )
        tensors.append(("id_bytes", "U8", [size], joined))

    header: dict[str, object] = {"__metadata__": {PLAN_KEY: plan.to_json()}}
    begin = 0
    for name, dtype, shape, _ in tensors:
        end = begin + int(np.prod(shape)) * _SIZES[dtype]
        header[name] = {
            "dtype": dtype,
            "shape": shape,
            "data_offsets": [begin, end],
        }
        begin = end
    text = json.dumps(header).encode()
    # So that the data is aligned.
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)
    for _, _, _, arrays in tensors:
        for array in arrays:
            if array.size:  # One of none has no buffer.
                file.write(np.ascontiguousarray(array).data.cast("B"))


_SIZES = {"I64": 8, "F32": 4, "F16": 2, "BF16": 2, "U8": 1}


def read_plan(path: Path) -> str | None:
    """What a file was written by; None: something else."""
    opened = package("safetensors").safe_open(path, framework="numpy")
    with opened as file:
        text: str | None = (file.metadata() or {}).get(PLAN_KEY)
        return text


def _id_bytes(shard: Shard) -> list[bytes]:
    return [x.encode() for x in shard.ids]


def _lengths(texts: list[bytes]) -> npt.NDArray[np.int64]:
    return np.array([len(text) for text in texts], np.int64)


def _offsets(lengths: Iterator[npt.NDArray[np.int64]]) -> Arrays:
    """Where each begins, and where the last ends."""
    yield np.zeros(1, np.int64)
    total = np.int64(0)
    for some in lengths:
        yield total + np.cumsum(some)
        total += some.sum()
