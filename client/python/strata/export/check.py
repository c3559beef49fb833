# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Examining a model directory without the model that it was made from.

A trace is held against itself: a sequence must come out the same alone, beside
others and, where the mask allows it, behind others in one row. The server does
this and more when it loads a model, and has the last word.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Mapping, Optional

import torch

from strata.export import compare
from strata.export.errors import ExportError
from strata.export.model_config import ModelConfig, read_model_config
from strata.export.outputs import OutputForm, Outputs, choose_logits
from strata.export.progress import Progress
from strata.export.running import run_arguments, run_trace
from strata.export.served import check_hidden_states
from strata.export.signature import (
    MASK,
    PIECE_IDS,
    POSITIONS,
    TYPE_IDS,
    Batch,
    Signature,
    random_batch,
)
from strata.export.tokenizer import (
    JSON,
    SENTENCEPIECE,
    TokenizerFiles,
    vocabulary_size,
)

# Batches without a limit; none is over the rotary tables' usual 512.
_BATCHES = ((1,), (5, 5, 5), (23, 1, 7), (9, 40, 17, 3))
_PACKED = (11, 3, 7)


@dataclass(frozen=True)
class CheckReport:
    """A row for each check that ran; the failure ends them."""

    rows: list[tuple[str, str, str]]  # Check, "ok" or "FAILED", what was seen.
    failure: Optional[str] = None

    def __str__(self) -> str:
        width = max(len(name) for name, _, _ in self.rows)
        return "\n".join(
            f"{name:<{width}}  {verdict:<6}  {seen}".rstrip()
            for name, verdict, seen in self.rows
        )


def check(
    directory: Path,
    *,
    device: torch.device = torch.device("cpu"),
    tolerance: Optional[float] = None,
    progress: Progress = Progress(),
) -> CheckReport:
    """Examines `directory`, `<repository>/<model>/<version>`."""
    compare.check_tolerance(tolerance)
    subject = _Subject(directory, device, tolerance)
    rows = []
    for done, (name, look) in enumerate(_CHECKS.items()):
        progress.advance(done, len(_CHECKS))
        try:
            seen = look(subject)
        except ExportError as error:
            rows.append((name, "FAILED", ""))
            return CheckReport(rows, f"{directory}: {name}: {error}")
        if seen is not None:
            rows.append((name, "ok", seen))
    return CheckReport(rows)


@dataclass
class _Subject:
    """What is examined; each check fills in what the next ones need."""

    directory: Path
    device: torch.device
    tolerance: Optional[float]
    config: ModelConfig = ModelConfig(Signature("ids", (PIECE_IDS,), "none"))
    trace: Optional[torch.jit.ScriptModule] = None
    pieces: int = 1
    form: OutputForm = OutputForm()

    def run(self, lengths: tuple[int, ...]) -> tuple[Batch, Outputs]:
        batch = self.batch(lengths)
        return batch, self.run_batch(batch)

    def run_batch(self, batch: Batch) -> Outputs:
        return run_trace(
            self.call, self.config.signature, batch, form=self.form
        )

    def call(self, arguments: tuple) -> object:
        return self.trace(*arguments)

    def batch(self, lengths: tuple[int, ...]) -> Batch:
        return random_batch(
            lengths,
            n_pieces=self.pieces,
            padding_id=self.config.padding_id,
            device=self.device,
        )

    def worst(self, got: Outputs, expected: Outputs, length: int) -> float:
        allowed = compare.tolerance_for(expected, self.tolerance)
        cause = "Both were computed by the trace, in other company"
        return compare.worst_error(got, expected, (length,), allowed, cause)


def _check_config(subject: _Subject) -> str:
    subject.config = read_model_config(subject.directory / "strata.json")
    subject.form = OutputForm(layers=subject.config.layers)
    return str(subject.config.signature)


def _check_tokenizer(subject: _Subject) -> str:
    found = [
        name
        for name in (JSON, SENTENCEPIECE)
        if (subject.directory / name).is_file()
    ]
    if not found:
        raise ExportError(
            f"there is no {JSON} or {SENTENCEPIECE} in {subject.directory}"
        )
    files: TokenizerFiles = {found[0]: subject.directory / found[0]}
    subject.pieces = vocabulary_size(files)
    return f"{found[0]}, {subject.pieces:,} pieces"


def _check_trace(subject: _Subject) -> str:
    path = subject.directory / "model.pt"
    try:
        subject.trace = torch.jit.load(str(path), map_location=subject.device)
    except (OSError, RuntimeError, ValueError) as error:
        raise ExportError(
            f"cannot load {path} as a TorchScript module: {error}"
        ) from error
    subject.trace.eval()
    return f"{path.stat().st_size:,} bytes"


