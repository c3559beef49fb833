# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The steps of an export: prepare, trace, save, compare, write."""

import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, Mapping, Optional, Sequence, Union

import torch
from curated_transformers.layers.attention import enable_torch_sdp
from curated_transformers.models.module import TransformerModule
from torch.nn import Module

from strata.export import compare, curated, directory, tables
from strata.export.errors import ExportError, kind_and_text
from strata.export.outputs import OutputForm, Outputs, choose_logits
from strata.export.progress import Progress
from strata.export.report import Report
from strata.export.running import run_model
from strata.export.signature import (
    choose_signature,
    inputs,
    is_causal,
    random_batch,
)
from strata.export.tokenizer import (
    TokenizerFiles,
    local_tokenizer_files,
    vocabulary_size,
)
from strata.export.wrapper import (
    check_layers,
    cut_above,
    first_position,
    layer_count,
    traceable,
)


class Exporter:
    """One model on its way into a directory; see strata.export.export."""

    def __init__(
        self,
        model: Module,
        tokenizer: Union[str, Path, TokenizerFiles],
        *,
        signature: str,
        positions: Optional[bool],
        type_ids: Optional[bool],
        layers: Optional[Sequence[int]],
        logits: bool,
        dtype: Optional[torch.dtype],
        device: Union[str, torch.device],
        max_pieces: Optional[int],
        sdpa: bool,
        tolerance: Optional[float],
        config: Mapping[str, Any],
        progress: Progress,
    ):
        if max_pieces is not None and max_pieces < 1:
            raise ExportError(
                f"--max-pieces is {max_pieces}; expected at least 1"
            )
        compare.check_tolerance(tolerance)
        check_layers(layers)
        if isinstance(tokenizer, (str, Path)):
            tokenizer = local_tokenizer_files(Path(tokenizer))
        self.progress = progress
        self.tokenizer = tokenizer
        self.model = model
        self.signature = choose_signature(
            model, signature, positions=positions, type_ids=type_ids
        )
        self.device = torch.device(device)
        self.sdpa = sdpa and self._sdpa_runs()
        self.tolerance = tolerance
        self.logits = logits
        self.limit = tables.choose_limit(model, config, max_pieces)
        self.tokenizer_pieces = vocabulary_size(tokenizer)
        self.n_pieces = self._count_pieces()
        self.padding_id = self._choose_padding_id(config)
        self._choose_layers(layers)
        self._prepare(dtype)
        self.module = traceable(model, self.signature, self.layers)

    def write(
        self, destination: Path, *, force: bool, dry_run: bool = False
    ) -> Report:
        """Traces, compares and writes; all of it or nothing."""
        destination = destination.absolute()
        with (
            directory.scratch_directory()
            if dry_run
            else directory.new_directory(destination, force=force)
        ) as draft:
            comparison = self._make(draft / "model.pt")
            self.progress.step("writing the directory")
            config = directory.strata_json(
                arguments=self.signature.arguments,
                mask_form=self.signature.mask_form,
                padding_id=self.padding_id,
                max_pieces=self.limit,
                final_norm_layers=self._final_norm_layers(comparison.layers),
            )
            directory.write_files(draft, self.tokenizer, config)
            files = {x.name: x.stat().st_size for x in draft.iterdir()}
        return Report(
            directory=destination,
            signature=str(self.signature),
            comparison=comparison,
            max_pieces=self.limit,
            files=dict(sorted(files.items())),
            layers=self.layers,
            written=not dry_run,
        )

    def _make(self, path: Path) -> compare.Comparison:
        """Writes the trace, and compares what was written with the model."""
        self.progress.step(f"tracing with the {self.signature.name} signature")
        hints = self._trace(path)
        self.progress.step("comparing the trace with the model")
        try:
            return self._compare(path)
        except ExportError as error:
            raise ExportError(_with_hints(str(error), hints)) from error

    def _sdpa_runs(self) -> bool:
        runs = curated.sdpa_takes(self.signature.mask_form)
        if not runs:
            self.progress.note(
                f"note: {curated.NAME} runs PyTorch's own attention with masks "
                f"of keys only; {self.signature.name} is traced with its own"
            )
        return runs

    def _count_pieces(self) -> int:
        """The identifiers that the model, or else its tokenizer, knows."""
        by_tokenizer = self.tokenizer_pieces
        if not isinstance(self.model, TransformerModule):
            return by_tokenizer
        by_model = self.model.config.embedding.n_pieces
        if by_tokenizer > by_model:
            self.progress.note(
                f"warning: the tokenizer knows {by_tokenizer} pieces and the "
                f"model {by_model}: is it the model's own? Texts that use the "
                "others will be refused"
            )
        return by_model

    def _choose_padding_id(self, config: Mapping[str, Any]) -> int:
        # RoBERTa's family counts positions by it, so its own goes first.
        if isinstance(self.model, TransformerModule):
            own = first_position(self.model) - 1
            if own >= 0:
                return own
        padding_id = config.get("pad_token_id")
        if isinstance(padding_id, int) and 0 <= padding_id < self.n_pieces:
            return padding_id
        return 0

    def _choose_layers(self, layers: Optional[Sequence[int]]) -> None:
        self.layers = None if layers is None else tuple(layers)
        count = layer_count(self.model)
        self.last_layer = count
        if self.layers is None or count is None:
            return
        if self.layers[-1] > count:
            raise ExportError(
                f"--layers asks for layer {self.layers[-1]}, and the model has "
                f"0 to {count}"
            )
        cut_above(self.model, self.layers[-1])

    def _prepare(self, dtype: Optional[torch.dtype]) -> None:
        try:
            self.model.to(device=self.device, dtype=dtype)
        except (RuntimeError, AssertionError) as error:
            raise ExportError(
                f"cannot move the model to {self.device}: {error}"
            ) from error
        tables.prepare_tables(self.model, self.limit)
        self.model.eval()

    def _trace(self, path: Path) -> list[str]:
        """Saves the trace; returns what the tracer warned of."""
        example = self._batch(compare.example_lengths(self.limit))
        outputs = run_model(self._eager, self.signature, example)
        self.form = OutputForm(logits=self._choose_logits(outputs))
        with (
            torch.no_grad(),
            enable_torch_sdp(self.sdpa),
            _tracer_warnings() as hints,
        ):
            try:
                # The comparison does more than the tracer's own check.
                trace = torch.jit.trace(
                    self.module,
                    inputs(self.signature, example),
                    check_trace=False,
                )
                torch.jit.save(trace, str(path))
            except Exception as error:  # The model's own code may raise any.
                raise ExportError(
                    "the model cannot be traced with the "
                    f"{self.signature.name} signature "
                    f"{self.signature.arguments}: {kind_and_text(error)}"
                ) from error
        return hints

    def _compare(self, path: Path) -> compare.Comparison:
        trace = torch.jit.load(str(path), map_location=self.device)
        return compare.compare(
            lambda arguments: trace(*arguments),
            self._eager,
            self.signature,
            make_batch=self._batch,
            limit=self.limit,
            form=self.form,
            tolerance=self.tolerance,
            on_batch=self.progress.advance,
        )

    def _eager(self, arguments: tuple) -> object:
        with enable_torch_sdp(self.sdpa):
            return self.module(*arguments)

    def _choose_logits(self, outputs: Outputs) -> Optional[int]:
        """Which output a server would serve as logits.

        Raises ExportError where some were asked for and none would be.
        """
        pieces = min(self.n_pieces, self.tokenizer_pieces)
        try:
            chosen = choose_logits(outputs, pieces)
        except ExportError as error:
            if not self.logits:
                self.progress.note(
                    f"warning: the model returns {error}: no logits are served"
                )
                return None
            raise ExportError(
                f"--logits was given, and the model returns {error}; expected "
                "one tensor [B, T, vocabulary] after the layers, and no other "
                "as wide. Leave the option out for the hidden states alone"
            ) from error
        if self.logits and chosen is None:
            raise ExportError(
                "--logits was given, and the model returns none: expected a "
                "causal LM, whose output ends with a tensor [B, T, vocabulary]"
            )
        return chosen

    def _batch(self, lengths: tuple[int, ...]):
        return random_batch(
            lengths,
            n_pieces=self.n_pieces,
            padding_id=self.padding_id,
            device=self.device,
        )

    def _final_norm_layers(self, layers: int) -> list[int]:
        # Decoders normalise the last layer's output once more; encoders, and
        # modules of which nothing is known, have no such layer to name.
        if not is_causal(self.model):
            return []
        if self.layers is None:
            return [layers]
        return [i for i, x in enumerate(self.layers) if x == self.last_layer]


@contextmanager
def _tracer_warnings() -> Iterator[list[str]]:
    """Collects the tracer's warnings instead of printing them.

    Most are harmless, and the comparison finds those that are not; they are
    shown only when it does.
    """
    hints: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield hints
    for warning in caught:
        if issubclass(warning.category, torch.jit.TracerWarning):
            place = f"{Path(warning.filename).name}:{warning.lineno}"
            text = str(warning.message).split(". ")[0]
            hints.append(f"{place}: {text}")


def _with_hints(message: str, hints: list[str]) -> str:
    if not hints:
        return message
    lines = "\n".join(f"  {hint}" for hint in dict.fromkeys(hints))
    return f"{message}. What the tracer warned of:\n{lines}"
