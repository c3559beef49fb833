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


class HasSixteenPositions(Model):
    """Fails in the trace as it does in the model: it is not for the trace."""

    def __init__(self):
        super().__init__()
        self.places = Embedding(16, 16)

    def forward(self, piece_ids, attention_mask, positions):
        states = self.pieces(piece_ids) + self.places(positions)
        return ((states, self.attend(states, attention_mask)),)


class TakesTenPieces(Model):
    def forward(self, piece_ids, attention_mask, positions):
        assert piece_ids.size(1) <= 10, "ten at most"
        return super().forward(piece_ids, attention_mask, positions)


class TakesNoSinglePiece(Model):
    def forward(self, piece_ids, attention_mask, positions):
        if piece_ids.size(1) == 1:
            raise ValueError("no single pieces here")
        return super().forward(piece_ids, attention_mask, positions)


class KnowsFewPieces(Model):
    def __init__(self):
        super().__init__()
        self.pieces = Embedding(100, 16)


class ReturnsANumber(Model):
    def forward(self, piece_ids, attention_mask, positions):
        return *super().forward(piece_ids, attention_mask, positions), 3


class FailsInTheTracer(Model):
    def forward(self, piece_ids, attention_mask, positions):
        if torch.jit.is_tracing():
            raise KeyError("traced")
        return super().forward(piece_ids, attention_mask, positions)


class ReturnsNoLayers(Model):
    def forward(self, piece_ids, attention_mask, positions):
        return (), self.pieces(piece_ids)


class HasDoubles(Model):
    def forward(self, piece_ids, attention_mask, positions):
        return ((self.pieces(piece_ids).double(),),)


class MixesDtypes(Model):
    def forward(self, piece_ids, attention_mask, positions):
        states = self.pieces(piece_ids)
        return ((states, states.bfloat16()),)


class MixesWidths(Model):
    def forward(self, piece_ids, attention_mask, positions):
        states = self.pieces(piece_ids)
        return ((states, torch.cat([states, states], -1)),)


class AddsAPiece(Model):
    def forward(self, piece_ids, attention_mask, positions):
        states = self.pieces(piece_ids)
        return ((torch.cat([states, states[:, :1]], 1),),)


class TakesTwoArguments(Model):
    def forward(self, piece_ids, attention_mask):
        return ((self.pieces(piece_ids),),)


class ReturnsAFlatTuple(Model):
    def forward(self, piece_ids, attention_mask, positions):
        return super().forward(piece_ids, attention_mask, positions)[0]


class ReturnsFlatLogits(Model):
    def forward(self, piece_ids, attention_mask, positions):
        layers = super().forward(piece_ids, attention_mask, positions)[0]
        return *layers, layers[-1] @ self.pieces.weight.T


class ReturnsAuxiliaryLogits(Model):
    def __init__(self):
        super().__init__()
        self.head = torch.nn.Linear(16, 300)
        self.auxiliary = torch.nn.Linear(16, 7)

    def forward(self, piece_ids, attention_mask, positions):
        layers = super().forward(piece_ids, attention_mask, positions)[0]
        return layers, self.auxiliary(layers[-1]), self.head(layers[-1])


