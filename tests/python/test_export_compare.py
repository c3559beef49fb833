# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Modules whose traces are wrong: each must be found, and nothing written."""

import pytest
import torch
from strata.export import ExportError, export
from strata.export.compare import batch_lengths, example_lengths
from strata.export.directory import model_directory
from torch import Tensor
from torch.nn import Embedding, Linear, Module


class Model(Module):
    """A correct module with the pairs signature; the others break it."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        self.pieces = Embedding(300, 16)
        self.linear = Linear(16, 16)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.normal_(generator=generator)

    def attend(self, states: Tensor, mask: Tensor) -> Tensor:
        scores = states @ states.transpose(1, 2)
        scores = scores.masked_fill(~mask.squeeze(1), -1e9)
        return scores.softmax(-1) @ states

    def forward(self, piece_ids, attention_mask, positions):
        states = self.pieces(piece_ids)
        return ((states, self.linear(self.attend(states, attention_mask))),)


class BakesItsBatch(Model):
    def forward(self, piece_ids, attention_mask, positions):
        rows = int(piece_ids.size(0))
        states = self.pieces(piece_ids).view(rows, -1, 16)
        return ((states, self.linear(states)),)


class BakesItsLength(Model):
    def forward(self, piece_ids, attention_mask, positions):
        states = self.pieces(piece_ids)
        length = int(piece_ids.size(1))
        ramp = torch.linspace(0, 1, length).view(1, length, 1)
        return ((states, states + ramp),)


class BakesItsMask(Model):
    def forward(self, piece_ids, attention_mask, positions):
        states = self.pieces(piece_ids)
        if bool(attention_mask.all()):
            return ((states, states),)
        return ((states, self.attend(states, attention_mask)),)


class SeesItsPadding(Model):
    def forward(self, piece_ids, attention_mask, positions):
        states = self.pieces(piece_ids)
        return ((states, states + states.mean(dim=1, keepdim=True)),)


class IsRandom(Model):
    def forward(self, piece_ids, attention_mask, positions):
        states = self.pieces(piece_ids)
        return ((states, states + torch.rand_like(states)),)


class Overflows(Model):
    def forward(self, piece_ids, attention_mask, positions):
        states = self.pieces(piece_ids)
        return ((states, states * float("inf")),)


class BakesOneRow(Model):
    def forward(self, piece_ids, attention_mask, positions):
        states = self.pieces(piece_ids)
        rows = int(piece_ids.size(0))
        return ((states, states[:rows] if rows < 4 else states),)


class IsAnInteger(Model):
    def forward(self, piece_ids, attention_mask, positions):
        states = piece_ids.unsqueeze(2)
        return ((states, states + 1),)


class LosesALayer(Model):
    def forward(self, piece_ids, attention_mask, positions):
        states = self.pieces(piece_ids)
        if piece_ids.size(1) == max(example_lengths(None)):
            return ((states,),)
        return ((states, states),)


class ReturnsADictionary(Model):
    def forward(self, piece_ids, attention_mask, positions):
        return {"states": self.pieces(piece_ids)}


class ReturnsAMatrix(Model):
    def forward(self, piece_ids, attention_mask, positions):
        return ((self.pieces(piece_ids).mean(1),),)


class TakesTwentyPieces(Model):
    def forward(self, piece_ids, attention_mask, positions):
        if piece_ids.size(1) > 20:
            raise IndexError("index out of range in self")
        return super().forward(piece_ids, attention_mask, positions)


class TakesTwoArguments(Model):
    def forward(self, piece_ids, attention_mask):
        return ((self.pieces(piece_ids),),)


class ReturnsAFlatTuple(Model):
    def forward(self, piece_ids, attention_mask, positions):
        return super().forward(piece_ids, attention_mask, positions)[0]


class ReturnsOneTensor(Model):
    def forward(self, piece_ids, attention_mask, positions):
        return super().forward(piece_ids, attention_mask, positions)[0][-1]


@pytest.mark.parametrize(
    ("module", "layers"),
    [(Model, 1), (ReturnsAFlatTuple, 1), (ReturnsOneTensor, 0)],
)
def test_modules_of_ones_own(module, layers, tokenizer_folder, tmp_path):
    report = export(module(), tokenizer_folder, tmp_path / "m" / "1")
    assert report.comparison.layers == layers
    assert report.comparison.width == 16
    assert report.comparison.worst_error <= 1e-5
    assert report.max_pieces is None


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            BakesItsBatch,
            r"the trace does not run on a batch \[1, 5\], which the model "
            "itself takes: .*computed from shapes",
        ),
        (BakesItsLength, r"the trace does not run on a batch \[1, 5\]"),
        (BakesItsMask, "the trace and the model disagree on"),
        (
            SeesItsPadding,
            r"disagree on lengths \[2\]: .* in layer 1 .*; 2 of 2 pieces .*"
            r"row 1 of lengths \[7, 2\].*it must use the attention mask",
        ),
        (IsRandom, "disagree on .* in layer 1 has a relative error"),
        (Overflows, "in layer 1 has a relative error of nan"),
        (
            BakesOneRow,
            r"returns \[3, 33, 16\] .* the model returns \[5, 33, 16",
        ),
        (
            IsAnInteger,
            "hidden states are torch.int64; expected one of .*float32",
        ),
        (LosesALayer, "returns 1 layers .* where the model returns 2"),
        (ReturnsADictionary, "cannot be traced with the pairs signature"),
        (ReturnsAMatrix, r"returns a tuple of \(a tuple of \(a tensor \[1, 16"),
        (
            TakesTwentyPieces,
            r"the model itself fails on a batch \[5, 33\]: index out of range "
            "in self. If it takes fewer pieces .*--max-pieces",
        ),
        (
            TakesTwoArguments,
            "cannot be traced with the pairs signature "
            r"\('piece_ids', 'attention_mask', 'positions'\)",
        ),
    ],
)
def test_a_wrong_trace_is_found(module, message, tokenizer_folder, tmp_path):
    with pytest.raises(ExportError, match=f"(?s){message}"):
        export(module(), tokenizer_folder, tmp_path / "m" / "1")
    assert list((tmp_path / "m").iterdir()) == []


def test_a_mismatch_shows_what_the_tracer_warned_of(tokenizer_folder, tmp_path):
    with pytest.raises(
        ExportError, match="What the tracer warned of:"
    ) as found:
        export(BakesItsMask(), tokenizer_folder, tmp_path / "m" / "1")
    assert "test_export_compare.py:" in str(found.value)
    assert "Converting a tensor to a Python boolean" in str(found.value)


def test_max_pieces_bounds_what_is_compared(tokenizer_folder, tmp_path):
    directory = tmp_path / "m" / "1"
    report = export(
        TakesTwentyPieces(), tokenizer_folder, directory, max_pieces=20
    )
    assert report.comparison.longest == 20
    assert report.max_pieces == 20


def test_the_tolerance_can_be_set(tokenizer_folder, tmp_path):
    class IsSlightlyRandom(Model):
        def forward(self, piece_ids, attention_mask, positions):
            states = self.pieces(piece_ids)
            return ((states, states + 1e-3 * torch.rand_like(states)),)

    with pytest.raises(ExportError, match="at most 1e-05 is allowed"):
        export(IsSlightlyRandom(), tokenizer_folder, tmp_path / "m" / "1")
    report = export(
        IsSlightlyRandom(),
        tokenizer_folder,
        tmp_path / "m" / "1",
        tolerance=0.1,
    )
    assert 1e-5 < report.comparison.worst_error <= 0.1
    assert report.comparison.tolerance == 0.1


def test_dict_signature_gives_a_module_its_dictionary(
    tokenizer_folder, tmp_path
):
    class TakesADictionary(Model):
        def forward(self, piece_ids, attention_mask):
            states = self.pieces(piece_ids)
            mask = attention_mask["bool_mask"]
            return ((states, self.attend(states, mask)),)

    directory = tmp_path / "m" / "1"
    export(TakesADictionary(), tokenizer_folder, directory, signature="dict")
    schema = str(torch.jit.load(str(directory / "model.pt")).forward.schema)
    assert "Dict(str, Tensor) attention_mask" in schema


@pytest.mark.parametrize("limit", [None, 1, 2, 8, 64])
def test_batches_differ_from_the_example_and_keep_the_limit(limit):
    shapes = {(len(x), max(x)) for x in batch_lengths(limit)}
    example = example_lengths(limit)
    assert {rows for rows, _ in shapes}.isdisjoint({len(example)})
    assert len({rows for rows, _ in shapes}) >= 3
    if limit is not None:
        assert max(length for _, length in shapes) == limit
        assert max(example) <= limit
    else:
        assert max(example) not in {length for _, length in shapes}


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "a b", "ü"])
def test_names_that_a_server_ignores_are_refused(name, tmp_path):
    with pytest.raises(ExportError, match=f"the model's name is '{name}'"):
        model_directory(tmp_path, name, 1)


def test_versions_begin_at_one(tmp_path):
    assert model_directory(tmp_path, "a.b-c_1", 1) == tmp_path / "a.b-c_1/1"
    with pytest.raises(ExportError, match="version is 0; expected an integer"):
        model_directory(tmp_path, "a", 0)
