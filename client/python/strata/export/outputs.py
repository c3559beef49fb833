# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Reading what a model or its trace returns."""

from dataclasses import dataclass, field
from typing import Optional, Sequence

from torch import Tensor

from strata.export.errors import ExportError


@dataclass(frozen=True)
class OutputForm:
    """What is known of what a model returns."""

    # How many of the tensors that lead it are layers.
    layers: Optional[int] = None
    # Which of those beside the layers are logits; None: none.
    logits: Optional[int] = None


@dataclass(frozen=True)
class Outputs:
    """The hidden states of a batch, and its logits where there are any."""

    layers: list[Tensor]  # [B, T, W] each.
    logits: Optional[Tensor] = None  # [B, T, vocabulary]
    # What stands beside the layers and may be logits, [B, T, *]; None in the
    # place of anything else.
    beside: list[Optional[Tensor]] = field(default_factory=list)

    def named(self) -> list[tuple[str, Tensor]]:
        """Everything, with what errors call it."""
        named = [(f"layer {i}", x) for i, x in enumerate(self.layers)]
        if self.logits is not None:
            named.append(("logits", self.logits))
        return named


def read_outputs(output: object, form: OutputForm = OutputForm()) -> Outputs:
    """The layers and the logits, as a server finds them.

    Of a nested Y, every tensor that leads Y[0] is a layer; of a flat one, those
    that lead it and are of one shape, or as many as `form` says. Raises
    ExportError where the layers are not tensors [B, T, W].
    """
    values = [output] if isinstance(output, Tensor) else output
    beside: list = []
    nested = False
    while isinstance(values, (tuple, list)) and len(values) > 0:
        if isinstance(values[0], Tensor):
            return _split(output, values, beside, nested, form)
        nested = True
        beside = [*values[1:], *beside]
        values = values[0]
    raise _no_layers(output)


def choose_logits(outputs: Outputs, pieces: int) -> Optional[int]:
    """Which tensor beside the layers is the logits of `pieces`, by its width.

    It is the one as wide, else the one that is wider: an embedding may have
    more rows than the tokenizer has pieces. None where there is no tensor
    [B, T, *] at all. Raises ExportError, as a server would serve none, where
    none is as wide or several could be meant.
    """
    widths = {
        i: x.size(2) for i, x in enumerate(outputs.beside) if x is not None
    }
    if not widths:
        return None
    as_wide = [i for i, width in widths.items() if width == pieces]
    wider = [i for i, width in widths.items() if width > pieces]
    meant = as_wide or wider
    if len(meant) == 1:
        return meant[0]
    several = ", of which several could be its logits" if meant else ""
    one = len(widths) == 1
    raise ExportError(
        f"{'a tensor of width' if one else 'tensors of widths'} "
        f"{', '.join(map(str, widths.values()))} after the layers, in a "
        f"vocabulary of {pieces}{several}"
    )


def _split(
    output: object,
    values: Sequence,
    beside: list,
    nested: bool,
    form: OutputForm,
) -> Outputs:
    layers = form.layers
    if layers is None:
        layers = _count_leading(values, of_one_shape=not nested)
    found = list(values[:layers])
    if len(found) < layers or not all(_is_states(x) for x in found):
        raise _no_layers(output, layers)
    places = found[0].shape[:2]
    fitting = [
        x if _is_states(x) and x.shape[:2] == places else None
        for x in (*values[layers:], *beside)
    ]
    told = form.logits is not None and form.logits < len(fitting)
    return Outputs(found, fitting[form.logits] if told else None, fitting)


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
