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
import struct
import sys
import zipfile
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
NAN_PIECE = 4  # In no short probe of the examination, but in long ones.


class Block(nn.Module):
    # Whether what is not-a-number in one place counts as 0 for the others.
    contains = False

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.up = nn.Linear(WIDTH, 2 * WIDTH)
        self.down = nn.Linear(2 * WIDTH, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, x, allowed, bias=None):
        batch, length, _ = x.shape
        q, k, v = (
            t.view(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2)
            for t in self.qkv(self.norm(x)).chunk(3, dim=-1)
        )
        scores = q @ k.transpose(-1, -2) / math.sqrt(WIDTH // HEADS)
        if bias is not None:
            scores = scores + bias
        if self.contains:
            v = v.nan_to_num(0.0, 0.0, 0.0)
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

    def layers(self, ids, allowed=None, positions=None, bias=None):
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
            x = block(x, allowed, bias)
            outputs.append(x)
        return tuple(outputs)


class Pairs(Model):
    def forward(self, piece_ids, mask, positions):
        return (self.layers(piece_ids, mask, positions),)


class BufferView(Model):
    """Returns views of a buffer, which its next forward overwrites."""

    def __init__(self, dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        self.dropout = dropout
        # Larger than any batch.
        self.register_buffer("states", torch.zeros(4, 16, 2 * POSITIONS, WIDTH))

    def forward(self, piece_ids, mask, positions):
        rows, length = piece_ids.shape
        layers = self.layers(piece_ids, mask, positions)
        return (tuple(
            self.states[i, :rows, :length].copy_(F.dropout(x, self.dropout))
            for i, x in enumerate(layers)),)


class ConstantView(BufferView):
    """The same of a tensor that no module owns: a constant of the trace."""

    def __init__(self):
        super().__init__()
        states = self.states
        del self.states
        self.states = states


class OutOfSight(BufferView):
    """Writes to its buffer as the result of an operator."""

    def forward(self, piece_ids, mask, positions):
        rows, length = piece_ids.shape
        views = self.states[:, :rows, :length]
        torch.stack(self.layers(piece_ids, mask, positions), out=views)
        return (tuple(views[i] for i in range(len(self.blocks) + 1)),)


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


class MaskIgnored(Model):
    def forward(self, piece_ids, mask):
        return (self.layers(piece_ids),)


class Types(Model):
    def forward(self, input_ids, token_type_ids, position_ids, attention_mask):
        x = self.layers(input_ids, attention_mask, position_ids)
        return (tuple(layer + token_type_ids.unsqueeze(-1) for layer in x),)


class IntegerMask(Model):
    """1 - mask is an error for bool."""

    def forward(self, piece_ids, attention_mask):
        hidden = (1 - attention_mask[:, None, None, :]) * -1e9
        return (self.layers(piece_ids, hidden > -1),)


class CountingMask(Model):
    """Runs with bool too, whose sums are at most True, and sees nothing."""

    def forward(self, piece_ids, attention_mask):
        counts = (attention_mask[:, None, :, None]
                  + attention_mask[:, None, None, :])
        return (self.layers(piece_ids, counts == 2),)


class FloatMask(Model):
    """Only floats multiply with a weight."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.scale = nn.Parameter(torch.ones(1, 1))

    def forward(self, piece_ids, attention_mask):
        scaled = F.linear(attention_mask.unsqueeze(-1), self.scale)
        return (self.layers(piece_ids, scaled[:, None, None, :, 0] > 0.5),)


class MaskMisread(Model):
    """Adds its mask as if it held biases, which hides nothing."""

    def forward(self, piece_ids, mask):
        return (self.layers(piece_ids, bias=mask.float()),)


class PositionsIgnored(Model):
    def forward(self, piece_ids, mask, positions):
        return (self.layers(piece_ids, mask),)


def steps_of(ids):
    return torch.arange(ids.shape[1], device=ids.device)


class RowDistances(Model):
    """As ALiBi: nearer places of the row count more."""

    def forward(self, piece_ids, mask):
        steps = steps_of(piece_ids)
        bias = -0.5 * (steps.unsqueeze(1) - steps.unsqueeze(0)).abs()
        return (self.layers(piece_ids, mask, bias=bias),)


class RowPlaces(Model):
    """Counts positions itself, by the places of the row."""

    def forward(self, piece_ids, mask):
        return (self.layers(piece_ids, mask, steps_of(piece_ids)),)


class Contained(Pairs):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        for block in self.blocks:
            block.contains = True


class PaddedNan(Model):
    """Padded places are not-a-number: what they see adds up to 0 / 0."""

    def forward(self, piece_ids, mask):
        real = mask.to(self.pieces.weight.dtype).unsqueeze(-1)
        layers = self.layers(piece_ids, mask[:, None, None, :])
        return (tuple(x * real / real for x in layers),)


class TooFarNan(Model):
    """Runs on any length but is finite up to POSITIONS places only."""

    def forward(self, piece_ids):
        far = steps_of(piece_ids).unsqueeze(-1) >= POSITIONS
        return (tuple(x.masked_fill(far, math.nan)
                      for x in self.layers(piece_ids)),)


@torch.jit.interface
class Step(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pass


class ToCuda(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.to("cuda:0")


class Same(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


class ThroughInterface(nn.Module):
    """Has a step whose body inlining does not reach."""

    step: Step

    def __init__(self, step):
        super().__init__()
        torch.manual_seed(1)
        self.pieces = nn.Embedding(VOCABULARY, WIDTH)
        self.mix = nn.Linear(WIDTH, WIDTH)
        self.step = step

    def forward(self, piece_ids: torch.Tensor):
        x = self.mix(self.pieces(piece_ids))
        return x, self.step(x)


class NamesCuda(nn.Module):
    """Names devices in many ways, as a script may."""

    word: str

    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.pieces = nn.Embedding(VOCABULARY, WIDTH)
        self.word = "cuda:1"

    def forward(self, piece_ids: torch.Tensor):
        x = self.pieces(piece_ids.cuda())
        y = x.to("cuda:0") + torch.ones(1, device=torch.device(self.word))
        if x.size(1) > 2:
            y = y.to(torch.device("cuda", 1))
        return x, y.cpu()


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


class FaintDropout(Model):
    """Its noise is less than a low precision's tolerance for refusals."""

    def forward(self, piece_ids):
        return (tuple(F.dropout(x, 0.02, training=True)
                      for x in self.layers(piece_ids)),)


class FaintNoise(Model):
    """Its noise is below all tolerances but that of equal bits."""

    def forward(self, piece_ids):
        return (tuple(x + 1e-7 * torch.randn_like(x)
                      for x in self.layers(piece_ids)),)


class BatchMean(Model):
    """Its sequences see each other, by less than bfloat16 may be off."""

    def forward(self, piece_ids):
        *layers, last = self.layers(piece_ids)
        return ((*layers, last - 0.3 * last.mean((0, 1), keepdim=True)),)


class InvertedMask(Model):
    def forward(self, piece_ids, mask):
        return (self.layers(piece_ids, mask.logical_not()),)


class ShortLastTable(Model):
    """Its last layer has fewer positions than the others."""

    def forward(self, piece_ids, positions):
        *layers, last = self.layers(piece_ids, positions=positions)
        return ((*layers, last + self.places.weight[:LENGTH * 2][positions]),)


class FewPositions(Model):
    def forward(self, piece_ids, positions):
        places = self.places.weight[:16][positions]
        return (tuple(x + places for x in self.layers(piece_ids)),)


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
            # A wider head stands in front.
            "auxiliary": (layers, torch.cat([logits, logits], -1), logits),
            # What follows the layers is none, or none that can be served.
            "two_heads": (layers, logits, -logits),
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


def faint(model, share=0.1):
    """Its pieces see each other by less than bfloat16 may be off."""
    with torch.no_grad():
        for block in model.blocks:
            block.out.weight.mul_(share)
    return model


def with_nan_piece(model, piece):
    with torch.no_grad():
        model.pieces.weight[piece] = math.nan
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


def save_as_if_made_on_cuda(folder, name, model, *example):
    """What a CUDA machine would have written: its device in the code."""
    save(folder, name, model, *example)
    path = folder / f"{name}.pt"
    with zipfile.ZipFile(path) as archive:
        records = {item: archive.read(item) for item in archive.namelist()}
    rewritten = 0
    with zipfile.ZipFile(path, "w") as archive:
        for item, content in records.items():
            if item.endswith(".py"):
                rewritten += content.count(b'torch.device("cpu")')
                content = content.replace(
                    b'torch.device("cpu")', b'torch.device("cuda:0")')
            archive.writestr(item, content)
    assert rewritten > 0, "no device in the trace"


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
    save(folder, "buffer_view", BufferView(), ids, square, positions)
    save(folder, "constant_view", ConstantView(), ids, square, positions)
    save(folder, "buffer_out", OutOfSight(), ids, square, positions)
    save(folder, "buffer_dropout", BufferView(0.1), ids, square, positions)
    save(folder, "keys", Keys(), ids, row)
    save(folder, "pieces", Pieces(), flat, ids)
    save(folder, "dict", DictMask(causal=True), ids, {"bool_mask": row})
    save(folder, "types", Types(), ids, torch.zeros_like(ids), positions,
         square)
    save(folder, "unmasked_causal", Unmasked(causal=True), ids)
    save(folder, "unmasked_encoder", Unmasked(), ids)
    save(folder, "unmasked_faint_bfloat16", faint(Unmasked()).bfloat16(), ids)
    save(folder, "mask_ignored", MaskIgnored(), ids, square)
    for form in ("nested_logits", "cache_logits", "flat", "flat_only", "list",
                 "nested_list", "hidden_logits", "square_logits",
                 "auxiliary", "two_heads", "hidden_twice", "mixed_logits"):
        save(folder, form, WithLogits(form), ids)
    save(folder, "single", Single(causal=True), ids)
    save(folder, "with_cache", WithCache(causal=True), ids)
    save(folder, "clamped", Clamped(causal=True), ids)
    torch.jit.script(Unmasked(causal=True).eval().pieces).save(
        str(folder / "scripted_embedding.pt"))
    make_good_masks(folder, ids, square, flat)


def make_good_masks(folder, ids, square, flat):
    """Good ones that lack something, or whose mask or device is unusual."""
    positions = torch.arange(LENGTH).expand(BATCH, LENGTH)
    save(folder, "integer_mask", IntegerMask(), ids, flat.long())
    save(folder, "counting_mask", CountingMask(), ids, flat.long())
    save(folder, "float_mask", FloatMask(), ids, flat.float())
    save(folder, "mask_misread", MaskMisread(), ids, square)
    save(folder, "ignored_faint_bfloat16",
         faint(MaskIgnored(causal=True), 0.05).bfloat16(), ids, square)
    save(folder, "positions_ignored", PositionsIgnored(causal=True), ids,
         square, positions)
    save(folder, "row_distances", RowDistances(causal=True), ids, square)
    save(folder, "row_places", RowPlaces(), ids, square)
    save(folder, "contained", Contained(causal=True), ids, square, positions)
    save(folder, "pairs_nan_piece",
         with_nan_piece(Pairs(causal=True), NAN_PIECE), ids, square, positions)
    save(folder, "padded_nan", PaddedNan(), ids, flat)
    save(folder, "too_far_nan", TooFarNan(causal=True), ids)
    save(folder, "nan_piece",
         with_nan_piece(Unmasked(causal=True), NAN_PIECE), ids)
    save_as_if_made_on_cuda(folder, "made_on_cuda", Pairs(causal=True), ids,
                            square, positions)
    torch.jit.script(NamesCuda().eval()).save(str(folder / "names_cuda.pt"))
    torch.jit.script(ThroughInterface(Same()).eval()).save(
        str(folder / "interface.pt"))
    save(folder, "dict_bfloat16", DictMask(causal=True).bfloat16(), ids,
         {"bool_mask": square[:, :, :1]})
    save(folder, "pairs_faint_bfloat16", faint(Pairs()).bfloat16(), ids,
         square, positions)


def make_bad(folder, ids):
    square = torch.ones(BATCH, 1, LENGTH, LENGTH, dtype=torch.bool)
    positions = torch.arange(LENGTH).expand(BATCH, LENGTH)
    save(folder, "batch_baked", BatchBaked(causal=True), ids)
    save(folder, "batch_one", BatchOne(causal=True), ids[:1])
    save(folder, "length_baked", LengthBaked(causal=True), ids)
    save(folder, "length_at_least", LengthAtLeast(causal=True), ids, positions)
    save(folder, "dropout", Dropout(causal=True), ids)
    save(folder, "faint_dropout_bfloat16",
         FaintDropout(causal=True).bfloat16(), ids)
    save(folder, "faint_noise", FaintNoise(causal=True), ids)
    save(folder, "batch_mean_bfloat16", BatchMean().bfloat16(), ids)
    save(folder, "few_positions", FewPositions(causal=True), ids[:, :16],
         steps_of(ids).expand_as(ids)[:, :16])
    save(folder, "inverted_mask", InvertedMask(), ids, square)
    save(folder, "short_last_table", ShortLastTable(causal=True), ids,
         steps_of(ids).expand_as(ids))
    save(folder, "cache", Cache(causal=True), ids, torch.zeros(1))
    save(folder, "unknown_argument", UnknownArgument(causal=True), ids,
         torch.ones(1))
    save(folder, "nan", with_nan(Unmasked(causal=True)), ids)
    save(folder, "pooled", Pooled(causal=True), ids)
    save(folder, "float64", Unmasked(causal=True).double(), ids)
    torch.jit.script(ThroughInterface(ToCuda()).eval()).save(
        str(folder / "interface_to_cuda.pt"))
    make_others(folder, ids)
    whole = (folder / "dict.pt").read_bytes()
    (folder / "truncated.pt").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.pt").write_bytes(b"")


def make_others(folder, ids):
    """What is no TorchScript module."""
    weights = Unmasked().state_dict()
    torch.save(weights, folder / "state_dict.pt")
    torch.save({"epoch": 1, "weights": weights}, folder / "checkpoint.pt")
    torch.save(weights, folder / "old_state_dict.pt",
               _use_new_zipfile_serialization=False)
    torch.save(Unmasked(), folder / "pickled_module.pt")
    exported = folder / "exported.pt2"  # The name that torch.export wants.
    torch.export.save(torch.export.export(Unmasked().eval(), (ids,)), exported)
    exported.rename(folder / "exported.pt")
    (folder / "safetensors.pt").write_bytes(
        struct.pack("<Q", 2) + b"{}")


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
