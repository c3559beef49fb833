# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the traces that the tests of core/model and core/tensor load.

    make_traces.py FOLDER

Small transformers with seeded random weights, good ones in every form that is
served and bad ones of every kind that is refused. Needs torch alone; where
curated-transformers can be imported, traces of its Falcon and BERT too.
"""

import math
import pathlib
import sys
from typing import Dict

import torch
from torch import nn
from torch.nn import functional as F

VOCABULARY = 50
WIDTH = 16
HEADS = 2
POSITIONS = 64  # Rows of the position table: the longest sequence.
BATCH = 4  # The example's sizes; nothing may depend on them.
LENGTH = 20


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.up = nn.Linear(WIDTH, 2 * WIDTH)
        self.down = nn.Linear(2 * WIDTH, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, x, allowed):
        batch, length, _ = x.shape
        q, k, v = (
            t.view(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2)
            for t in self.qkv(self.norm(x)).chunk(3, dim=-1)
        )
        scores = q @ k.transpose(-1, -2) / math.sqrt(WIDTH // HEADS)
        if allowed is not None:
            scores = scores.masked_fill(
                allowed.logical_not(), torch.finfo(scores.dtype).min)
        mixed = (scores.softmax(-1) @ v).transpose(1, 2)
        x = x + self.out(mixed.reshape(batch, length, WIDTH))
        # In place, as some models do.
        y = self.down(F.gelu(self.up(self.norm(x))))
        y.add_(x)
        return y


class Model(nn.Module):
    """Returns the layers: the embedding output and each block's."""

    def __init__(self, causal=False, layers=3):
        super().__init__()
        torch.manual_seed(1)
        self.causal = causal
        self.pieces = nn.Embedding(VOCABULARY, WIDTH)
        self.places = nn.Embedding(POSITIONS, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(layers))

    def layers(self, ids, allowed=None, positions=None):
        length = ids.shape[1]
        x = self.pieces(ids)
        if positions is not None:
            x = x + self.places(positions)
        if self.causal:
            # arange writes the device into the trace.
            steps = torch.arange(length, device=ids.device)
            past = steps.unsqueeze(0) <= steps.unsqueeze(1)
            allowed = past if allowed is None else allowed & past
        outputs = [x]
        for block in self.blocks:
            x = block(x, allowed)
            outputs.append(x)
        return tuple(outputs)


class Pairs(Model):
    def forward(self, piece_ids, mask, positions):
        return (self.layers(piece_ids, mask, positions),)


class Keys(Model):
    def forward(self, input_ids, attention_mask):
        keys = attention_mask.squeeze(1).squeeze(1)
        return (self.layers(input_ids, keys[:, None, None, :]),)


class Pieces(Model):
    def forward(self, attention_mask, x):  # In any order, under any name.
        return (self.layers(x, attention_mask[:, None, None, :]),)


class DictMask(Model):
    def forward(self, piece_ids, attention_mask: Dict[str, torch.Tensor]):
        return (self.layers(piece_ids, attention_mask["bool_mask"]),)


class Unmasked(Model):
    def forward(self, piece_ids):
        return (self.layers(piece_ids),)


class Faint(Unmasked):
    """Its pieces see each other by less than bfloat16 may be off."""

    def __init__(self):
        super().__init__()
        with torch.no_grad():
            for block in self.blocks:
                block.out.weight.mul_(0.1)


class MaskIgnored(Model):
    def forward(self, piece_ids, mask):
        return (self.layers(piece_ids),)


class Types(Model):
    def forward(self, input_ids, token_type_ids, position_ids, attention_mask):
        x = self.layers(input_ids, attention_mask, position_ids)
        return (tuple(layer + token_type_ids.unsqueeze(-1) for layer in x),)


class BatchBaked(Model):
    def forward(self, piece_ids):
        layers = self.layers(piece_ids)
        return (tuple(x.view(BATCH, -1, WIDTH) for x in layers),)


class BatchOne(Model):
    """Traced on one row: all rows become one long one."""

    def forward(self, piece_ids):
        return (self.layers(piece_ids.reshape(1, -1)),)


class LengthBaked(Model):
    def forward(self, piece_ids):
        places = self.places.weight[:LENGTH]
        return (tuple(x + places for x in self.layers(piece_ids)),)


class LengthAtLeast(Model):
    """Works up to the example's length and not beyond."""

    def forward(self, piece_ids, positions):
        places = self.places.weight[:LENGTH]
        layers = self.layers(piece_ids)
        return (tuple(x + places[positions] for x in layers),)


class Dropout(Model):
    def forward(self, piece_ids):
        return (tuple(F.dropout(x, 0.5, training=True)
                      for x in self.layers(piece_ids)),)


class Cache(Model):
    def forward(self, piece_ids, cache):
        return (tuple(x + cache for x in self.layers(piece_ids)),)


class UnknownArgument(Model):
    def forward(self, piece_ids, temperature):
        return (tuple(x * temperature for x in self.layers(piece_ids)),)


class WithLogits(Model):
    """Its outputs in one of the forms that traces have."""

    def __init__(self, form):
        super().__init__(causal=True)
        self.form = form

    def forward(self, piece_ids):
        layers = self.layers(piece_ids)
        logits = layers[-1] @ self.pieces.weight.T
        kv = layers[1][:, None]
        return {
            "nested_logits": (layers, logits),
            "cache_logits": (layers, ((kv, kv), (kv, kv)), logits),
            "flat": (*layers, logits),
            "flat_only": layers,
            "list": list(layers),
            "nested_list": (list(layers), [kv, kv], logits),
            "hidden_logits": (layers[-1], logits),
            "square_logits": (*layers, logits[..., :WIDTH]),
            # What follows the layers is none, or none that can be served.
            "hidden_twice": (layers, layers[-1]),
            "mixed_logits": (layers, logits - logits.mean(0)),
        }[self.form]