class ReturnsNarrowLogits(Model):
    def forward(self, piece_ids, attention_mask, positions):
        layers = super().forward(piece_ids, attention_mask, positions)[0]
        return layers, layers[-1][:, :, :7]


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
        (
            ReturnsADictionary,
            "the model returns a dict; expected a tuple whose first element",
        ),
        (ReturnsANumber, "cannot be traced with .*: RuntimeError: Only tens"),
        (FailsInTheTracer, "cannot be traced with .*: KeyError: 'traced'"),
        (
            ReturnsNoLayers,
            r"returns a tuple of \(a tuple of \(\), a tensor \[3, 13, 16\]\)",
        ),
        (
            HasDoubles,
            "hidden states are torch.float64; expected one of torch.float32, "
            "torch.float16, torch.bfloat16, the same .* --dtype float32",
        ),
        (
            MixesDtypes,
            "hidden states are torch.float32, torch.bfloat16; expected one of",
        ),
        (
            MixesWidths,
            r"layer 1 is \[3, 13, 32\]; expected \[3, 13, 16\], of one width",
        ),
        (
            AddsAPiece,
            r"layer 0 is \[3, 14, 16\]; expected \[3, 13, 16\]",
        ),
        (ReturnsAMatrix, r"returns a tuple of \(a tuple of \(a tensor \[3, 16"),
        (
            TakesTwentyPieces,
            r"the model itself fails on a batch \[5, 33\] of the pairs "
            "signature .*: IndexError: index out of range in self. It takes "
            "at most 20 pieces: export with --max-pieces 20",
        ),
        (
            HasSixteenPositions,
            r"the model itself fails on a batch \[5, 33\] .* at most 16 pieces",
        ),
        (
            TakesTenPieces,
            r"the model itself fails on a batch \[3, 13\] .*: AssertionError: "
            "ten at most. It takes at most 10 pieces",
        ),
        (
            TakesNoSinglePiece,
            r"the model itself fails on a batch \[1, 1\] .*: ValueError: no "
            "single pieces here. Expected a module that takes .* any number",
        ),
        (
            KnowsFewPieces,
            "index out of range in self. Expected .* every piece of the token",
        ),
        (
            TakesTwoArguments,
            r"the model itself fails on a batch \[3, 13\] of the pairs "
            r"signature \('piece_ids', 'attention_mask', 'positions'\): .*"
            "takes 3 positional arguments but 4 were given. Expected a module",
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


@pytest.mark.parametrize("tolerance", [-1.0, float("nan"), float("inf")])
def test_tolerances_that_are_refused(tolerance, tokenizer_folder, tmp_path):
    with pytest.raises(
        ExportError, match=f"--tolerance is {tolerance}; expected a number from"
    ):
        export(Model(), tokenizer_folder, tmp_path / "m", tolerance=tolerance)


def test_no_tolerance_at_all_is_one_too(tokenizer_folder, tmp_path):
    class IsExact(Model):
        def forward(self, piece_ids, attention_mask, positions):
            return ((self.pieces(piece_ids),),)

    directory = tmp_path / "m" / "1"
    report = export(IsExact(), tokenizer_folder, directory, tolerance=0.0)
    assert report.comparison.tolerance == 0.0
    with pytest.raises(ExportError, match="at most 0 is allowed"):
        export(
            IsRandom(), tokenizer_folder, tmp_path / "m" / "2", tolerance=0.0
        )


@pytest.mark.parametrize("layers", [None, [1]])
@pytest.mark.parametrize("module", [ReturnsFlatLogits, ReturnsAuxiliaryLogits])
def test_logits_in_their_place(module, layers, tokenizer_folder, tmp_path):
    report = export(
        module(),
        tokenizer_folder,
        tmp_path / "m" / "1",
        logits=True,
        layers=layers,
    )
    assert report.comparison.layers == (1 if layers is None else 0)
    assert report.comparison.width == 16
    assert report.comparison.vocabulary == 300


def test_logits_that_a_server_does_not_serve(tokenizer_folder, tmp_path):
    seen = "a tensor of width 7 after the layers, in a vocabulary of 256"
    with pytest.raises(ExportError, match=f"the model returns {seen}; expec"):
        export(
            ReturnsNarrowLogits(),
            tokenizer_folder,
            tmp_path / "m" / "1",
            logits=True,
        )
    assert list((tmp_path / "m").iterdir()) == []
    lines: list[str] = []
    export(
        ReturnsNarrowLogits(),
        tokenizer_folder,
        tmp_path / "m" / "1",
        progress=lines.append,
    )
    assert (
        f"warning: the model returns {seen}: no logits are served"
    ) in lines


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


def test_versions_end_with_the_servers_integers(tmp_path):
    last = 9223372036854775807
    assert model_directory(tmp_path, "a", last) == tmp_path / f"a/{last}"
    with pytest.raises(
        ExportError, match=f"version is {last + 1}; .* from 1 to {last}"
    ):
        model_directory(tmp_path, "a", last + 1)
