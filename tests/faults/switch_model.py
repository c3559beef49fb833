# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""A decoder whose faults are switched from outside while it serves.

Its trace reads a file in every forward (`aten::from_file`, which maps it), so
that a test can have a trace that passed its examination fail, hang or ask for
more memory than there is. Without a fault it computes what the demo's
falcon-random does.

    switch = Switch(repository / "m" / "1", models / "falcon-random" / "1")
    with serve(repository) as server:
        switch.set(Fault.FAIL)
"""

from __future__ import annotations

import enum
import pathlib
import struct
from typing import Optional

import tokenizers
import torch

import strata
from strata import demo_models
from strata.export import export

# Forwards of rows that hold this piece fail, whatever the switch says.
MARK = 42
NO_MARK = -1


class Fault(enum.IntEnum):
    """What forwards do."""

    NONE = 0
    # Fail with an exception.
    FAIL = 1
    # Do not come to their end until the switch says something else.
    HANG = 2
    # Ask for more memory than any machine has.
    NO_MEMORY = 3
    # On CUDA: read beyond a tensor's end, which spoils the context for good.
    POISON = 4


@torch.jit.script
def _read(path: str, size: int) -> int:
    word = torch.from_file(path, True, size, dtype=torch.int64, device="cpu")
    return int(word[0])


@torch.jit.script
def _pass_switch(ids: torch.Tensor, path: str, mark: int) -> torch.Tensor:
    if bool((ids == mark).any()):
        raise RuntimeError("a planted failure: the row holds the mark")
    # Made of an input's size, so that nothing folds it to a constant.
    one = ids.size(0) * 0 + 1
    fault = _read(path, one)
    # The size changes with each turn, and leads to something, so that the loop
    # is neither taken apart nor taken out.
    turns = 0
    while fault == 2:
        turns += 1
        fault = _read(path, one + turns % 2 * 0)
    ids = ids + turns * 0
    if fault == 1:
        raise RuntimeError("a planted failure: the switch says so")
    if fault == 3:
        return ids + torch.empty([1 << 46], dtype=torch.int64).size(0) * 0
    if fault == 4:
        return ids.index_select(1, ids[0] + (1 << 40))
    return ids


class _SwitchedEmbeddings(torch.nn.Module):
    def __init__(
        self, embeddings: torch.nn.Module, path: str, mark: int
    ) -> None:
        super().__init__()
        self.embeddings = embeddings
        self.path = path
        self.mark = mark

    def forward(
        self,
        piece_ids: torch.Tensor,
        *,
        positions: Optional[torch.Tensor] = None,
        type_ids: Optional[torch.Tensor] = None,
    ) -> torch.Tensor:
        return self.embeddings(
            _pass_switch(piece_ids, self.path, self.mark),
            positions=positions,
            type_ids=type_ids,
        )


class Switch:
    """The model of a folder `<repository>/<model>/<version>`."""

    def __init__(
        self,
        version: pathlib.Path,
        tokenizer: pathlib.Path,
        mark: int = MARK,
    ) -> None:
        """Exports the model.

        Args:
            version: Where it goes.
            tokenizer: The folder of a model whose tokenizer it takes.
            mark: The piece that rows fail with.
        """
        # Beside the models, where the server finds nothing to load.
        self._file = version.parent.parent / f".{version.parent.name}-switch"
        self._file.write_bytes(bytes(8))
        file = str(tokenizer / "tokenizer.json")
        vocabulary = tokenizers.Tokenizer.from_file(file).get_vocab_size()
        module = demo_models.random_falcon(vocabulary)
        module.embeddings = _SwitchedEmbeddings(
            module.embeddings, str(self._file), mark
        )
        export(module.eval(), tokenizer, version)

    def set(self, fault: Fault) -> None:
        """Has forwards do so from now on, those that hang too."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("<q", fault))


def ids(index: int) -> list[int]:
    """Pieces without the mark, others for each index."""
    first = MARK + 1
    return [first + index % 500, first + index // 500, first + 7]


def reason_of(client: strata.Client, pieces: list[int]) -> str | None:
    """The reason that an input of "m" fails with; None where it does not."""
    [encoding] = client.encode([pieces], "m")
    return encoding.error.reason if encoding.error is not None else None
