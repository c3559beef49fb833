# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The two signatures that a model is traced with.

* `pairs`: `(piece_ids [B, T], attention_mask [B, 1, T, T], positions [B, T])`.
  The mask says for each query which keys it sees, so a server may put several
  sequences into one row.
* `dict`: `(piece_ids [B, T], {"bool_mask": [B, 1, 1, T]})`, the model itself,
  as Curated Transformers' documentation traces it.
"""

from dataclasses import dataclass
from typing import Sequence

import torch
from curated_transformers.layers.attention import AttentionMask
from curated_transformers.models.module import TransformerModule
from curated_transformers.models.roberta.embeddings import RoBERTaEmbeddings
from torch import Tensor
from torch.nn import Module

from strata.export.errors import ExportError


@dataclass(frozen=True)
class Signature:
    """A form of `forward`, in the words of strata.json."""

    name: str
    arguments: tuple[str, ...]
    mask_form: str


SIGNATURES = {
    "pairs": Signature(
        "pairs", ("piece_ids", "attention_mask", "positions"), "pairs"
    ),
    "dict": Signature("dict", ("piece_ids", "attention_mask"), "dict"),
}


class PairsModule(Module):
    """Gives a Curated Transformers model the `pairs` signature.

    Positions count from 0 whatever the model: RoBERTa's family numbers its
    first piece padding_id + 1, which is added here.
    """

    def __init__(self, inner: TransformerModule):
        super().__init__()
        self.inner = inner
        self.first_position = first_position(inner)

    def forward(
        self, piece_ids: Tensor, attention_mask: Tensor, positions: Tensor
    ) -> tuple:
        # Rotary embeddings take views of them, which strided positions forbid.
        positions = positions.contiguous()
        if self.first_position != 0:
            positions = positions + self.first_position
        output = self.inner(
            piece_ids, AttentionMask(attention_mask), positions=positions
        )
        return tuple(output)


def first_position(module: Module) -> int:
    """The number that the model itself gives to a sequence's first piece."""
    embeddings = getattr(module, "embeddings", None)
    if isinstance(embeddings, RoBERTaEmbeddings):
        return embeddings.padding_id + 1
    return 0


def with_signature(module: Module, signature: Signature) -> Module:
    """The module to trace.

    A model of Curated Transformers is wrapped where the signature asks for it;
    any other module must take the signature's arguments itself.
    """
    if signature.name == "pairs" and isinstance(module, TransformerModule):
        return PairsModule(module)
    return module


@dataclass(frozen=True)
class Batch:
    """Sequences in the rows of `piece_ids`, padded on the right."""

    piece_ids: Tensor  # int64 [B, T]
    lengths: tuple[int, ...]

    def row(self, index: int) -> "Batch":
        """A sequence alone, without its padding."""
        length = self.lengths[index]
        return Batch(self.piece_ids[index : index + 1, :length], (length,))


def random_batch(
    lengths: Sequence[int],
    *,
    n_pieces: int,
    padding_id: int,
    device: torch.device,
) -> Batch:
    """Random pieces, the same for the same lengths."""
    generator = torch.Generator().manual_seed(sum(lengths))
    shape = (len(lengths), max(lengths))
    # RoBERTa's family tells padding by its identifier: keep it out of texts.
    piece_ids = torch.randint(0, n_pieces - 1, shape, generator=generator)
    piece_ids[piece_ids >= padding_id] += 1
    for row, length in enumerate(lengths):
        piece_ids[row, length:] = padding_id
    return Batch(piece_ids.to(device), tuple(lengths))


def inputs(signature: Signature, batch: Batch) -> tuple:
    """What `forward` is called with for a batch."""
    rows, length = batch.piece_ids.shape
    places = torch.arange(length, device=batch.piece_ids.device)
    lengths = torch.tensor(batch.lengths, device=places.device)
    real = places < lengths.unsqueeze(1)
    if signature.name == "dict":
        # Four dimensions, because the model's own view of a [B, T] mask
        # happens outside the trace.
        return batch.piece_ids, AttentionMask(real.view(rows, 1, 1, length))
    # Padded places see themselves alone: a query that sees nothing is
    # not-a-number in the low precisions.
    itself = torch.eye(length, dtype=torch.bool, device=places.device)
    mask = real.view(rows, 1, 1, length) & real.view(rows, 1, length, 1)
    positions = torch.where(real, places, 0)
    return batch.piece_ids, mask | itself.view(1, 1, length, length), positions


def layers_of(output: object) -> list[Tensor]:
    """The hidden states in an output: Y[0], or Y where it is flat.

    Raises ExportError where they are not tensors [B, T, W].
    """
    if isinstance(output, Tensor):
        return [output]
    if isinstance(output, (tuple, list)) and len(output) > 0:
        first = output[0]
        layers = list(output if isinstance(first, Tensor) else first)
        if all(isinstance(x, Tensor) and x.dim() == 3 for x in layers):
            return layers
    raise ExportError(
        f"the model returns {_describe(output)}; expected a tuple whose first "
        "element is a tuple of hidden states [B, T, W], one for each layer "
        "(models of Curated Transformers return that by themselves)"
    )


def _describe(output: object) -> str:
    if isinstance(output, Tensor):
        return f"a tensor {list(output.shape)}"
    if isinstance(output, (tuple, list)):
        inside = ", ".join(_describe(x) for x in output[:3])
        more = ", ..." if len(output) > 3 else ""
        return f"a {type(output).__name__} of ({inside}{more})"
    return f"a {type(output).__name__}"
