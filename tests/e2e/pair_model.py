# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""A BERT with seeded random weights whose trace takes type ids, and prompts."""

from __future__ import annotations

import json
import pathlib
import shutil
import warnings

import alone
import numpy as np
import sentencepiece
import torch
from curated_transformers.layers.attention import AttentionMask
from curated_transformers.models import BERTConfig, BERTEncoder
from torch import Tensor
from torch.nn import Module

NAME = "bert-pairs"
MAX_PIECES = 96
PROMPTS = {"query": "A question about rivers: ", "empty": ""}
_ARGUMENTS = ["piece_ids", "attention_mask", "positions", "type_ids"]


def encoder(n_pieces: int) -> BERTEncoder:
    config = BERTConfig(
        embedding_width=32,
        hidden_width=32,
        intermediate_width=64,
        n_attention_heads=4,
        n_hidden_layers=3,
        n_pieces=n_pieces,
        n_positions=MAX_PIECES,
        model_max_length=MAX_PIECES,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(20260104)
        return BERTEncoder(config).eval()


class _TakesTypeIds(Module):
    def __init__(self, inner: BERTEncoder) -> None:
        super().__init__()
        self.inner = inner

    def forward(
        self,
        piece_ids: Tensor,
        attention_mask: Tensor,
        positions: Tensor,
        type_ids: Tensor,
    ) -> tuple:
        output = self.inner(
            piece_ids,
            AttentionMask(attention_mask),
            positions=positions,
            type_ids=type_ids,
        )
        return (tuple(output.all_outputs),)


def build(repository: pathlib.Path, models: pathlib.Path) -> None:
    """Writes the model, with the tokenizer of `models`' minilm."""
    folder = repository / NAME / "1"
    folder.mkdir(parents=True)
    size = alone.reference_tokenizer(models, "minilm").get_vocab_size()
    ids = torch.zeros((2, 7), dtype=torch.long)
    mask = torch.ones((2, 1, 7, 7), dtype=torch.bool)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", torch.jit.TracerWarning)
        trace = torch.jit.trace(
            _TakesTypeIds(encoder(size)),
            (ids, mask, ids, ids),
            check_trace=False,
        )
    trace.save(str(folder / "model.pt"))
    shutil.copy(models / "minilm" / "1" / "tokenizer.json", folder)
    config = {
        "arguments": _ARGUMENTS,
        "mask_form": "pairs",
        "max_pieces": MAX_PIECES,
        "prompts": PROMPTS,
    }
    (folder / "strata.json").write_text(json.dumps(config))


def build_with_sentence_piece(
    model: pathlib.Path, models: pathlib.Path
) -> None:
    """A copy of falcon-random whose tokenizer says nothing of pairs."""
    folder = model / "1"
    shutil.copytree(models / "falcon-random" / "1", folder)
    (folder / "tokenizer.json").unlink()
    with open(folder / "tokenizer.model", "wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["the river rose in the night"] * 3),
            model_writer=file,
            model_type="bpe",
            vocab_size=40,
            hard_vocab_limit=False,
            minloglevel=2,
        )


@torch.no_grad()
def run(model: BERTEncoder, ids: list[int], type_ids: list[int]) -> np.ndarray:
    """All hidden states of one sequence alone, `[layers, pieces, width]`."""
    batch = torch.tensor([ids])
    output = model(
        batch,
        AttentionMask(torch.ones_like(batch, dtype=torch.bool)),
        positions=torch.arange(len(ids)).unsqueeze(0),
        type_ids=torch.tensor([type_ids]),
    )
    return torch.cat(output.all_outputs).numpy()
