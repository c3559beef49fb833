# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Reading what a model or its trace returns."""

from dataclasses import dataclass
from typing import Optional

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


def read_outputs(output: object) -> Outputs:
    """The layers, Y[0] or Y itself where it is flat; the logits of a nested Y.

    A flat tuple holds layers only: nothing would tell logits from them. Raises
    ExportError where the layers are not tensors [B, T, W].
    """
    if isinstance(output, Tensor):
        return Outputs([output])
    if isinstance(output, (tuple, list)) and len(output) > 0:
        first = output[0]
        nested = not isinstance(first, Tensor)
        layers = list(first if nested else output)
        if all(isinstance(x, Tensor) and x.dim() == 3 for x in layers):
            last = output[-1]
            has_logits = nested and isinstance(last, Tensor) and last.dim() == 3
            return Outputs(layers, last if has_logits else None)
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
