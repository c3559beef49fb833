# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""--check: a directory that is right, and each thing that can be off."""

import json
import re
from pathlib import Path

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
        (Overflows(), "outputs", "layer 0 of 7 pieces is not finite"),
        (BakesItsBatch(), "outputs", "the trace does not run on a batch"),
    ],
)
def test_a_trace_that_is_off(module, failed, message, directory, check):
    ids = torch.zeros((3, 5), dtype=torch.long)
    mask = torch.ones((3, 1, 5, 5), dtype=torch.bool)
    put_trace(directory, module, ids, mask, ids, ids)
    change_config(directory, max_pieces={})
    code, out, err = check(directory)
    assert code == 1
    assert verdicts(out).get(failed) == "FAILED", out + err
    assert f"strata-export: {directory}: {failed}: " in err
    assert re.search(message, err), err


def test_a_row_that_cannot_be_packed(directory, check):
    """Its first row of the mask is taken for all: true of padding alone."""
    ids = torch.zeros((3, 5), dtype=torch.long)
    mask = torch.ones((3, 1, 5, 5), dtype=torch.bool)
    put_trace(directory, LooksAtNoPairs(), ids, mask, ids, ids)
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


def test_a_tolerance_that_nothing_meets(directory, check):
    code, out, err = check(directory, "--tolerance", "1e-30")
    assert code == 1
    assert "at most 1e-30 is allowed" in err
