# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Running a model, or its trace, on a batch.

Both are others' code, which may raise anything; what comes out of here is
outputs or an ExportError.
"""

from typing import Callable, Optional

import torch

from strata.export.errors import ExportError, kind_and_text
from strata.export.outputs import OutputForm, Outputs, read_outputs
from strata.export.served import check_hidden_states
from strata.export.signature import Batch, Signature, inputs

KEPT = (
    "Tracing kept something of its example; look for Python numbers and "
    "conditions that are computed from shapes or tensors"
)

# Takes a tuple of arguments.
Run = Callable[[tuple], object]


def run_model(
    eager: Run,
    signature: Signature,
    batch: Batch,
    *,
    form: OutputForm = OutputForm(),
) -> Outputs:
    """Runs the model; ExportError where it fails, or gives no hidden states."""
    try:
        outputs = _run(eager, inputs(signature, batch), form)
    except ExportError:
        raise
    except Exception as error:
        rows, length = batch.piece_ids.shape
        raise ExportError(
            f"the model itself fails on a batch [{rows}, {length}] of the "
            f"{signature.name} signature {signature.arguments}: "
            f"{_first_line(error)}. {_advice(eager, signature, batch)}"
        ) from error
    check_hidden_states("model", outputs, batch)
    return outputs


def run_trace(
    trace: Run,
    signature: Signature,
    batch: Batch,
    *,
    form: OutputForm = OutputForm(),
    but: str = "",
) -> Outputs:
    """Runs the trace; ExportError where it fails, which says `but` what."""
    rows, length = batch.piece_ids.shape
    what = f"a batch [{rows}, {length}]{but}"
    return run_arguments(trace, inputs(signature, batch), form=form, what=what)


def run_arguments(
    trace: Run, arguments: tuple, *, form: OutputForm, what: str
) -> Outputs:
    """The same on arguments of any kind, which are `what`."""
    try:
        return _run(trace, arguments, form)
    except ExportError:
        raise
    except Exception as error:
        raise ExportError(
            f"the trace does not run on {what}: {_reason(error)}. {KEPT}"
        ) from error


def _reason(error: BaseException) -> str:
    """The last line of an error, which of TorchScript's says what it is."""
    lines = [x.strip() for x in str(error).splitlines() if x.strip()]
    return lines[-1].rstrip(".") if lines else type(error).__name__


def _first_line(error: Exception) -> str:
    # An assertion's text may go on for long.
    return kind_and_text(error).strip().splitlines()[0].rstrip(".")


def _run(run: Run, arguments: tuple, form: OutputForm) -> Outputs:
    with torch.no_grad():
        return read_outputs(run(arguments), form)


def _advice(eager: Run, signature: Signature, batch: Batch) -> str:
    longest = _longest(eager, signature, batch)
    if longest is None:
        return (
            "Expected a module that takes these arguments, every piece of the "
            "tokenizer, and any number of rows and pieces up to the longest, "
            "which --max-pieces can set"
        )
    return (
        f"It takes at most {longest} pieces: export with --max-pieces {longest}"
    )


def _longest(eager: Run, signature: Signature, batch: Batch) -> Optional[int]:
    """The most pieces that run; None where the length is not what fails."""
    # One piece over and over, so that it is not for another that it fails.
    piece = batch.piece_ids[:1, :1]

    def runs(length: int) -> bool:
        alone = Batch(piece.repeat(1, length), (length,))
        try:
            _run(eager, inputs(signature, alone), OutputForm())
        except Exception:
            return False
        return True

    good, bad = 1, max(batch.lengths)
    if runs(bad) or not runs(good):
        return None
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if runs(middle) else (good, middle)
    return good
