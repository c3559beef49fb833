# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""A part of the output, of texts that follow each other in the corpus."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from strata.encode import durable
from strata.encode.errors import UsageError
from strata.encode.outcome import BITS, Failure, Outcome, States
from strata.encode.packages import package
from strata.encode.plan import Plan


class ShardBuilder:
    """Collects outcomes, in the order of the corpus."""

    def __init__(self, begin: int) -> None:
        """`begin` is the row of the first."""
        self.begin = begin
        self.nbytes = 0
        self._states: list[States] = []
        self._failures: list[Failure] = []

    @property
    def end(self) -> int:
        """The row after the last; of what is held, wherever `add` stopped."""
        return self.begin + len(self._states) + len(self._failures)

    def add(self, outcome: Outcome) -> None:
        self.nbytes += outcome.nbytes
        if isinstance(outcome, Failure):
            self._failures.append(outcome)
        else:
            self._states.append(outcome)

    def write(self, folder: Path, plan: Plan) -> None:
        """Returns its file, when it is on the disk."""
        save = package("safetensors.numpy").save
        none = np.empty((0, len(plan.layers), plan.width), BITS[plan.dtype])
        numbers = [states.numbers for states in self._states]
        tensors: dict[str, Any] = {
            "states": np.concatenate([none, *numbers]),
            "rows": _integers(x.row for x in self._states),
            "pieces": _integers(len(x) for x in numbers),
        }
        metadata = {
            "ids": json.dumps([x.id for x in self._states]),
            "failures": json.dumps(
                [dataclasses.asdict(x) for x in self._failures]
            ),
        }
        path = folder / f"{self.begin:015d}-{self.end:015d}.shard"
        with durable.replacing(path) as file:
            file.write(save(tensors, metadata))


class Shard:
    """One that was written."""

    def __init__(self, path: Path) -> None:
        """`path` is named as ShardBuilder names it, or ValueError."""
        begin, _, end = path.stem.partition("-")
        self.begin, self.end = int(begin), int(end)
        self._path = path

    def tensor(self, name: str) -> npt.NDArray[Any]:
        """ "states" `[pieces or texts, layers, width]`, "rows" or "pieces"."""
        with self._open() as file:
            array: npt.NDArray[Any] = file.get_tensor(name)
            return array

    @property
    def ids(self) -> list[str]:
        """Of the texts that have states."""
        ids: list[str] = json.loads(self._metadata("ids"))
        return ids

    @property
    def texts(self) -> int:
        """How many have states or a failure."""
        failed = sum(1 for _ in self.failures())
        return len(self.tensor("rows")) + failed

    def failures(self) -> Iterator[Failure]:
        for fields in json.loads(self._metadata("failures")):
            yield Failure(**fields)

    def _metadata(self, name: str) -> str:
        with self._open() as file:
            text: str = file.metadata()[name]
            return text

    def _open(self) -> Any:
        safetensors = package("safetensors")
        try:
            return safetensors.safe_open(self._path, framework="numpy")
        except safetensors.SafetensorError as error:
            raise UsageError(
                f"{self._path} is damaged ({error}); begin anew with --restart"
            ) from error


def _integers(numbers: Iterator[int]) -> npt.NDArray[np.int64]:
    return np.fromiter(numbers, np.int64)
