# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The module that is traced: a model with a signature, and chosen layers."""

import inspect
import warnings
from typing import Optional, Sequence

import torch
from curated_transformers.layers.attention import AttentionMask
from curated_transformers.models.module import TransformerModule
from curated_transformers.models.roberta.embeddings import RoBERTaEmbeddings
from curated_transformers.models.transformer import (
    TransformerDecoder,
    TransformerEncoder,
)
from torch import Tensor
from torch.nn import Identity, Module

from strata.export.errors import ExportError
from strata.export.outputs import read_outputs
from strata.export.signature import POSITIONS, TYPE_IDS, Signature


def first_position(module: Module) -> int:
    """The number that the model itself gives to a sequence's first piece."""
    embeddings = getattr(module, "embeddings", None)
    if isinstance(embeddings, RoBERTaEmbeddings):
        return embeddings.padding_id + 1
    return 0


class CuratedCall(Module):
    """Calls a Curated Transformers model with tensors by their roles.

    Positions count from 0 whatever the model: RoBERTa's family numbers its
    first piece padding_id + 1, which is added here.
    """

    def __init__(self, inner: TransformerModule):
        super().__init__()
        self.inner = inner
        self.first_position = first_position(inner)

    def forward(
        self,
        piece_ids: Tensor,
        attention_mask: Optional[Tensor] = None,
        positions: Optional[Tensor] = None,
        type_ids: Optional[Tensor] = None,
    ) -> tuple:
        if attention_mask is None:
            # The model wants one; this hides nothing.
            attention_mask = torch.ones_like(piece_ids, dtype=torch.bool)
        if not isinstance(attention_mask, (AttentionMask, dict)):
            attention_mask = AttentionMask(attention_mask)
        options = {}
        if positions is not None:
            # Rotary embeddings take views, which strided positions forbid.
            positions = positions.contiguous()
            if self.first_position != 0:
                positions = positions + self.first_position
            options[POSITIONS] = positions
        if type_ids is not None:
            options[TYPE_IDS] = type_ids
        output = self.inner(piece_ids, attention_mask, **options)
        if isinstance(output, tuple):
            return tuple(output)  # As all outputs of 1.x are.
        logits = getattr(output, "logits", None)
        layers = (tuple(output.all_outputs),)
        return layers if logits is None else (*layers, logits)


class SelectedLayers(Module):
    """Returns only some of a module's layers, and what may be its logits."""

    def __init__(self, inner: Module, layers: Sequence[int]):
        super().__init__()
        self.inner = inner
        self.layers = tuple(layers)

    def forward(self, *arguments: object) -> tuple:
        output = self.inner(*arguments)
        with warnings.catch_warnings():
            # It tells layers by their shapes, which are no matter of a batch.
            warnings.simplefilter("ignore", torch.jit.TracerWarning)
            outputs = read_outputs(output)
        count = len(outputs.layers)
        if self.layers[-1] >= count:
            raise ExportError(
                f"--layers asks for layer {self.layers[-1]}, and the model has "
                f"0 to {count - 1}"
            )
        layers = tuple(outputs.layers[i] for i in self.layers)
        return (layers, *(x for x in outputs.beside if x is not None))


def traceable(
    model: Module, signature: Signature, layers: Optional[Sequence[int]] = None
) -> Module:
    """The module to trace.

    A model of Curated Transformers is wrapped where the signature asks for it;
    any other module must take the signature's arguments itself.
    """
    wrapped = model
    if signature.name != "dict" and isinstance(model, TransformerModule):
        wrapped = _Named(CuratedCall(model), signature.arguments)
    if layers is not None:
        wrapped = _Named(SelectedLayers(wrapped, layers), signature.arguments)
    return wrapped


def check_layers(layers: Optional[Sequence[int]]) -> None:
    """Raises ExportError unless they ascend from 0 or more."""
    if layers is None:
        return
    ascending = all(a < b for a, b in zip(layers, layers[1:]))
    if not layers or layers[0] < 0 or not ascending:
        raise ExportError(
            f"--layers is {','.join(map(str, layers))}; expected ascending "
            "indices, 0 for the embedding output, 1 for the first layer"
        )


def layer_count(model: Module) -> Optional[int]:
    """The hidden layers of a Curated Transformers model."""
    if not isinstance(model, TransformerModule):
        return None
    return model.config.layer.n_hidden_layers


def cut_above(model: Module, deepest: int) -> bool:
    """Takes away the layers above `deepest`; whether there were any to take.

    Left whole: causal LMs, whose logits need all layers; ALBERT, whose layers
    are one; modules of which nothing is known.
    """
    if not isinstance(model, (TransformerDecoder, TransformerEncoder)):
        return False
    # One layer is left at least, since a model without any has no last one.
    keep = max(deepest, 1)
    if keep >= len(model.layers):
        return False
    model.layers = model.layers[:keep]
    if isinstance(model, TransformerDecoder):
        # It belongs to the last layer, which is gone.
        model.output_layer_norm = Identity()
    return True


class _Named(Module):
    """A module whose forward's arguments have the signature's names.

    A trace keeps the names, by which a server finds their meaning where there
    is no strata.json; the tracer reads them from forward's signature.
    """

    def __init__(self, inner: Module, arguments: tuple[str, ...]):
        super().__init__()
        self.inner = inner
        by_name = isinstance(inner, CuratedCall)

        def forward(*values: object) -> object:
            if by_name:
                return inner(**dict(zip(arguments, values, strict=True)))
            return inner(*values)

        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        forward.__signature__ = inspect.Signature(
            [inspect.Parameter(name, kind) for name in arguments]
        )
        self.forward = forward
