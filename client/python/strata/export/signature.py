# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The signatures that a model is traced with.

A signature is named by the form of its attention mask:

* `pairs`: `[B, 1, T, T]`, which says for each query the keys that it sees, so
  that a server may put several sequences into one row.
* `keys`: `[B, 1, 1, T]`, and `pieces`: `[B, T]`, which say what is padding.
* `ids`: none.
* `dict`: `{"bool_mask": [B, 1, 1, T]}`, the model itself, as Curated
  Transformers' documentation traces it.

Positions and type ids, both `[B, T]`, follow where they are asked for.
"""

from dataclasses import dataclass
from typing import Optional, Sequence

import torch
from curated_transformers.layers.attention import AttentionMask
from curated_transformers.models.module import (
    CausalLMModule,
    DecoderModule,
    TransformerModule,
)
from torch import Tensor
from torch.nn import Module

from strata.export import curated
from strata.export.errors import ExportError

PIECE_IDS = "piece_ids"
MASK = "attention_mask"
POSITIONS = "positions"
TYPE_IDS = "type_ids"

# By name, the mask's form in the words of strata.json.
MASK_FORMS = {
    "pairs": "pairs",
    "keys": "keys",
    "pieces": "pieces",
    "ids": "none",
    "dict": "dict",
}


@dataclass(frozen=True)
class Signature:
    """A form of `forward`, in the words of strata.json."""

    name: str
    arguments: tuple[str, ...]
    mask_form: str
    # Number of types that a piece can have; 1 where there are none to tell.
    types: int = 1
    # Whether sequences of several lengths may share a batch.
    padded: bool = True
    # 1, or true, where a place may be attended to.
    mask_dtype: torch.dtype = torch.bool

    def __str__(self) -> str:
        return f"{self.name} ({', '.join(self.arguments)})"


def choose_signature(
    model: Module,
    name: str,
    *,
    positions: Optional[bool] = None,
    type_ids: Optional[bool] = None,
) -> Signature:
    """The signature by its name; None is the default for the model.

    By default `pairs` takes positions, since those of a packed row restart
    with each sequence; the others do not. Type ids are taken where the model
    has several types and is wrapped anyway: without them a pair of texts would
    be computed as one, without a word.
    """
    if name not in MASK_FORMS:
        raise ExportError(
            f"the signature is '{name}'; expected one of "
            f"{', '.join(MASK_FORMS)}"
        )
    own = not isinstance(model, TransformerModule)
    if name == "dict" and not own:
        _check_dict(positions, type_ids)
        positions = type_ids = False
    if positions is None:
        positions = name == "pairs"
    types = types_of(model)
    if type_ids is None:
        type_ids = types > 1
    elif type_ids and types < 2 and not own:
        raise ExportError(
            "--type-ids was given, and the model tells no types apart; leave "
            "the option out"
        )
    wanted = {
        PIECE_IDS: True,
        MASK: name != "ids",
        POSITIONS: positions,
        TYPE_IDS: type_ids,
    }
    return Signature(
        name=name,
        arguments=tuple(role for role in wanted if wanted[role]),
        mask_form=MASK_FORMS[name],
        types=max(types, 2) if type_ids else 1,
        padded=name != "ids" or is_causal(model),
    )


def _check_dict(positions: Optional[bool], type_ids: Optional[bool]) -> None:
    if not curated.IS_VERSION_1:
        raise ExportError(
            "the signature is 'dict', which traces the model itself, and "
            f"{curated.NAME} can be traced through a wrapper only; use pairs, "
            "keys, pieces or ids"
        )
    if positions or type_ids:
        raise ExportError(
            "the signature is 'dict', the model itself, whose trace takes "
            "neither positions nor type ids; use pairs, keys or pieces for them"
        )


def is_causal(module: Module) -> bool:
    """Whether it is known that a piece sees none of those after it."""
    return isinstance(module, (DecoderModule, CausalLMModule))


def types_of(module: Module) -> int:
    """How many types of pieces an encoder tells apart; 1 where none."""
    embeddings = getattr(module, "embeddings", None)
    table = getattr(embeddings, "type_embeddings", None)
    return 1 if table is None else table.num_embeddings


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
    values = {
        PIECE_IDS: batch.piece_ids,
        MASK: _mask(signature, real),
        POSITIONS: torch.where(real, places, 0),
        # All types, by the place, so that any sequence has its own there.
        TYPE_IDS: torch.where(real, places // 3 % signature.types, 0),
    }
    return tuple(values[role] for role in signature.arguments)


def _mask(signature: Signature, real: Tensor) -> object:
    rows, length = real.shape
    form, dtype = signature.mask_form, signature.mask_dtype
    if form == "pieces":
        return real.to(dtype)
    keys = real.view(rows, 1, 1, length)
    if form == "dict":
        # Four dimensions, because the model's own view of a [B, T] mask
        # happens outside the trace.
        return _dictionary(keys.to(dtype))
    if form != "pairs":
        return keys.to(dtype)
    # Padded places see themselves alone: a query that sees nothing is
    # not-a-number in the low precisions.
    itself = torch.eye(length, dtype=torch.bool, device=real.device)
    mask = keys & real.view(rows, 1, length, 1)
    return (mask | itself.view(1, 1, length, length)).to(dtype)


def _dictionary(keys: Tensor) -> object:
    # Its AttentionMask takes a mask of booleans only.
    if curated.IS_VERSION_1 and keys.dtype == torch.bool:
        return AttentionMask(keys)
    return {"bool_mask": keys}
