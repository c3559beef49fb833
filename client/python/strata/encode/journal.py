# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What there is of an output that is not finished."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

from strata.encode import durable
from strata.encode.errors import UsageError
from strata.encode.plan import Plan
from strata.encode.shard import Shard, ShardBuilder

_PLAN = "plan.json"
_LOCK = "lock"


class Journal:
    """The folder OUTPUT.partial: the plan, and shards without a gap.

    Each file takes its place by being renamed, when it is on the disk: what is
    there counts, whenever the process or the machine stopped. One process at a
    time has it open.
    """

    def __init__(self, output: Path, plan: Plan, *, restart: bool) -> None:
        """Takes up what there is; begins anew where that is nothing.

        Raises:
            UsageError: It is of another plan, or another process writes it.
        """
        self.folder = output.with_name(output.name + ".partial")
        self.plan = plan
        self.folder.mkdir(parents=True, exist_ok=True)
        durable.sync_folder(self.folder.parent)
        self._lock()
        try:
            self._take_up(restart)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take_up(self, restart: bool) -> None:
        if restart:
            self._empty()
        if (self.folder / _PLAN).exists():
            self._check_plan()
        else:
            # Else shards without a plan could be of any.
            self._empty()
            with durable.replacing(self.folder / _PLAN) as file:
                file.write(self.plan.to_json().encode())
        for draft in self.folder.glob("*" + durable.DRAFT):
            draft.unlink()
        self.shards()

    @property
    def end(self) -> int:
        """The row of the first text that is missing."""
        shards = self.shards()
        return shards[-1].end if shards else 0

    def shards(self) -> list[Shard]:
        """What is on the disk, also of a write that was interrupted late.

        Raises:
            UsageError: Something is missing, or of another kind.
        """
        shards = [_shard(x) for x in sorted(self.folder.glob("*.shard"))]
        end = 0
        for shard in shards:
            if shard.begin != end:
                raise UsageError(
                    f"{self.folder} lacks the texts from {end} to "
                    f"{shard.begin}; begin anew with --restart"
                )
            end = shard.end
        return shards

    def write(self, builder: ShardBuilder) -> None:
        """Adds the next shard."""
        builder.write(self.folder, self.plan)

    def close(self) -> None:
        """Lets another process have it."""
        self._lock_file.close()

    def remove(self) -> None:
        """The output is finished."""
        # Else a kill in the middle would leave shards with a gap.
        self._remove_plan()
        shutil.rmtree(self.folder)
        self.close()

    def _lock(self) -> None:
        self._lock_file = (self.folder / _LOCK).open("w")
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise UsageError(
                f"another strata-encode is writing {self.folder}; wait for it"
            ) from None

    def _empty(self) -> None:
        self._remove_plan()
        for path in self.folder.iterdir():
            if path.name != _LOCK:
                path.unlink()

    def _remove_plan(self) -> None:
        """What is left of the shards is then of no plan."""
        (self.folder / _PLAN).unlink(missing_ok=True)
        durable.sync_folder(self.folder)

    def _check_plan(self) -> None:
        try:
            before = Plan.from_json((self.folder / _PLAN).read_text())
        except (ValueError, TypeError):
            raise UsageError(
                f"{self.folder / _PLAN} was not written by this version of "
                "strata-encode; begin anew with --restart"
            ) from None
        changed = self.plan.differences(before)
        if changed:
            raise UsageError(
                f"cannot go on with {self.folder}: "
                + "; ".join(changed)
                + ". Run the command that began it, or begin anew with "
                "--restart"
            )


def _shard(path: Path) -> Shard:
    try:
        return Shard(path)
    except ValueError:
        raise UsageError(
            f"{path} was not written by strata-encode; move it away, or begin "
            "anew with --restart"
        ) from None