def _check_outputs(subject: _Subject) -> str:
    # One piece that every vocabulary has, and that is no padding.
    piece = 1 if subject.config.padding_id == 0 else 0
    ids = torch.full((2, 7), piece, device=subject.device)
    batch = Batch(ids, (7, 7))
    outputs = subject.run_batch(batch)
    check_hidden_states("trace", outputs, batch)
    last = outputs.layers[-1]
    logits = _choose_logits(subject, outputs)
    if subject.form.logits is not None:
        served = outputs.beside[subject.form.logits]
        outputs = replace(outputs, logits=served)
    for name, tensor in outputs.named():
        if not bool(tensor.isfinite().all()):
            raise ExportError(f"{name} of 7 pieces is not finite")
    dtype = str(last.dtype).removeprefix("torch.")
    count = len(outputs.layers)
    return f"{count} hidden states {last.size(-1)} wide, {dtype}{logits}"


def _choose_logits(subject: _Subject, outputs: Outputs) -> str:
    """What is said of them, where there are some."""
    try:
        chosen = choose_logits(outputs, subject.pieces)
    except ExportError as error:
        return f", and {error}: no logits are served"
    if chosen is None:
        return ""
    subject.form = replace(subject.form, logits=chosen)
    return f", and logits {outputs.beside[chosen].size(-1)} wide"


def _check_vocabulary(subject: _Subject) -> str:
    """The tokenizer's last piece is one that the model has, too."""
    last = subject.pieces - 1
    ids = torch.full((1, 3), last, device=subject.device)
    try:
        subject.run_batch(Batch(ids, (3,)))
    except ExportError as error:
        raise ExportError(
            f"the tokenizer's last piece, {last}, is not the model's: {error}"
        ) from error
    return f"the last piece is {last}"


def _check_deterministic(subject: _Subject) -> str:
    batch, first = subject.run((13,))
    worst = subject.worst(subject.run_batch(batch), first, 13)
    return f"worst error {worst:.2g}"


def _check_batches(subject: _Subject) -> str:
    worst, limit = 0.0, subject.config.max_pieces
    padded = subject.config.signature.padded
    for lengths in _BATCHES:
        lengths = tuple(min(n, limit or n) for n in lengths)
        if not padded:
            lengths = (max(lengths),) * len(lengths)
        batch, got = subject.run(lengths)
        for row, length in enumerate(lengths):
            alone = subject.run_batch(batch.row(row))
            mine = compare.row_of(got, row)
            worst = max(worst, subject.worst(mine, alone, length))
    rows = "padded" if padded else "equal lengths"
    return f"to {max(map(max, _BATCHES))} pieces, {rows}, worst {worst:.2g}"


def _check_packed(subject: _Subject) -> Optional[str]:
    """Several sequences in one row, where the signature allows that."""
    wanted = {MASK, POSITIONS}
    signature, limit = subject.config.signature, subject.config.max_pieces
    if signature.mask_form != "pairs" or not wanted <= set(signature.arguments):
        return None
    lengths = [min(n, limit or n) for n in _PACKED]
    alone = [subject.batch((n,)) for n in lengths]
    values = _packed_row(alone, lengths, subject.device)
    values[MASK] = values[MASK].to(signature.mask_dtype)
    arguments = tuple(values[role] for role in signature.arguments)
    packed = run_arguments(
        subject.call, arguments, form=subject.form, what="a packed row"
    )
    worst, begin = 0.0, 0
    for batch, length in zip(alone, lengths, strict=True):
        part = slice(begin, begin + length)
        mine = Outputs(
            [x[:, part] for x in packed.layers],
            None if packed.logits is None else packed.logits[:, part],
        )
        expected = subject.run_batch(batch)
        worst = max(worst, subject.worst(mine, expected, length))
        begin += length
    return f"{len(lengths)} in a row, worst {worst:.2g}"


def _packed_row(
    batches: list[Batch], lengths: list[int], device: torch.device
) -> dict[str, torch.Tensor]:
    places = [torch.arange(n, device=device) for n in lengths]
    owner = torch.cat(
        [torch.full((n,), i, device=device) for i, n in enumerate(lengths)]
    )
    mask = owner.unsqueeze(0) == owner.unsqueeze(1)
    types = [x // 3 % 2 for x in places]
    return {
        PIECE_IDS: torch.cat([x.piece_ids for x in batches], dim=1),
        MASK: mask.view(1, 1, *mask.shape),
        POSITIONS: torch.cat(places).unsqueeze(0),
        TYPE_IDS: torch.cat(types).unsqueeze(0),
    }


def _check_longest(subject: _Subject) -> str:
    limit = subject.config.max_pieces
    if limit is None:
        return "strata.json names none, the server finds it"
    _, outputs = subject.run((limit,))
    for name, tensor in outputs.named():
        if not bool(tensor.isfinite().all()):
            raise ExportError(f"{name} of {limit} pieces is not finite")
    return f"{limit:,} pieces"


# By name, in the order in which they rely on each other. What they return is
# what was seen; None: they do not apply.
_CHECKS: Mapping[str, Callable[[_Subject], Optional[str]]] = {
    "strata.json": _check_config,
    "tokenizer": _check_tokenizer,
    "model.pt": _check_trace,
    "outputs": _check_outputs,
    "vocabulary": _check_vocabulary,
    "deterministic": _check_deterministic,
    "batches": _check_batches,
    "packed": _check_packed,
    "longest": _check_longest,
}
