# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Causal language models, whose traces return logits after the layers."""

from __future__ import annotations

import pathlib
import shutil
import warnings

import numpy as np
import torch
from curated_transformers.layers.attention import AttentionMask
from curated_transformers.models import FalconCausalLM, FalconConfig

SEED = 20260401


def model(n_pieces: int) -> FalconCausalLM:
    """A small Falcon with its head, of random weights."""
    torch.manual_seed(SEED)
    config = FalconConfig(
        hidden_width=64,
        n_hidden_layers=3,
        n_query_heads=4,
        n_key_value_heads=2,
        n_pieces=n_pieces,
        new_decoder_architecture=True,
        rotary_embedding_fraction=1.0,
    )
    return FalconCausalLM(config).float().eval()


def _cache(output) -> tuple:
    return tuple((kv.key, kv.value) for kv in output.cache)


# What a wrapper of the model returns; None: the model is traced without one.
FORMS = {
    "direct": None,
    "cache": lambda out: (tuple(out.all_outputs), _cache(out), out.logits),
    "flat": lambda out: (*out.all_outputs, out.logits),
    "hidden": lambda out: (out.all_outputs[-1], out.logits),
}


class Wrapper(torch.nn.Module):
    """Takes a plain mask, and returns the outputs in a form of FORMS."""

    def __init__(self, inner: FalconCausalLM, form: str) -> None:
        super().__init__()
        self.inner = inner
        self.form = form

    def forward(self, piece_ids, mask):
        output = self.inner(piece_ids, AttentionMask(mask), store_cache=True)
        return FORMS[self.form](output)


@torch.no_grad()
def build(repository: pathlib.Path, tokenizer: pathlib.Path, n_pieces: int):
    """Writes the model in every form, under the form's name."""
    ids = torch.zeros(4, 20, dtype=torch.long)
    mask = torch.ones(4, 20, dtype=torch.bool)
    for name, form in FORMS.items():
        traced_model = model(n_pieces)
        example = (ids, AttentionMask(mask))
        if form is not None:
            traced_model = Wrapper(traced_model, name)
            example = (ids, mask)
        with warnings.catch_warnings():
            # Of what the tracer always says of these models.
            warnings.simplefilter("ignore")
            traced = torch.jit.trace(traced_model, example, check_trace=False)
        folder = repository / name / "1"
        folder.mkdir(parents=True)
        traced.save(str(folder / "model.pt"))
        shutil.copy(tokenizer, folder / "tokenizer.json")


@torch.no_grad()
def run(causal: FalconCausalLM, ids: list[int]) -> tuple[np.ndarray, ...]:
    """Layers, [layers, pieces, width], and logits, [pieces, V], of one."""
    batch = torch.tensor([ids])
    mask = AttentionMask(torch.ones_like(batch, dtype=torch.bool))
    output = causal(batch, mask)
    return torch.cat(output.all_outputs).numpy(), output.logits[0].numpy()
