# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Comparing a trace with the model that it was made from.

A trace records one run, and may have kept that run's batch size, length or
mask without a word. So what was saved is loaded again and run on batches of
other shapes, next to the model itself.
"""

import math
from dataclasses import dataclass
from typing import Callable, Optional

import torch
from torch import Tensor

from strata.export.errors import ExportError
from strata.export.outputs import OutputForm, Outputs
from strata.export.running import KEPT, Run, run_model, run_trace
from strata.export.served import TOLERANCES
from strata.export.signature import Batch, Signature

# Lengths of the batches; the trace's example is EXAMPLE_LENGTHS. None of the
# others has its number of rows or its longest length.
EXAMPLE_LENGTHS = (13, 9, 4)
_BATCHES = ((5,), (7, 2), (21, 1, 33, 12, 26))

_BUT = ", which the model itself takes"
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
    vocabulary: Optional[int] = None  # Of the logits, where there are any.


def compare(
    trace: Run,
    eager: Run,
    signature: Signature,
    *,
    make_batch: Callable[[tuple[int, ...]], Batch],
    limit: Optional[int],
    form: OutputForm = OutputForm(),
    tolerance: Optional[float] = None,
    on_batch: Callable[[int, int], None] = lambda done, total: None,
) -> Comparison:
    """Runs both on batches of several shapes, padded and alone.

    `trace` and `eager` take a tuple of arguments, `make_batch` the lengths of
    its sequences; `form` tells their logits. Raises ExportError at the first
    piece that differs by more than the tolerance.
    """
    worst = 0.0
    shapes = batch_lengths(limit, padded=signature.padded)
    for done, lengths in enumerate(shapes):
        on_batch(done, len(shapes))
        batch = make_batch(lengths)
        # What the model does not take, the trace need not.
        expected = run_model(eager, signature, batch, form=form)
        got = run_trace(trace, signature, batch, form=form, but=_BUT)
        allowed = tolerance_for(expected, tolerance)
        worst = max(worst, worst_error(got, expected, lengths, allowed, KEPT))
        if len(lengths) == 1:
            continue
        for row, length in enumerate(lengths):
            alone = run_model(eager, signature, batch.row(row), form=form)
            where = _PADDING.format(row=row, lengths=list(lengths))
            mine = row_of(got, row)
            error = worst_error(mine, alone, (length,), allowed, where)
            worst = max(worst, error)
    last = expected.layers[-1]
    return Comparison(
        layers=len(expected.layers) - 1,
        width=last.size(-1),
        dtype=last.dtype,
        worst_error=worst,
        tolerance=allowed,
        longest=max(max(lengths) for lengths in shapes),
        vocabulary=(
            None if expected.logits is None else expected.logits.size(-1)
        ),
    )


def batch_lengths(
    limit: Optional[int], *, padded: bool = True
) -> list[tuple[int, ...]]:
    """The batches to compare: none is over the limit, and one is at it.

    Unless they are `padded`, the sequences of a batch are of one length.
    """
    shapes = [
        lengths if padded else (max(lengths),) * len(lengths)
        for lengths in _BATCHES
    ]
    if limit is None:
        return shapes
    shapes = [tuple(min(n, limit) for n in lengths) for lengths in shapes]
    return shapes + [(limit,)]


def row_of(outputs: Outputs, row: int) -> Outputs:
    """A row's part of a batch's outputs."""
    logits = outputs.logits
    return Outputs(
        [layer[row : row + 1] for layer in outputs.layers],
        None if logits is None else logits[row : row + 1],
    )


def example_lengths(limit: Optional[int]) -> tuple[int, ...]:
    """The lengths of the batch that is traced."""
    return tuple(min(n, limit or n) for n in EXAMPLE_LENGTHS)


def check_tolerance(tolerance: Optional[float]) -> None:
    """Raises ExportError unless it is a number that an error can keep to."""
    # Not-a-number is no such number, hence the negation.
    if tolerance is not None and not 0 <= tolerance < math.inf:
        raise ExportError(
            f"--tolerance is {tolerance}; expected a number from 0, such as "
            "1e-5; leave the option out for that of the dtype"
        )


def tolerance_for(outputs: Outputs, asked: Optional[float]) -> float:
    """The largest error that is allowed: what was asked, or by the dtype."""
    return TOLERANCES[outputs.layers[-1].dtype] if asked is None else asked


def worst_error(
    got: Outputs,
    expected: Outputs,
    lengths: tuple[int, ...],
    tolerance: float,
    cause: str,
) -> float:
    """The largest error of a real piece; ExportError where it is too large."""
    ours, theirs = got.named(), expected.named()
    if len(ours) != len(theirs):
        raise ExportError(
            f"the trace returns {len(got.layers)} layers for lengths "
            f"{list(lengths)} where the model returns {len(expected.layers)}, "
            f"or logits that the other has not. {KEPT}"
        )
    worst = 0.0
    for (name, x), (_, y) in zip(ours, theirs, strict=True):
        for row, length in enumerate(lengths):
            _check_shapes(name, x, y, length)
            errors = _relative(x[row, :length], y[row, :length])
            # Not-a-number is a mismatch too, hence the negation.
            wrong = ~(errors <= tolerance)
            if bool(wrong.any()):
                piece = int(wrong.nonzero()[0])
                raise ExportError(
                    f"the trace and the model disagree on lengths "
                    f"{list(lengths)}: piece {piece} of row {row} in {name} "
                    f"has a relative error of {errors[piece]:.3g}, and "
                    f"at most {tolerance:.3g} is allowed; {wrong.sum()} of "
                    f"{length} pieces are wrong there. {cause}"
                )
            worst = max(worst, float(errors.max()))
    return worst


def _check_shapes(name: str, ours: Tensor, theirs: Tensor, length: int) -> None:
    # A sequence that ran alone has no padding: the lengths may differ.
    if (
        ours.size(0) != theirs.size(0)
        or ours.size(1) < length
        or ours.size(2) != theirs.size(2)
    ):
        raise ExportError(
            f"the trace returns {list(ours.shape)} for {name} where the model "
            f"returns {list(theirs.shape)}. {KEPT}"
        )


def _relative(ours: Tensor, theirs: Tensor) -> Tensor:
    """||ours - theirs|| / ||theirs|| for each piece; both [pieces, width]."""
    ours, theirs = ours.double(), theirs.double()
    norm = theirs.norm(dim=-1).clamp_min(torch.finfo(torch.double).tiny)
    return (ours - theirs).norm(dim=-1) / norm
