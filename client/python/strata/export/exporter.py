# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The steps of an export: prepare, trace, save, compare, write."""

import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, Optional, Union

import torch
from curated_transformers.layers.attention import enable_torch_sdp
from curated_transformers.models.module import (
    CausalLMModule,
    DecoderModule,
    TransformerModule,
)
from torch.nn import Module

from strata.export import compare, directory, tables
from strata.export.errors import ExportError
from strata.export.report import Report
from strata.export.signature import (
    SIGNATURES,
    first_position,
    inputs,
    random_batch,
    with_signature,
)
from strata.export.tokenizer import local_tokenizer_files, vocabulary_size


class Exporter:
    """One model on its way into a directory; see strata.export.export."""

    def __init__(
        self,
        model: Module,
        tokenizer: Union[str, Path, Mapping[str, Path]],
        *,
        signature: str,
        dtype: Optional[torch.dtype],
        device: Union[str, torch.device],
        max_pieces: Optional[int],
        sdpa: bool,
        tolerance: Optional[float],
        config: Mapping[str, Any],
        progress: Callable[[str], None],
    ):
        if signature not in SIGNATURES:
            raise ExportError(
                f"the signature is '{signature}'; expected "
                f"{' or '.join(SIGNATURES)}"
            )
        if max_pieces is not None and max_pieces < 1:
            raise ExportError(
                f"--max-pieces is {max_pieces}; expected at least 1"
            )
        if isinstance(tokenizer, (str, Path)):
            tokenizer = local_tokenizer_files(Path(tokenizer))
        self.tokenizer = tokenizer
        self.signature = SIGNATURES[signature]
        self.device = torch.device(device)
        self.sdpa = sdpa
        self.tolerance = tolerance
        self.progress = progress
        self.limit = tables.choose_limit(model, config, max_pieces)
        self.model = model
        self.n_pieces = self._count_pieces()
        self.padding_id = self._choose_padding_id(config)
        self._prepare(dtype)
        self.module = with_signature(model, self.signature)

    def write(self, destination: Path, *, force: bool) -> Report:
        """Traces, compares and writes; all of it or nothing."""
        destination = destination.absolute()
        with directory.new_directory(destination, force=force) as draft:
            path = draft / "model.pt"
            self.progress(f"tracing with the {self.signature.name} signature")
            hints = self._trace(path)
            self.progress("comparing the trace with the model")
            try:
                comparison = self._compare(path)
            except ExportError as error:
                raise ExportError(_with_hints(str(error), hints)) from error
            config = directory.strata_json(
                arguments=self.signature.arguments,
                mask_form=self.signature.mask_form,
                padding_id=self.padding_id,
                max_pieces=self.limit,
                final_norm_layers=self._final_norm_layers(comparison.layers),
            )
            directory.write_files(draft, self.tokenizer, config)
            size = path.stat().st_size
        return Report(
            directory=destination,
            signature=self.signature.name,
            comparison=comparison,
            max_pieces=self.limit,
            size=size,
        )

    def _count_pieces(self) -> int:
        """The identifiers that the model, or else its tokenizer, knows."""
        by_tokenizer = vocabulary_size(self.tokenizer)
        if not isinstance(self.model, TransformerModule):
            return by_tokenizer
        by_model = self.model.config.embedding.n_pieces
        if by_tokenizer > by_model:
            self.progress(
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
            except (RuntimeError, TypeError, ValueError, IndexError) as error:
                raise ExportError(
                    "the model cannot be traced with the "
                    f"{self.signature.name} signature "
                    f"{self.signature.arguments}: {error}"
                ) from error
        return hints

    def _compare(self, path: Path) -> compare.Comparison:
        trace = torch.jit.load(str(path), map_location=self.device)

        def eager(arguments: tuple) -> object:
            with enable_torch_sdp(self.sdpa):
                return self.module(*arguments)

        return compare.compare(
            lambda arguments: trace(*arguments),
            eager,
            self.signature,
            make_batch=self._batch,
            limit=self.limit,
            tolerance=self.tolerance,
        )

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
        decoder = isinstance(self.model, (DecoderModule, CausalLMModule))
        return [layers] if decoder else []


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
