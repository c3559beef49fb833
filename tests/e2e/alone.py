# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What the server's numbers are held against: each sequence alone, eagerly.

Curated Transformers runs the models here, in float32 and without a trace, a
batch, padding or a mask that hides anything.
"""

from __future__ import annotations

import dataclasses
import pathlib
import random

import numpy as np
import planted
import tokenizers
import torch
from curated_transformers.layers.attention import AttentionMask
from curated_transformers.models.module import TransformerModule

from strata import demo_models
from strata.client import Input
from strata.export import checkpoint

# Threads of a forward that wait for each other on a busy machine take many
# times as long as one; the server beside this needs the processors too.
torch.set_num_threads(1)

WORDS = (
    "the river ran under a wooden bridge while seven grey herons waited for "
    "fish and nobody in the village remembered who had painted its railing "
    "blue; naïve coöperation, 東京, Ω, 3.14159, don't — (really?) 🙂"
).split()


def eager_model(name: str, vocabulary_size: int) -> TransformerModule:
    """The model that was exported as `name`, or as `name`-dict."""
    family = name.removesuffix("-dict")
    if family == "minilm":
        folder = str(demo_models.minilm_checkpoint())
        return checkpoint.load(folder).module.float().eval()
    if family == "falcon-planted":
        return planted.decoder(vocabulary_size)
    return demo_models.random_falcon(vocabulary_size).eval()


def reference_tokenizer(repository: pathlib.Path, name: str):
    """The model's tokenizer by its Python package, cutting nothing."""
    path = repository / name / "1" / "tokenizer.json"
    tokenizer = tokenizers.Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


@dataclasses.dataclass(frozen=True)
class Case:
    """An input, as it is sent, and its pieces."""

    sent: Input
    ids: list[int]
    # Of the pieces; empty: the usual.
    types: list[int] = dataclasses.field(default_factory=list)


def mixed_cases(
    tokenizer, limit: int, count: int, *, first_id: int = 0
) -> list[Case]:
    """Texts and ids in turn, of 1 piece to `limit`, most of them short.

    Ids are drawn from `first_id` on.
    """
    dice = random.Random(20260101)
    size = tokenizer.get_vocab_size()
    cases = [Case(ids, ids) for ids in ([7], list(range(9, 9 + limit)))]
    while len(cases) < count:
        length = min(limit, 1 + int(dice.lognormvariate(3.0, 1.1)))
        if len(cases) % 2:
            ids = [dice.randrange(first_id, size) for _ in range(length)]
            cases.append(Case(ids, ids))
            continue
        text = " ".join(dice.choices(WORDS, k=max(1, length // 2)))
        ids = tokenizer.encode(text).ids
        if len(ids) <= limit:
            cases.append(Case(text, ids))
    return cases


@torch.no_grad()
def run(model: TransformerModule, ids: list[int]) -> np.ndarray:
    """All hidden states of one sequence, `[layers, pieces, width]`."""
    device = next(model.parameters()).device
    batch = torch.tensor([ids], device=device)
    mask = AttentionMask(torch.ones_like(batch, dtype=torch.bool))
    layers = model(batch, mask).all_outputs
    return torch.cat(layers).cpu().numpy()


def worst_error(ours: np.ndarray, alone: np.ndarray) -> float:
    """The largest ‖ours - alone‖ / ‖alone‖ of a piece in a layer."""
    assert ours.shape == alone.shape
    difference = np.linalg.norm(ours.astype("f8") - alone, axis=-1)
    return float((difference / np.linalg.norm(alone, axis=-1)).max())
