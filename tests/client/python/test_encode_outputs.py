# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What strata-encode keeps of a run, and what becomes of it in the end."""

import dataclasses

import numpy as np
import pyarrow.parquet
import pytest
import safetensors
from strata.encode import parquet_output, safetensors_output
from strata.encode.errors import UsageError
from strata.encode.journal import Journal
from strata.encode.outcome import Failure, States
from strata.encode.shard import ShardBuilder
from test_encode_command import make_plan

PLAN = make_plan(layers=[0, 1], width=3, pooling="none", id_field="n", rows=7)


def states(row, pieces):
    numbers = np.arange(pieces * 6, dtype="<f4").reshape(pieces, 2, 3) + row
    return States(row, f"é{row}", numbers)


def failure(row):
    return Failure(row, f"é{row}", "INTERNAL", "FORWARD_FAILED", "no")


# The middle one has nothing but a failure.
SHARDS = [
    [states(0, 2), failure(1), states(2, 1)],
    [failure(3)],
    [states(4, 3), states(5, 1), failure(6)],
]
WELL = [x for shard in SHARDS for x in shard if isinstance(x, States)]


def write_shards(journal, shards=SHARDS):
    for outcomes in shards:
        builder = ShardBuilder(journal.end)
        for outcome in outcomes:
            builder.add(outcome)
        journal.write(builder)


def open_journal(tmp_path, plan=PLAN, restart=False):
    return Journal(tmp_path / "s.parquet", plan, restart=restart)


@pytest.fixture
def journal(tmp_path):
    journal = open_journal(tmp_path)
    write_shards(journal)
    yield journal
    journal.close()


def test_safetensors(journal, tmp_path):
    path = tmp_path / "s.safetensors"
    with path.open("wb") as file:
        safetensors_output.write(file, PLAN, journal.shards())
    with safetensors.safe_open(path, framework="numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    numbers = np.concatenate([x.numbers for x in WELL])
    np.testing.assert_array_equal(tensors["states"], numbers)
    assert tensors["offsets"].tolist() == [0, 2, 3, 6, 7]
    assert tensors["rows"].tolist() == [0, 2, 4, 5]
    assert tensors["layers"].tolist() == [0, 1]
    assert bytes(tensors["id_bytes"]).decode() == "é0é2é4é5"
    assert tensors["id_offsets"].tolist() == [0, 3, 6, 9, 12]
    assert safetensors_output.read_plan(path) == PLAN.to_json()
    # The numbers begin where they can be mapped.
    assert int.from_bytes(path.read_bytes()[:8], "little") % 8 == 0


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_parquet(tmp_path, dtype):
    plan = dataclasses.replace(PLAN, dtype=dtype)
    path = tmp_path / "s.parquet"
    form = {"float32": "<f4", "float16": "<f2", "bfloat16": "<u2"}[dtype]

    def cast(outcome):
        if isinstance(outcome, Failure):
            return outcome
        numbers = outcome.numbers
        if dtype == "bfloat16":
            numbers = (numbers.view("<u4") >> 16).astype(form)
        return States(outcome.row, outcome.id, numbers.astype(form))

    with open_journal(tmp_path, plan) as journal:
        write_shards(journal, [[cast(x) for x in some] for some in SHARDS])
        with path.open("wb") as file:
            parquet_output.write(file, plan, journal.shards())
    rows = pyarrow.parquet.read_table(path).to_pylist()
    assert [(row["row"], row["id"]) for row in rows] == [
        (x.row, x.id) for x in WELL
    ]
    for row, outcome in zip(rows, WELL, strict=True):
        for layer in (0, 1):
            # Small whole numbers are themselves in every type.
            expected = outcome.numbers[:, layer].tolist()
            assert row[f"layer_{layer}"] == expected
    assert parquet_output.read_plan(path) == plan.to_json()


def test_what_is_kept_is_taken_up(journal, tmp_path):
    journal.close()
    (journal.folder / "000000000000007-000000000000008.shard.tmp").touch()
    with open_journal(tmp_path) as again:
        assert again.end == 7
        failed = [x.row for shard in again.shards() for x in shard.failures()]
        assert failed == [1, 3, 6]
        assert not list(again.folder.glob("*.tmp"))
        again.remove()
    assert not again.folder.exists()


def test_one_process_at_a_time(journal, tmp_path):
    with pytest.raises(UsageError, match="another strata-encode is writing"):
        open_journal(tmp_path)
    with pytest.raises(UsageError, match="another strata-encode is writing"):
        open_journal(tmp_path, restart=True)
    assert journal.end == 7


def test_another_plan_is_refused_unless_it_begins_anew(journal, tmp_path):
    journal.close()
    other = dataclasses.replace(PLAN, dtype="float16")
    with pytest.raises(
        UsageError, match="dtype was float32, is float16.*--re"
    ):
        open_journal(tmp_path, other)
    with open_journal(tmp_path, other, restart=True) as again:
        assert again.end == 0
    with open_journal(tmp_path, other) as again:
        assert again.end == 0


def test_a_folder_that_is_damaged_is_refused(journal, tmp_path):
    journal.close()
    next(journal.folder.glob("000000000000003-*")).unlink()
    with pytest.raises(UsageError, match="lacks the texts from 3 to 4; begin"):
        open_journal(tmp_path)
    (journal.folder / "plan.json").write_text("{")
    with pytest.raises(UsageError, match="was not written by this version"):
        open_journal(tmp_path)


def test_files_that_are_no_shards_are_named(journal, tmp_path):
    journal.close()
    stray = journal.folder / "copy.shard"
    stray.touch()
    with pytest.raises(UsageError, match="copy.shard was not written by"):
        open_journal(tmp_path)
    stray.unlink()
    last = next(journal.folder.glob("000000000000004-*"))
    last.write_bytes(last.read_bytes()[:50])
    with open_journal(tmp_path) as again:
        with pytest.raises(UsageError, match="000000000000004.* is damaged"):
            again.shards()[-1].tensor("rows")


def test_shards_without_a_plan_are_of_none(journal, tmp_path):
    """As an interrupted --restart leaves them."""
    journal.close()
    (journal.folder / "plan.json").unlink()
    with open_journal(tmp_path) as again:
        assert again.end == 0


class Interrupting:
    """An outcome during whose adding somebody presses Ctrl-C."""

    @property
    def nbytes(self):
        raise KeyboardInterrupt


def test_a_shard_ends_where_what_it_holds_does():
    builder = ShardBuilder(3)
    builder.add(failure(3))
    with pytest.raises(KeyboardInterrupt):
        builder.add(Interrupting())
    assert builder.end == 4