class Single(Model):
    def forward(self, piece_ids):
        return self.layers(piece_ids)[-1]


class WithCache(Model):
    """As Curated Transformers with store_cache: pairs after the layers."""

    def forward(self, piece_ids):
        layers = self.layers(piece_ids)
        return layers, tuple((x, x) for x in layers[1:])


class Pooled(Model):
    def forward(self, piece_ids):
        return (tuple(x.mean(1) for x in self.layers(piece_ids)),)


class Clamped(Model):
    """Its embedding is not to be seen in the graph."""

    def forward(self, piece_ids):
        return (self.layers(piece_ids.clamp(0, VOCABULARY - 1)),)


def with_nan(model):
    with torch.no_grad():
        model.blocks[1].up.weight[0, 0] = math.nan
    return model


def save(folder, name, model, *example):
    model = model.eval()
    # Not strict: lists may be returned.
    traced = torch.jit.trace(model, example, check_trace=False, strict=False)
    traced.save(str(folder / f"{name}.pt"))
    return model


def save_expected(folder, name, model, *example):
    """What the model gives without a trace, as a list of tensors."""
    layers = model(*example)[0]
    torch.save([*example, *layers], folder / f"{name}.expected.pt")


def make_good(folder, ids):
    square = torch.ones(BATCH, 1, LENGTH, LENGTH, dtype=torch.bool)
    flat = torch.ones(BATCH, LENGTH, dtype=torch.bool)
    row = flat[:, None, None, :]
    positions = torch.arange(LENGTH).expand(BATCH, LENGTH)

    model = save(folder, "pairs", Pairs(causal=True), ids, square, positions)
    save_expected(
        folder, "pairs", model, torch.randint(VOCABULARY, (2, 9)),
        torch.ones(2, 1, 9, 9, dtype=torch.bool).tril(),
        torch.arange(9).expand(2, 9))
    save(folder, "pairs_bfloat16", Pairs(causal=True).bfloat16(), ids, square,
         positions)
    save(folder, "pairs_float16", Pairs(causal=True).half(), ids, square,
         positions)
    save(folder, "keys", Keys(), ids, row)
    save(folder, "pieces", Pieces(), flat, ids)
    save(folder, "dict", DictMask(causal=True), ids, {"bool_mask": row})
    save(folder, "types", Types(), ids, torch.zeros_like(ids), positions,
         square)
    save(folder, "unmasked_causal", Unmasked(causal=True), ids)
    save(folder, "unmasked_encoder", Unmasked(), ids)
    save(folder, "unmasked_faint_bfloat16", Faint().bfloat16(), ids)
    save(folder, "mask_ignored", MaskIgnored(), ids, square)
    for form in ("nested_logits", "cache_logits", "flat", "flat_only", "list",
                 "nested_list", "hidden_logits", "square_logits",
                 "hidden_twice", "mixed_logits"):
        save(folder, form, WithLogits(form), ids)
    save(folder, "single", Single(causal=True), ids)
    save(folder, "with_cache", WithCache(causal=True), ids)
    save(folder, "clamped", Clamped(causal=True), ids)
    torch.jit.script(Unmasked(causal=True).eval().pieces).save(
        str(folder / "scripted_embedding.pt"))


def make_bad(folder, ids):
    positions = torch.arange(LENGTH).expand(BATCH, LENGTH)
    save(folder, "batch_baked", BatchBaked(causal=True), ids)
    save(folder, "batch_one", BatchOne(causal=True), ids[:1])
    save(folder, "length_baked", LengthBaked(causal=True), ids)
    save(folder, "length_at_least", LengthAtLeast(causal=True), ids, positions)
    save(folder, "dropout", Dropout(causal=True), ids)
    save(folder, "cache", Cache(causal=True), ids, torch.zeros(1))
    save(folder, "unknown_argument", UnknownArgument(causal=True), ids,
         torch.ones(1))
    save(folder, "nan", with_nan(Unmasked(causal=True)), ids)
    save(folder, "pooled", Pooled(causal=True), ids)
    save(folder, "float64", Unmasked(causal=True).double(), ids)
    torch.save(Unmasked().state_dict(), folder / "state_dict.pt")
    whole = (folder / "dict.pt").read_bytes()
    (folder / "truncated.pt").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.pt").write_bytes(b"")


def make_curated(folder):
    try:
        from curated_transformers.layers import AttentionMask
        from curated_transformers.models import (
            BERTConfig, BERTEncoder, FalconConfig, FalconDecoder)
    except ImportError:
        print("curated-transformers is not installed: its traces left out")
        return
    torch.manual_seed(2)
    ids = torch.zeros(BATCH, LENGTH, dtype=torch.long)
    mask = AttentionMask(torch.ones(BATCH, LENGTH, dtype=torch.bool))
    sizes = dict(hidden_width=WIDTH, n_hidden_layers=3, n_pieces=VOCABULARY)
    falcon = FalconDecoder(FalconConfig(
        n_query_heads=HEADS, n_key_value_heads=1,
        rotary_embedding_fraction=1.0, **sizes))
    save(folder, "falcon", falcon, ids, mask)
    bert = BERTEncoder(BERTConfig(
        embedding_width=WIDTH, intermediate_width=2 * WIDTH,
        n_attention_heads=HEADS, n_positions=POSITIONS, **sizes))
    save(folder, "bert", bert, ids, mask)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    ids = torch.randint(VOCABULARY, (BATCH, LENGTH))
    with torch.no_grad():
        make_good(folder, ids)
        make_bad(folder, ids)
        make_curated(folder)


if __name__ == "__main__":
    main()
