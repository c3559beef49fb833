# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Reading what a model or its trace returns."""

from dataclasses import dataclass
from typing import Optional, Sequence

from torch import Tensor

from strata.export.errors import ExportError


@dataclass(frozen=True)
class Outputs:
    """The hidden states of a batch, and its logits where there are any."""

    layers: list[Tensor]  # [B, T, W] each.
    logits: Optional[Tensor] = None  # [B, T, vocabulary]

    def named(self) -> list[tuple[str, Tensor]]:
        """Everything, with what errors call it."""
        named = [(f"layer {i}", x) for i, x in enumerate(self.layers)]
        if self.logits is not None:
            named.append(("logits", self.logits))
        return named


def read_outputs(output: object, layers: Optional[int] = None) -> Outputs:
    """The layers and the logits, as a server finds them.

    Of a nested Y, every tensor that leads Y[0] is a layer; of a flat one, those
    that lead it and are of one shape. `layers` says how many are, where that is
    known. Logits are the first tensor that follows and has a vector for every
    place. Raises ExportError where the layers are not tensors [B, T, W].
    """
    values = [output] if isinstance(output, Tensor) else output
    beside: list = []
    nested = False
    while isinstance(values, (tuple, list)) and len(values) > 0:
        if isinstance(values[0], Tensor):
            return _split(output, values, beside, nested, layers)
        nested = True
        beside = [*values[1:], *beside]
        values = values[0]
    raise _no_layers(output)


def _split(
    output: object,
    values: Sequence,
    beside: list,
    nested: bool,
    layers: Optional[int],
) -> Outputs:
    if layers is None:
        layers = _count_leading(values, of_one_shape=not nested)
    found = list(values[:layers])
    if len(found) < layers or not all(_is_states(x) for x in found):
        raise _no_layers(output, layers)
    places = found[0].shape[:2]
    for value in (*values[layers:], *beside):
        if _is_states(value) and value.shape[:2] == places:
            return Outputs(found, value)
    return Outputs(found)


def _count_leading(values: Sequence, *, of_one_shape: bool) -> int:
    count = 0
    for value in values:
        if not isinstance(value, Tensor):
            break
        if of_one_shape and value.shape != values[0].shape:
            break
        count += 1
    return count


def _is_states(value: object) -> bool:
    return isinstance(value, Tensor) and value.dim() == 3


def _no_layers(output: object, layers: Optional[int] = None) -> ExportError:
    count = "one for each layer" if layers is None else f"{layers} of them"
    return ExportError(
        f"the model returns {_describe(output)}; expected a tuple whose first "
        f"element is a tuple of hidden states [B, T, W], {count} "
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
