# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Every architecture, with both signatures, against the model itself."""

import functools
import json

import pytest
import tiny_models
import torch
from curated_transformers.layers.attention import AttentionMask
from strata.export import export
from torch import Tensor

FAMILIES = [*tiny_models.DECODERS, *tiny_models.ENCODERS]
LENGTHS = (6, 31, 17, 1)
TOLERANCE = 1e-5


def pieces_of(length: int) -> Tensor:
    generator = torch.Generator().manual_seed(length)
    return torch.randint(
        5, tiny_models.PIECES, (1, length), generator=generator
    )


def alone(model, length: int) -> list[Tensor]:
    """As its users run the model: eager, no SDPA, positions by itself."""
    mask = AttentionMask(torch.ones((1, length), dtype=torch.bool))
    with torch.no_grad():
        return model(pieces_of(length), mask).all_outputs


def padded(padding_id: int) -> tuple[Tensor, Tensor]:
    """All of LENGTHS in one batch, and which places are real."""
    ids = torch.full((len(LENGTHS), max(LENGTHS)), padding_id)
    real = torch.zeros(ids.shape, dtype=torch.bool)
    for row, length in enumerate(LENGTHS):
        ids[row, :length] = pieces_of(length)
        real[row, :length] = True
    return ids, real


def error(got: Tensor, expected: Tensor) -> float:
    errors = (got - expected).norm(dim=-1) / expected.norm(dim=-1)
    return float(errors.detach().max())


@pytest.fixture(params=FAMILIES, scope="module")
def family(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def exported(family, tokenizer_folder, tmp_path_factory):
    """Exports the family once for each signature."""
    repository = tmp_path_factory.mktemp(family)

    @functools.cache
    def export_with(signature: str):
        return export(
            tiny_models.build(family),
            tokenizer_folder,
            repository / signature / "1",
            signature=signature,
        )

    return export_with


@pytest.mark.parametrize("signature", ["pairs", "dict"])
def test_trace_equals_each_sequence_alone(family, signature, exported):
    model = tiny_models.build(family)
    report = exported(signature)
    assert report.comparison.worst_error <= TOLERANCE

    config = json.loads((report.directory / "strata.json").read_text())
    trace = torch.jit.load(str(report.directory / "model.pt"))
    ids, real = padded(config["padding_id"])
    rows, length = ids.shape
    keys = real.view(rows, 1, 1, length)
    if signature == "dict":
        output = trace(ids, {"bool_mask": keys})
    else:
        mask = keys.expand(rows, 1, length, length)
        # Strided, as they come out of expand().
        positions = torch.arange(length).expand(rows, length)
        output = trace(ids, mask, positions)

    assert len(output[0]) == tiny_models.LAYERS + 1
    for row, n in enumerate(LENGTHS):
        for got, expected in zip(output[0], alone(model, n), strict=True):
            assert error(got[row, :n], expected[0]) <= TOLERANCE


def test_pairs_trace_takes_several_sequences_in_a_row(family, exported):
    model = tiny_models.build(family)
    directory = exported("pairs").directory
    trace = torch.jit.load(str(directory / "model.pt"))

    segments = torch.cat([torch.full((n,), i) for i, n in enumerate(LENGTHS)])
    ids = torch.cat([pieces_of(n) for n in LENGTHS], dim=1)
    positions = torch.cat([torch.arange(n) for n in LENGTHS]).unsqueeze(0)
    mask = segments.unsqueeze(0) == segments.unsqueeze(1)
    output = trace(ids, mask.view(1, 1, *mask.shape), positions)

    begin = 0
    for n in LENGTHS:
        for got, expected in zip(output[0], alone(model, n), strict=True):
            assert error(got[0, begin : begin + n], expected[0]) <= TOLERANCE
        begin += n


def test_strata_json_says_what_the_trace_is(family, exported):
    directory = exported("pairs").directory
    config = json.loads((directory / "strata.json").read_text())

    is_decoder = family in tiny_models.DECODERS
    expected = {
        "arguments": ["piece_ids", "attention_mask", "positions"],
        "mask_form": "pairs",
        "padding_id": 1 if family in ("roberta", "camembert") else 0,
        "max_pieces": 512 if is_decoder else 64,
        "final_norm_layers": [tiny_models.LAYERS] if is_decoder else [],
    }
    if family in ("mpt", "falcon-alibi"):
        # ALiBi has no table, and the module alone says nothing of a limit.
        del expected["max_pieces"]
    assert config == expected


def test_final_norm_is_in_the_last_layer_only(tokenizer_folder, tmp_path):
    model = tiny_models.build("llama")
    export(model, tokenizer_folder, tmp_path / "m" / "1", signature="dict")
    trace = torch.jit.load(str(tmp_path / "m" / "1" / "model.pt"))
    mask = {"bool_mask": torch.ones((1, 1, 1, 9), dtype=torch.bool)}
    before = trace(pieces_of(9), mask)[0]
    with torch.no_grad():
        model.output_layer_norm.weight.mul_(3)
    export(model, tokenizer_folder, tmp_path / "m" / "2", signature="dict")
    after = torch.jit.load(str(tmp_path / "m" / "2" / "model.pt"))(
        pieces_of(9), mask
    )[0]
    changed = [error(x, y) > 0.1 for x, y in zip(before, after)]
    assert changed == [False] * tiny_models.LAYERS + [True]


@pytest.mark.parametrize("signature", ["pairs", "dict"])
def test_causal_lm_keeps_its_logits(signature, tokenizer_folder, tmp_path):
    model = tiny_models.llama_causal_lm()
    directory = tmp_path / "m" / "1"
    export(model, tokenizer_folder, directory, signature=signature)
    trace = torch.jit.load(str(directory / "model.pt"))
    mask = torch.ones((1, 1, 1, 9), dtype=torch.bool)
    if signature == "dict":
        output = trace(pieces_of(9), {"bool_mask": mask})
    else:
        positions = torch.arange(9).view(1, 9)
        output = trace(pieces_of(9), mask.expand(1, 1, 9, 9), positions)
    with torch.no_grad():
        expected = model(pieces_of(9), AttentionMask(mask))
    assert len(output) == 2
    assert error(output[1], expected.logits) <= TOLERANCE
    config = json.loads((directory / "strata.json").read_text())
    assert config["final_norm_layers"] == [tiny_models.LAYERS]


def test_trace_without_sdpa(family, exported, tokenizer_folder, tmp_path):
    model = tiny_models.build(family)
    plain = tmp_path / "m" / "1"
    export(model, tokenizer_folder, plain, sdpa=False)
    sdpa = "aten::scaled_dot_product_attention"
    for directory, expected in (
        (exported("pairs").directory, True),
        (plain, False),
    ):
        trace = torch.jit.load(str(directory / "model.pt"))
        assert (sdpa in str(trace.inlined_graph)) == expected


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_low_precision(family, dtype, tokenizer_folder, tmp_path):
    report = export(
        tiny_models.build(family),
        tokenizer_folder,
        tmp_path / "m" / "1",
        dtype=dtype,
        max_pieces=40,
    )
    assert report.comparison.dtype == dtype
    trace = torch.jit.load(str(tmp_path / "m" / "1" / "model.pt"))
    assert all(x.dtype == dtype for x in trace.parameters())
