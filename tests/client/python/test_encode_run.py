# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""A run of strata-encode from its texts to its output, without a server."""

import io
import itertools
import json
import shutil

import numpy as np
import pyarrow.parquet
import pytest
from strata.encode.corpus import open_corpus
from strata.encode.errors import UsageError
from strata.encode.journal import Journal
from strata.encode.outcome import Failure, States
from strata.encode.run import Run
from test_encode_command import make_plan

TEXTS = 6
WIDTH = 4


class Pipeline:
    """Every third text fails; of the others, the states are their rows."""

    def run(self, texts):
        for text in texts:
            if text.row % 3 == 2:
                yield Failure(text.row, "", "INTERNAL", "FORWARD_FAILED", "no")
            else:
                numbers = np.full((1, 1, WIDTH), text.row, "<f4")
                yield States(text.row, text.id, numbers)


class Stopping(Pipeline):
    """Is interrupted before the outcome of a row."""

    def __init__(self, at):
        self._at = at

    def run(self, texts):
        yield from itertools.islice(super().run(texts), self._at)
        raise KeyboardInterrupt


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("".join(f"text {i}\n" for i in range(TEXTS)))
    return open_corpus(path, None, None)


@pytest.fixture
def output(tmp_path):
    return tmp_path / "states.parquet"


def open_run(output, corpus, *, restart=False):
    plan = make_plan(corpus_sha256=corpus.sha256, rows=TEXTS, width=WIDTH)
    # A shard for each text.
    return Run(output, plan, restart=restart, checkpoint=0.0)


def go(output, corpus, pipeline=None, **options):
    with open_run(output, corpus, **options) as run:
        return run.go(corpus, pipeline or Pipeline(), io.StringIO())


def rows(output):
    return pyarrow.parquet.read_table(output)["row"].to_pylist()


def partial(output):
    return output.with_name(output.name + ".partial")


def test_a_run(output, corpus):
    written = go(output, corpus)
    assert (written.texts, written.failed, written.already) == (6, 2, False)
    assert rows(output) == [0, 1, 3, 4]
    failures = output.with_name(output.name + ".failures.jsonl")
    failed = [json.loads(x) for x in failures.read_text().splitlines()]
    assert [x["row"] for x in failed] == [2, 5]
    assert not partial(output).exists()
    assert go(output, corpus).already


def test_stopped_while_its_folder_is_removed(output, corpus, monkeypatch):
    """The output is finished then, whatever is left of the folder."""

    def remove_some(folder):
        shards = sorted(folder.glob("*.shard"))
        shards[2].unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, open_run(output, corpus) as run:
        patched.setattr(shutil, "rmtree", remove_some)
        with pytest.raises(KeyboardInterrupt):
            run.go(corpus, Pipeline(), io.StringIO())
        # The command tells of it.
        assert run.kept == TEXTS
    assert partial(output).exists()
    assert go(output, corpus).already
    assert not partial(output).exists()
    assert rows(output) == [0, 1, 3, 4]


def test_to_begin_anew_drops_what_nobody_else_writes(output, corpus):
    go(output, corpus)
    before = output.read_bytes()
    with Journal(output, make_plan(), restart=False):
        with pytest.raises(UsageError, match="another strata-encode"):
            open_run(output, corpus, restart=True)
    assert output.read_bytes() == before
    assert not go(output, corpus, restart=True).already


def test_a_shard_that_holds_too_few_is_no_part_of_an_output(output, corpus):
    with open_run(output, corpus) as run:
        with pytest.raises(KeyboardInterrupt):
            run.go(corpus, Stopping(at=3), io.StringIO())
    last = sorted(partial(output).glob("*.shard"))[-1]
    last.rename(last.with_name("000000000000002-000000000000004.shard"))
    with pytest.raises(UsageError, match="holds 5 of 6 texts"):
        go(output, corpus)
    assert not output.exists()
    assert go(output, corpus, restart=True).texts == TEXTS


class Writing(Pipeline):
    """Somebody writes to the corpus meanwhile; its texts stay as many."""

    def __init__(self, path):
        self._path = path

    def run(self, texts):
        texts = list(texts)
        self._path.write_text("another\n" * TEXTS)
        yield from super().run(texts)


def test_a_corpus_that_is_written_to(output, corpus, tmp_path):
    with pytest.raises(UsageError, match="was written to while it was read"):
        go(output, corpus, Writing(tmp_path / "corpus.txt"))
    assert not output.exists()
