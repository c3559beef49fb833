# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""A run: from a corpus to the finished output."""

from __future__ import annotations

import dataclasses
import itertools
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from strata.encode import durable, parquet_output, safetensors_output
from strata.encode.corpus import Corpus
from strata.encode.errors import UsageError
from strata.encode.journal import Journal
from strata.encode.outcome import Outcome
from strata.encode.pipeline import Pipeline
from strata.encode.plan import Plan
from strata.encode.progress import Progress
from strata.encode.shard import Shard, ShardBuilder

# What is written at once, at most.
_SHARD_BYTES = 64 << 20
_SHARD_TEXTS = 65_536


@dataclasses.dataclass(frozen=True)
class Written:
    """What there is in the end."""

    texts: int
    """Of the corpus."""
    failed: int
    already: bool
    """Whether an earlier run had finished it."""


class Run:
    """Writes `output`; one process at a time."""

    def __init__(
        self,
        output: Path,
        plan: Plan,
        *,
        restart: bool,
        checkpoint: float = 10.0,
    ) -> None:
        """Takes up what an earlier run has left.

        What is done is kept every `checkpoint` seconds.

        Raises:
            UsageError: That, or the output that there is, is of another plan.
        """
        self.failures = output.with_name(output.name + ".failures.jsonl")
        self._output = output
        self._plan = plan
        self._checkpoint = checkpoint
        self._journal: Journal | None = None
        if restart:
            # Which nobody else writes while the journal is ours.
            self._journal = Journal(output, plan, restart=True)
            output.unlink(missing_ok=True)
        self._finished = output.exists()
        if self._finished:
            self._check_finished()
        elif self._journal is None:
            self._journal = Journal(output, plan, restart=False)

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        if self._journal is not None:
            self._journal.close()

    @property
    def kept(self) -> int:
        """Texts that are done, and on the disk."""
        if self._journal is None or self._finished:
            return self._plan.rows
        return self._journal.end

    def go(
        self, corpus: Corpus, pipeline: Pipeline, stream: TextIO
    ) -> Written:
        """Encodes what is missing; progress goes to `stream`.

        What is raised meanwhile leaves all that is done kept.
        """
        if self._journal is None:
            self._remove_journal()
            return self._written(already=True)
        texts = itertools.islice(corpus.texts(), self.kept, None)
        progress = Progress(stream, done=self.kept, total=corpus.rows)
        try:
            self._encode(self._journal, pipeline.run(texts), progress)
        finally:
            progress.close()
        if corpus.changed():
            raise UsageError(
                "the corpus was written to while it was read; what is kept "
                "may be of either, begin anew with --restart if it differs"
            )
        self._assemble(self._journal)
        return self._written(already=False)

    def _encode(
        self, journal: Journal, outcomes: Iterator[Outcome], progress: Progress
    ) -> None:
        builder = ShardBuilder(journal.end)
        began = time.monotonic()
        try:
            for outcome in outcomes:
                builder.add(outcome)
                progress.add(outcome)
                if (
                    builder.nbytes >= _SHARD_BYTES
                    or builder.end - builder.begin >= _SHARD_TEXTS
                    or time.monotonic() - began >= self._checkpoint
                ):
                    full, builder = builder, ShardBuilder(builder.end)
                    journal.write(full)
                    began = time.monotonic()
        finally:
            if builder.end > builder.begin:
                journal.write(builder)

    def _assemble(self, journal: Journal) -> None:
        """Writes the output last: where it is, all is."""
        if journal.end != self._plan.rows:
            raise UsageError(
                f"the corpus had {self._plan.rows} texts at first, and "
                f"{journal.end} when they were read; it must not be written to"
            )
        shards = journal.shards()
        texts = sum(shard.texts for shard in shards)
        if texts != self._plan.rows:
            raise UsageError(
                f"{journal.folder} holds {texts} of {self._plan.rows} texts, "
                "and not all that its files are named for; begin anew with "
                "--restart"
            )
        self._write_failures(shards)
        with durable.replacing(self._output) as file:
            self._format.write(file, self._plan, shards)
        self._finished = True
        journal.remove()

    def _write_failures(self, shards: Sequence[Shard]) -> None:
        with durable.replacing(self.failures) as file:
            for shard in shards:
                for failure in shard.failures():
                    line = json.dumps(dataclasses.asdict(failure))
                    file.write(line.encode() + b"\n")
            none = file.tell() == 0
        if none:
            self.failures.unlink()

    @property
    def _format(self) -> Any:
        parquet = self._plan.format == "parquet"
        return parquet_output if parquet else safetensors_output

    def _check_finished(self) -> None:
        try:
            text = self._format.read_plan(self._output)
            before = None if text is None else Plan.from_json(text)
        except UsageError:
            raise
        except Exception:  # Whatever its package says of another file.
            before = None
        if before is None:
            raise UsageError(
                f"{self._output} is there already, and strata-encode did not "
                "write it; name another, or overwrite it with --restart"
            )
        changed = self._plan.differences(before)
        if changed:
            raise UsageError(
                f"{self._output} is there already: "
                + "; ".join(changed)
                + ". Name another, or overwrite it with --restart"
            )

    def _remove_journal(self) -> None:
        """Of a run that was stopped when its output was in place."""
        folder = self._output.with_name(self._output.name + ".partial")
        if folder.exists():
            Journal(self._output, self._plan, restart=False).remove()

    def _written(self, *, already: bool) -> Written:
        failed = 0
        if self.failures.exists():
            with self.failures.open("rb") as file:
                failed = sum(1 for _ in file)
        return Written(self._plan.rows, failed, already)
