# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""--check: a directory that is right, and each thing that can be off."""

import json
import re
from pathlib import Path
from unittest import mock

import pytest
import tiny_models
import torch
from strata.export import cli, export
from torch import Tensor
from torch.nn import Embedding, Module


@pytest.fixture
def directory(tokenizer_folder, tmp_path) -> Path:
    path = tmp_path / "m" / "1"
    export(tiny_models.build("bert"), tokenizer_folder, path)
    return path


@pytest.fixture
def check(capsys):
    def call(directory: Path, *options: str) -> tuple[int, str, str]:
        code = cli.main(["--check", str(directory), *options])
        return code, *capsys.readouterr()

    return call


def change_config(directory: Path, **changes) -> None:
    file = directory / "strata.json"
    config = json.loads(file.read_text()) | changes
    file.write_text(json.dumps({k: v for k, v in config.items() if v != {}}))


def put_trace(directory: Path, module: Module, *example: Tensor) -> None:
    trace = torch.jit.trace(module.eval(), example, check_trace=False)
    torch.jit.save(trace, str(directory / "model.pt"))


def put_pairs_trace(directory: Path, module: Module) -> None:
    ids = torch.zeros((3, 5), dtype=torch.long)
    mask = torch.ones((3, 1, 5, 5), dtype=torch.bool)
    put_trace(directory, module, ids, mask, ids, ids)


def verdicts(out: str) -> dict[str, str]:
    return {line.split()[0]: line.split()[1] for line in out.splitlines()}


def test_a_directory_that_is_right(directory, check):
    code, out, err = check(directory)
    assert code == 0, err
    assert verdicts(out) == dict.fromkeys(
        [
            "strata.json",
            "tokenizer",
            "model.pt",
            "outputs",
            "vocabulary",
            "deterministic",
            "batches",
            "packed",
            "longest",
        ],
        "ok",
    )
    assert "4 hidden states 32 wide, float32" in out
    assert "3 in a row, worst" in out
    assert "64 pieces" in out
    assert f"[2/2] examining {directory}" in err


@pytest.mark.parametrize("signature", ["keys", "pieces", "ids", "dict"])
def test_signatures_that_do_not_pack(
    signature, tokenizer_folder, tmp_path, check
):
    directory = tmp_path / "m" / "1"
    model = tiny_models.build("llama")
    export(model, tokenizer_folder, directory, signature=signature)
    code, out, err = check(directory)
    assert code == 0, err
    assert "packed" not in out
    expected = "equal lengths" if signature == "ids" else "padded"
    assert f"to 40 pieces, {expected}" in out


@pytest.mark.parametrize("family", ["falcon-new", "roberta", "mpt"])
def test_families_and_logits(family, tokenizer_folder, tmp_path, check):
    build = tiny_models.causal_lm if family == "mpt" else tiny_models.build
    directory = tmp_path / "m" / "1"
    export(build(family), tokenizer_folder, directory)
    code, out, err = check(directory)
    assert code == 0, err
    assert ("and logits" in out) == (family == "mpt")


def test_low_precision(tokenizer_folder, tmp_path, check):
    directory = tmp_path / "m" / "1"
    export(
        tiny_models.build("bert"),
        tokenizer_folder,
        directory,
        dtype=torch.bfloat16,
    )
    code, out, err = check(directory)
    assert code == 0, err
    assert "bfloat16" in out


class Broken(Module):
    """Takes what BERT's trace takes; the others break it."""

    def __init__(self, pieces: int = 300):
        super().__init__()
        self.pieces = Embedding(pieces, 8)

    def forward(self, piece_ids, attention_mask, positions, type_ids):
        return ((self.pieces(piece_ids),),)


class SeesItsPadding(Broken):
    def forward(self, piece_ids, attention_mask, positions, type_ids):
        states = self.pieces(piece_ids)
        return ((states + states.mean(dim=1, keepdim=True),),)


class LooksAtNoPairs(Broken):
    def forward(self, piece_ids, attention_mask, positions, type_ids):
        # As a mask of keys alone: the diagonal says what is real, and padded
        # places, which see themselves, have position 0 here.
        real = attention_mask[:, 0, 0].unsqueeze(-1).float()
        states = self.pieces(piece_ids)
        return ((states, states + (states * real).sum(1, keepdim=True)),)


class IsRandom(Broken):
    def forward(self, piece_ids, attention_mask, positions, type_ids):
        states = self.pieces(piece_ids)
        return ((states + torch.rand_like(states),),)


class Overflows(Broken):
    def forward(self, piece_ids, attention_mask, positions, type_ids):
        return ((self.pieces(piece_ids) * float("inf"),),)


class HasDoubles(Broken):
    def forward(self, piece_ids, attention_mask, positions, type_ids):
        return ((self.pieces(piece_ids).double(),),)


