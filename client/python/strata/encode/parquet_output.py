# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The output as one Parquet file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from strata.encode.packages import package
from strata.encode.plan import Plan
from strata.encode.safetensors_output import PLAN_KEY
from strata.encode.shard import Shard
from strata.tensors import widened


def write(file: BinaryIO, plan: Plan, shards: Sequence[Shard]) -> None:
    """Writes the columns `row`, `id` if asked for, and `layer_N` for each.

    A layer is a list of numbers, and of texts of many pieces a list of those.
    bfloat16, which Parquet lacks, becomes float32.
    """
    arrow = package("pyarrow")
    schema = _schema(arrow, plan)
    vectors = [name for name in schema.names if name.startswith("layer_")]
    writer = package("pyarrow.parquet").ParquetWriter(
        file,
        schema,
        # Hidden states do not repeat, and hardly compress.
        compression="none",
        use_dictionary=["id"] if plan.id_field else False,
    )
    with writer:
        for shard in shards:
            columns = [arrow.array(shard.tensor("rows"), arrow.int64())]
            if plan.id_field:
                columns.append(arrow.array(shard.ids, arrow.string()))
            states = shard.tensor("states")
            for i in range(len(vectors)):
                columns.append(_column(arrow, plan, states[:, i], shard))
            table = arrow.Table.from_arrays(columns, schema=schema)
            # A group of rows for each shard.
            writer.write_table(table, row_group_size=max(1, len(table)))


def read_plan(path: Path) -> str | None:
    """What a file was written by; None: something else."""
    metadata = package("pyarrow.parquet").read_schema(path).metadata or {}
    text: bytes | None = metadata.get(PLAN_KEY.encode())
    return None if text is None else text.decode()


def _schema(arrow: Any, plan: Plan) -> Any:
    halves = plan.dtype == "float16"
    number = arrow.float16() if halves else arrow.float32()
    vector = arrow.list_(number, plan.width)
    fields = [("row", arrow.int64())]
    if plan.id_field:
        fields.append(("id", arrow.string()))
    for layer in plan.layers:
        kind = vector if plan.pooled else arrow.list_(vector)
        fields.append((f"layer_{layer}", kind))
    return arrow.schema(fields, metadata={PLAN_KEY: plan.to_json()})


def _column(arrow: Any, plan: Plan, states: Any, shard: Shard) -> Any:
    """Of one layer's states, `[pieces or texts, width]`."""
    flat = np.ascontiguousarray(states).reshape(-1)
    if plan.dtype == "bfloat16":
        flat = widened(flat)
    vectors = arrow.FixedSizeListArray.from_arrays(
        arrow.array(flat), plan.width
    )
    if plan.pooled:
        return vectors
    offsets = np.concatenate([[0], np.cumsum(shard.tensor("pieces"))])
    return arrow.ListArray.from_arrays(
        arrow.array(offsets, arrow.int32()), vectors
    )
