# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The models of the benchmark, exported once and kept.

`minilm` has real weights; the decoders are Falcons of several sizes with
random ones, since speed does not depend on them; `wide` computes next to
nothing and answers with a lot.
"""

from __future__ import annotations

import dataclasses
import pathlib
import tempfile

LONGEST = 512


@dataclasses.dataclass(frozen=True)
class Model:
    """What has to be known of a model to measure it."""

    # Its folder in the repository, and its name on the wire.
    name: str
    layers: int  # Without the embedding output.
    width: int
    heads: int
    key_value_heads: int
    pieces: int = 1024
    dtype: str = "float32"
    # Falcon's newer architecture; Falcon-7B has the older one.
    new: bool = True

    @property
    def matrix_parameters(self) -> int:
        """Weights that each place is multiplied with."""
        head = self.width // self.heads
        attention = 2 * self.width**2
        attention += 2 * self.width * head * self.key_value_heads
        return self.layers * (attention + 8 * self.width**2)

    def operations(self, places: float, pairs: float) -> float:
        """Floating-point operations of forwards; see Work in batches.h."""
        products = 2 * self.matrix_parameters * places
        return products + 4 * self.layers * self.width * pairs

    def work_operations(self, work: dict, prefix: str = "") -> float:
        """Of what a run says: useful, or with "computed_" all of it."""
        places = work[f"{prefix}places" if prefix else "pieces"]
        return self.operations(places, work[f"{prefix}pairs"])


MINILM = Model("minilm", 6, 384, 12, 12)
# The demo's.
SMALL = Model("falcon-random", 4, 128, 8, 2)
MEDIUM = Model("falcon-25m", 8, 512, 8, 8)
LARGE = Model("falcon-160m", 12, 1024, 16, 16, pieces=8192)
LARGE_BF16 = dataclasses.replace(
    LARGE, name="falcon-160m-bf16", dtype="bfloat16"
)
FALCON_7B = Model(
    "falcon-7b-bf16", 32, 4544, 71, 1, pieces=65024, dtype="bfloat16", new=False
)
# Its heads and matrices are of no meaning.
WIDE = Model("wide", 12, 768, 1, 1)


def build(model: Model, repository: pathlib.Path, note) -> pathlib.Path:
    """Exports a model unless it is there; returns its version's folder."""
    from strata import demo_models

    folder = repository / model.name / "1"
    if model.name in demo_models.MODELS:
        demo_models.build(repository, [model.name], progress=note)
    elif not (folder / "model.pt").is_file():
        note(f"exporting {model.name}")
        _export(model, folder)
    return folder


def decoder(model: Model):
    """The eager model, of random weights in its type."""
    import torch
    from curated_transformers.models import FalconConfig, FalconDecoder

    torch.manual_seed(20260101)
    config = FalconConfig(
        hidden_width=model.width,
        n_hidden_layers=model.layers,
        n_query_heads=model.heads,
        n_key_value_heads=model.key_value_heads,
        n_pieces=model.pieces,
        new_decoder_architecture=model.new,
        rotary_embedding_fraction=1.0,
    )
    return FalconDecoder(config).to(getattr(torch, model.dtype)).eval()


def _wide():
    import torch

    class Wide(torch.nn.Module):
        """Looks a piece's layers up."""

        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(20260101)
            self.tables = torch.nn.ModuleList(
                torch.nn.Embedding(WIDE.pieces, WIDE.width)
                for _ in range(WIDE.layers + 1)
            )

        def forward(self, piece_ids):
            # Each in memory of its own, as a decoder's.
            return tuple(table(piece_ids) for table in self.tables)

    return Wide().eval()


def _export(model: Model, folder: pathlib.Path) -> None:
    from strata import demo_models
    from strata.export import export

    module = _wide() if model is WIDE else decoder(model)
    with tempfile.TemporaryDirectory() as tokenizer:
        demo_models.train_tokenizer(pathlib.Path(tokenizer))
        export(
            module,
            tokenizer,
            folder,
            signature="ids" if model is WIDE else "pairs",
            positions=False if model is WIDE else None,
            max_pieces=LONGEST,
            force=True,
        )