class MixesWidths(Broken):
    def forward(self, piece_ids, attention_mask, positions, type_ids):
        states = self.pieces(piece_ids)
        return ((states, states[:, :, :4]),)


class HasNarrowLogits(Broken):
    def forward(self, piece_ids, attention_mask, positions, type_ids):
        states = self.pieces(piece_ids)
        return (states, states), states[:, :, :7]


class HasAuxiliaryLogits(Broken):
    def __init__(self):
        super().__init__()
        self.head = torch.nn.Linear(8, 256)
        self.auxiliary = torch.nn.Linear(8, 300)

    def forward(self, piece_ids, attention_mask, positions, type_ids):
        states = self.pieces(piece_ids)
        return (states, states), self.auxiliary(states), self.head(states)


class HasLogitsAsWideAsItsLayers(Broken):
    def __init__(self):
        super().__init__()
        self.wide = Embedding(300, 300)

    def forward(self, piece_ids, attention_mask, positions, type_ids):
        states = self.wide(piece_ids)
        return states, states + 1, states + 2


class BakesItsBatch(Broken):
    def forward(self, piece_ids, attention_mask, positions, type_ids):
        rows = int(piece_ids.size(0))
        return ((self.pieces(piece_ids).view(rows, -1, 8),),)


@pytest.mark.parametrize(
    ("module", "failed", "message"),
    [
        (Broken(100), "vocabulary", "the tokenizer's last piece, 255, is not"),
        (SeesItsPadding(), "batches", "disagree on lengths .* other company"),
        (IsRandom(), "deterministic", "disagree on lengths"),
        (HasDoubles(), "outputs", "trace's hidden states are torch.float64"),
        (MixesWidths(), "outputs", "layer 1 is .*7, 4.*; expected .*7, 8.*"),
        (Overflows(), "outputs", "layer 0 of 7 pieces is not finite"),
        (BakesItsBatch(), "outputs", "the trace does not run on a batch"),
    ],
)
def test_a_trace_that_is_off(module, failed, message, directory, check):
    put_pairs_trace(directory, module)
    change_config(directory, max_pieces={})
    code, out, err = check(directory)
    assert code == 1
    assert verdicts(out).get(failed) == "FAILED", out + err
    assert f"strata-export: {directory}: {failed}: " in err
    assert re.search(message, err), err


def test_logits_that_a_server_does_not_serve(directory, check):
    put_pairs_trace(directory, HasNarrowLogits())
    code, out, err = check(directory)
    assert code == 0, err
    assert (
        "2 hidden states 8 wide, float32, and a tensor of width 7 after the "
        "layers, in a vocabulary of 256: no logits are served"
    ) in out


def test_logits_are_told_from_a_wider_tensor(directory, check):
    put_pairs_trace(directory, HasAuxiliaryLogits())
    code, out, err = check(directory)
    assert code == 0, err
    assert "2 hidden states 8 wide, float32, and logits 256 wide\n" in out


def test_a_packed_row_that_raises_anything(directory, check):
    put_pairs_trace(directory, Broken())
    trace = torch.jit.load(str(directory / "model.pt"))

    class Fails:
        def eval(self):
            return self

        def __call__(self, piece_ids, attention_mask, *others):
            if not bool(attention_mask.all()) and piece_ids.size(0) == 1:
                raise NotImplementedError("no such kernel")
            return trace(piece_ids, attention_mask, *others)

    with mock.patch("torch.jit.load", return_value=Fails()):
        code, out, err = check(directory)
    assert code == 1
    assert verdicts(out).get("packed") == "FAILED", out + err
    assert (
        "packed: the trace does not run on a packed row: no such kernel. "
        "Tracing kept something of its example"
    ) in err


@pytest.mark.parametrize("dtype", ["bool", "int64", "float32"])
@pytest.mark.parametrize("form", ["pairs", "keys", "pieces", "dict"])
def test_the_mask_is_of_the_dtype_that_strata_json_names(
    dtype, form, directory, check
):
    kind = getattr(torch, dtype)

    class Wants(Broken):
        def forward(self, piece_ids, attention_mask, positions, type_ids):
            if form == "dict":
                attention_mask = attention_mask["bool_mask"]
            row = attention_mask.flatten(0, -2)
            # Each of these runs with its dtype alone.
            used = {
                torch.bool: lambda: self.pieces.weight[:1, :1][row[:1, :1]],
                torch.int64: lambda: self.pieces(row),
                torch.float32: lambda: row @ row.transpose(0, 1),
            }[kind]()
            return ((self.pieces(piece_ids) + 0.0 * used.sum(),),)

    shape = {"pairs": (3, 1, 5, 5), "pieces": (3, 5)}.get(form, (3, 1, 1, 5))
    mask = torch.ones(shape).to(kind)
    ids = torch.zeros((3, 5), dtype=torch.long)
    example = {"bool_mask": mask} if form == "dict" else mask
    put_trace(directory, Wants(), ids, example, ids, ids)
    change_config(directory, mask_form=form, mask_dtype=dtype)
    code, out, err = check(directory)
    assert code == 0, err


