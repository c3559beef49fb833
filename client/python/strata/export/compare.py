# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Comparing a trace with the model that it was made from.

A trace records one run, and may have kept that run's batch size, length or
mask without a word. So what was saved is loaded again and run on batches of
other shapes, next to the model itself.
"""

from dataclasses import dataclass
from typing import Callable, Optional

import torch
from torch import Tensor

from strata.export.errors import ExportError
from strata.export.signature import (
    Batch,
    Signature,
    inputs,
    layers_of,
)

# The largest ||trace - eager|| / ||eager|| of a piece in a layer, by the dtype
# of the hidden states. The low precisions keep 8 and 11 bits, and their error
# grows with the layers that a state has passed.
TOLERANCES = {
    torch.float32: 1e-5,
    torch.float64: 1e-9,
    torch.float16: 1e-2,
    torch.bfloat16: 5e-2,
}

# Lengths of the batches; the trace's example is EXAMPLE_LENGTHS. None of the
# others has its number of rows or its longest length.
EXAMPLE_LENGTHS = (13, 9, 4)
_BATCHES = ((5,), (7, 2), (21, 1, 33, 12, 26))

_KEPT = (
    "Tracing kept something of its example; look for Python numbers and "
    "conditions that are computed from shapes or tensors"
)
_PADDING = (
    "The trace ran it as row {row} of lengths {lengths}, and agrees with the "
    "model on that batch; the model ran it alone. So the model itself lets "
    "pieces see the padding beside them: it must use the attention mask"
)


@dataclass(frozen=True)
class Comparison:
    """What was seen where the trace agrees with the model."""

    layers: int
    width: int
    dtype: torch.dtype
    worst_error: float
    tolerance: float
    longest: int  # Pieces of the longest sequence that was compared.


Run = Callable[[tuple], object]


def compare(
    trace: Run,
    eager: Run,
    signature: Signature,
    *,
    make_batch: Callable[[tuple[int, ...]], Batch],
    limit: Optional[int],
    tolerance: Optional[float] = None,
) -> Comparison:
    """Runs both on batches of several shapes, padded and alone.

    `trace` and `eager` take a tuple of arguments, `make_batch` the lengths of
    its sequences. Raises ExportError at the first piece that differs by more
    than the tolerance.
    """
    worst = 0.0
    shapes = batch_lengths(limit)
    for lengths in shapes:
        batch = make_batch(lengths)
        got = _layers(trace, "trace", signature, batch)
        expected = _layers(eager, "model", signature, batch)
        allowed = tolerance or _tolerance(expected[-1].dtype)
        worst = max(worst, _worst(got, expected, lengths, allowed, _KEPT))
        if len(lengths) == 1:
            continue
        for row, length in enumerate(lengths):
            alone = _layers(eager, "model", signature, batch.row(row))
            mine = [layer[row : row + 1] for layer in got]
            where = _PADDING.format(row=row, lengths=list(lengths))
            worst = max(worst, _worst(mine, alone, (length,), allowed, where))
    return Comparison(
        layers=len(expected) - 1,
        width=expected[-1].size(-1),
        dtype=expected[-1].dtype,
        worst_error=worst,
        tolerance=allowed,
        longest=max(max(lengths) for lengths in shapes),
    )


def batch_lengths(limit: Optional[int]) -> list[tuple[int, ...]]:
    """The batches to compare: none is over the limit, and one is at it."""
    if limit is None:
        return list(_BATCHES)
    shapes = [tuple(min(n, limit) for n in lengths) for lengths in _BATCHES]
    return shapes + [(limit,)]


def example_lengths(limit: Optional[int]) -> tuple[int, ...]:
    """The lengths of the batch that is traced."""
    return tuple(min(n, limit or n) for n in EXAMPLE_LENGTHS)


def _layers(
    run: Run, who: str, signature: Signature, batch: Batch
) -> list[Tensor]:
    try:
        with torch.no_grad():
            return layers_of(run(inputs(signature, batch)))
    except (RuntimeError, IndexError) as error:
        rows, length = batch.piece_ids.shape
        reason = _last_line(error)
        if who == "trace":
            raise ExportError(
                f"the trace does not run on a batch [{rows}, {length}], which "
                f"the model itself takes: {reason}. {_KEPT}"
            ) from error
        raise ExportError(
            f"the model itself fails on a batch [{rows}, {length}]: {reason}. "
            "If it takes fewer pieces than that, say how many with --max-pieces"
        ) from error


def _tolerance(dtype: torch.dtype) -> float:
    if dtype not in TOLERANCES:
        known = ", ".join(str(x) for x in TOLERANCES)
        raise ExportError(
            f"the model's hidden states are {dtype}; expected one of {known}"
        )
    return TOLERANCES[dtype]


def _worst(
    got: list[Tensor],
    expected: list[Tensor],
    lengths: tuple[int, ...],
    tolerance: float,
    cause: str,
) -> float:
    """The largest error of a real piece; ExportError where it is too large."""
    if len(got) != len(expected):
        raise ExportError(
            f"the trace returns {len(got)} layers for lengths {list(lengths)} "
            f"where the model returns {len(expected)}. {_KEPT}"
        )
    worst = 0.0
    for layer, (ours, theirs) in enumerate(zip(got, expected, strict=True)):
        for row, length in enumerate(lengths):
            # A sequence that ran alone has no padding: length may differ.
            if (
                ours.size(0) != theirs.size(0)
                or ours.size(1) < length
                or ours.size(2) != theirs.size(2)
            ):
                raise ExportError(
                    f"the trace returns {list(ours.shape)} for layer {layer} "
                    f"where the model returns {list(theirs.shape)}. {_KEPT}"
                )
            errors = _relative(ours[row, :length], theirs[row, :length])
            # Not-a-number is a mismatch too, hence the negation.
            wrong = ~(errors <= tolerance)
            if bool(wrong.any()):
                piece = int(wrong.nonzero()[0])
                raise ExportError(
                    f"the trace and the model disagree on lengths "
                    f"{list(lengths)}: piece {piece} of row {row} in layer "
                    f"{layer} has a relative error of {errors[piece]:.3g}, and "
                    f"at most {tolerance:.3g} is allowed; {wrong.sum()} of "
                    f"{length} pieces are wrong there. {cause}"
                )
            worst = max(worst, float(errors.max()))
    return worst


def _relative(ours: Tensor, theirs: Tensor) -> Tensor:
    """||ours - theirs|| / ||theirs|| for each piece; both [pieces, width]."""
    ours, theirs = ours.double(), theirs.double()
    norm = theirs.norm(dim=-1).clamp_min(torch.finfo(torch.double).tiny)
    return (ours - theirs).norm(dim=-1) / norm


def _last_line(error: Exception) -> str:
    lines = [x.strip() for x in str(error).splitlines() if x.strip()]
    return lines[-1].rstrip(".") if lines else type(error).__name__
