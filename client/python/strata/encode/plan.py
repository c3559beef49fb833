# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What the output of a run depends on."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from strata.encode.corpus import Corpus
from strata.encode.errors import UsageError
from strata.models import ModelDescription


@dataclasses.dataclass(frozen=True)
class Plan:
    """All that may not change while a run is interrupted.

    Kept beside what there is of the output, and in the finished one.
    """

    corpus_sha256: str
    rows: int
    text_field: str | None
    id_field: str | None
    model: str
    version: int
    digest: str
    layers: list[int]
    """From 0, the embedding output."""
    width: int
    pooling: str
    normalize: bool
    dimensions: int
    dtype: str
    prompt: str
    truncation: str
    max_pieces: int
    special_pieces: bool
    format: str
    """"safetensors" or "parquet"."""

    @property
    def pooled(self) -> bool:
        return self.pooling != "none"

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Raises ValueError or TypeError where it is none."""
        return cls(**json.loads(text))

    def differences(self, before: Plan) -> list[str]:
        """What has changed, a line each."""
        ours, theirs = dataclasses.asdict(self), dataclasses.asdict(before)
        if self.corpus_sha256 != before.corpus_sha256:
            # Its number of rows says no more.
            ours["rows"] = theirs["rows"]
        if self.digest != before.digest:
            # Whatever else is not alike, it is another model.
            for name in ("version", "width"):
                ours[name] = theirs[name]
        return [
            f"{name.replace('_', ' ')} was {theirs[name]}, is {ours[name]}"
            for name in ours
            if ours[name] != theirs[name]
        ]


def layers_of(wanted: str, model: ModelDescription) -> list[int]:
    """The layers that --layers means, from 0, each once.

    Raises:
        UsageError: The model has no such layer, or it is no number.
    """
    if wanted == "all":
        return list(range(model.layers))
    try:
        layers = [int(number) for number in wanted.split(",")]
    except ValueError:
        raise UsageError(
            f'--layers is "{wanted}"; expected "all", or numbers with commas '
            "between them, as 0,-1"
        ) from None
    for layer in layers:
        if not -model.layers <= layer < model.layers:
            raise UsageError(
                f"--layers names {layer}; {model.name} has {model.layers} "
                f"layers: 0 to {model.layers - 1}, or -1 and down from the end"
            )
    return list(dict.fromkeys(layer % model.layers for layer in layers))


@dataclasses.dataclass(frozen=True)
class Options:
    """What of the command line goes into the plan."""

    text_field: str | None
    id_field: str | None
    layers: str
    pooling: str
    normalize: bool
    dimensions: int
    dtype: str
    prompt: str
    truncation: str
    max_pieces: int
    special_pieces: bool


def make_plan(
    options: Options, output: Path, corpus: Corpus, model: ModelDescription
) -> Plan:
    """Raises UsageError where the model cannot do what is asked."""
    form = output.suffix.lower().removeprefix(".")
    if form not in ("safetensors", "parquet"):
        raise UsageError(
            f"got the output {output}; its name must end in .safetensors or "
            ".parquet"
        )
    if options.dimensions > model.width:
        raise UsageError(
            f"--dimensions is {options.dimensions}; {model.name} has "
            f"{model.width}"
        )
    if options.prompt and options.prompt not in model.prompts:
        known = ", ".join(model.prompts) or "none"
        raise UsageError(
            f'--prompt is "{options.prompt}"; {model.name} has: {known}'
        )
    fields = dataclasses.asdict(options) | {
        "layers": layers_of(options.layers, model)
    }
    return Plan(
        corpus_sha256=corpus.sha256,
        rows=corpus.rows,
        model=model.name,
        version=model.version,
        digest=model.digest,
        width=options.dimensions or model.width,
        format=form,
        **fields,
    )