def test_layers_are_as_many_as_strata_json_says(directory, check):
    put_pairs_trace(directory, HasLogitsAsWideAsItsLayers())
    code, out, err = check(directory)
    assert code == 0, err
    assert "3 hidden states 300 wide, float32\n" in out
    change_config(directory, layers=2)
    code, out, err = check(directory)
    assert code == 0, err
    assert "2 hidden states 300 wide, float32, and logits" in out
    change_config(directory, layers=4)
    code, out, err = check(directory)
    assert code == 1
    assert "hidden states [B, T, W], 4 of them" in err


def test_a_row_that_cannot_be_packed(directory, check):
    """Its first row of the mask is taken for all: true of padding alone."""
    put_pairs_trace(directory, LooksAtNoPairs())
    code, out, err = check(directory)
    assert code == 1
    assert verdicts(out)["batches"] == "ok"
    assert verdicts(out)["packed"] == "FAILED"


def test_a_table_shorter_than_strata_json_says(directory, check):
    change_config(directory, max_pieces=65)
    code, out, err = check(directory)
    assert code == 1
    assert verdicts(out)["longest"] == "FAILED"
    assert "longest: the trace does not run on a batch [1, 65]" in err


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda x: (x / "strata.json").unlink(), "there is no strata.json in"),
        (
            lambda x: (x / "strata.json").write_text("{"),
            "cannot read .*strata.json: JSONDecodeError",
        ),
        (
            lambda x: change_config(x, mask_form="wide"),
            "mask form 'wide'; expected arguments of piece_ids, attention_mask",
        ),
        (
            lambda x: change_config(x, max_pieces="64"),
            '"max_pieces": got "64", expected an integer from 1 to 2147483647',
        ),
        (
            lambda x: change_config(x, max_pieces=0),
            '"max_pieces": got 0, expected an integer from 1',
        ),
        (
            lambda x: change_config(x, padding_id=1.5),
            '"padding_id": got 1.5, expected an integer from 0',
        ),
        (
            lambda x: change_config(x, padding_id=None),
            '"padding_id": got null, expected an integer from 0',
        ),
        (
            lambda x: change_config(x, layers=True),
            '"layers": got true, expected an integer from 1',
        ),
        (
            lambda x: change_config(x, mask_dtype=["bool"]),
            r'"mask_dtype": got \["bool"\], expected one of bool, int64, float',
        ),
        (
            lambda x: change_config(x, mask_form="none"),
            r'"mask_form": got "none", expected one that \[.*mask.*\] take',
        ),
        (
            lambda x: change_config(
                x, arguments=["piece_ids"], mask_form="none", mask_dtype="bool"
            ),
            '"mask_dtype": got "bool", expected no such key without a mask',
        ),
        (lambda x: (x / "tokenizer.json").unlink(), "there is no tokenizer.js"),
        (
            lambda x: (x / "tokenizer.json").write_text("{}"),
            "tokenizer: cannot read .*tokenizer.json",
        ),
        (
            lambda x: (x / "model.pt").write_text("no"),
            "cannot load .*model.pt as a TorchScript module",
        ),
        (lambda x: (x / "model.pt").unlink(), "cannot load .*model.pt"),
    ],
)
def test_files_that_are_off(break_it, message, directory, check):
    break_it(directory)
    code, out, err = check(directory)
    assert code == 1
    assert out.splitlines()[-1].endswith("FAILED")
    assert re.search(message, err), err
    assert "Traceback" not in err


@pytest.mark.parametrize("tolerance", ["-1", "nan", "inf"])
def test_tolerances_that_are_refused(tolerance, directory, check):
    code, out, err = check(directory, "--tolerance", tolerance)
    assert (code, out) == (1, "")
    assert f"--tolerance is {float(tolerance)}; expected a number from 0" in err


def test_no_tolerance_at_all_is_one_too(directory, check):
    put_pairs_trace(directory, Broken())
    assert check(directory, "--tolerance", "0")[0] == 0
    put_pairs_trace(directory, IsRandom())
    code, out, err = check(directory, "--tolerance", "0")
    assert code == 1
    assert "at most 0 is allowed" in err


def test_a_tolerance_that_nothing_meets(directory, check):
    code, out, err = check(directory, "--tolerance", "1e-30")
    assert code == 1
    assert "at most 1e-30 is allowed" in err
