# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Every architecture, with every signature, against the model itself."""

import functools
import json

import pytest
import tiny_models
import torch
from curated_transformers.layers.attention import AttentionMask
from strata.export import ExportError, export
from torch import Tensor
from traces import call, error

FAMILIES = [*tiny_models.DECODERS, *tiny_models.ENCODERS]
SIGNATURES = ["pairs", "keys", "pieces", "ids", "dict"]
LENGTHS = (6, 31, 17, 1)
TOLERANCE = 1e-5


def pieces_of(length: int) -> Tensor:
    generator = torch.Generator().manual_seed(length)
    return torch.randint(
        5, tiny_models.PIECES, (1, length), generator=generator
    )


def alone(model, length: int, type_ids: Tensor | None = None) -> list[Tensor]:
    """As its users run the model: eager, no SDPA, positions by itself."""
    mask = AttentionMask(torch.ones((1, length), dtype=torch.bool))
    options = {} if type_ids is None else {"type_ids": type_ids}
    with torch.no_grad():
        return model(pieces_of(length), mask, **options).all_outputs


def padded(lengths: tuple[int, ...], padding_id: int) -> tuple[Tensor, Tensor]:
    """All sequences in one batch, and which places are real."""
    ids = torch.full((len(lengths), max(lengths)), padding_id)
    real = torch.zeros(ids.shape, dtype=torch.bool)
    for row, length in enumerate(lengths):
        ids[row, :length] = pieces_of(length)
        real[row, :length] = True
    return ids, real


def check_rows(output: tuple, lengths: tuple[int, ...], model) -> None:
    for row, n in enumerate(lengths):
        for got, expected in zip(output[0], alone(model, n), strict=True):
            assert error(got[row, :n], expected[0]) <= TOLERANCE


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


@pytest.mark.parametrize("signature", SIGNATURES)
def test_trace_equals_each_sequence_alone(family, signature, exported):
    model = tiny_models.build(family)
    report = exported(signature)
    assert report.comparison.worst_error <= TOLERANCE
    config = json.loads((report.directory / "strata.json").read_text())
    lengths = LENGTHS
    if signature == "ids" and family in tiny_models.ENCODERS:
        # Nothing tells them what is padding.
        lengths = (17, 17)
    ids, real = padded(lengths, config["padding_id"])
    output = call(report.directory, ids, real)
    assert len(output[0]) == tiny_models.LAYERS + 1
    check_rows(output, lengths, model)


def test_pairs_trace_takes_several_sequences_in_a_row(family, exported):
    model = tiny_models.build(family)
    directory = exported("pairs").directory
    trace = torch.jit.load(str(directory / "model.pt"))

    segments = torch.cat([torch.full((n,), i) for i, n in enumerate(LENGTHS)])
    ids = torch.cat([pieces_of(n) for n in LENGTHS], dim=1)
    positions = torch.cat([torch.arange(n) for n in LENGTHS]).unsqueeze(0)
    mask = segments.unsqueeze(0) == segments.unsqueeze(1)
    typed = [torch.zeros_like(ids)] if family in tiny_models.TYPED else []
    output = trace(ids, mask.view(1, 1, *mask.shape), positions, *typed)

    begin = 0
    for n in LENGTHS:
        for got, expected in zip(output[0], alone(model, n), strict=True):
            assert error(got[0, begin : begin + n], expected[0]) <= TOLERANCE
        begin += n


@pytest.mark.parametrize("signature", SIGNATURES)
def test_strata_json_says_what_the_trace_is(family, signature, exported):
    directory = exported(signature).directory
    config = json.loads((directory / "strata.json").read_text())

    is_decoder = family in tiny_models.DECODERS
    arguments = ["piece_ids", "attention_mask"]
    if signature == "ids":
        arguments.remove("attention_mask")
    if signature == "pairs":
        arguments.append("positions")
    if family in tiny_models.TYPED and signature != "dict":
        arguments.append("type_ids")
    expected = {
        "arguments": arguments,
        "mask_form": "none" if signature == "ids" else signature,
        "padding_id": 1 if family in tiny_models.ROBERTAS else 0,
        "max_pieces": 512 if is_decoder else 64,
        "final_norm_layers": [tiny_models.LAYERS] if is_decoder else [],
    }
    if family in ("mpt", "falcon-alibi"):
        # ALiBi has no table, and the module alone says nothing of a limit.
        del expected["max_pieces"]
    assert config == expected


@pytest.mark.parametrize("signature", SIGNATURES)
def test_arguments_have_names_that_say_what_they_are(signature, exported):
    """A server finds their meaning by them where there is no strata.json."""
    directory = exported(signature).directory
    config = json.loads((directory / "strata.json").read_text())
    trace = torch.jit.load(str(directory / "model.pt"))
    names = [x.name for x in trace.forward.schema.arguments]
    assert names == ["self", *config["arguments"]]


@pytest.mark.parametrize("family", tiny_models.TYPED[:2])
def test_type_ids_are_the_models_own(family, tokenizer_folder, tmp_path):
    model = tiny_models.build(family)
    directory = tmp_path / "m" / "1"
    export(model, tokenizer_folder, directory)
    trace = torch.jit.load(str(directory / "model.pt"))
    types = torch.tensor([[0] * 4 + [1] * 5])
    mask = torch.ones((1, 1, 9, 9), dtype=torch.bool)
    output = trace(pieces_of(9), mask, torch.arange(9).view(1, 9), types)
    expected = alone(model, 9, types)
    for got, typed, untyped in zip(output[0], expected, alone(model, 9)):
        assert error(got, typed) <= TOLERANCE < error(got, untyped)


@pytest.mark.parametrize("signature", ["keys", "pieces", "ids"])
def test_positions_and_type_ids_on_demand(
    signature, tokenizer_folder, tmp_path
):
    directory = tmp_path / "m" / "1"
    export(
        tiny_models.build("bert"),
        tokenizer_folder,
        directory,
        signature=signature,
        positions=True,
        type_ids=False,
    )
    config = json.loads((directory / "strata.json").read_text())
    assert config["arguments"][-1] == "positions"
    assert "type_ids" not in config["arguments"]
    ids, real = padded((17, 17), 0)
    check_rows(
        call(directory, ids, real), (17, 17), tiny_models.build("bert")
    )


def test_pairs_without_positions(tokenizer_folder, tmp_path):
    directory = tmp_path / "m" / "1"
    model = tiny_models.build("llama")
    export(model, tokenizer_folder, directory, positions=False)
    ids, real = padded(LENGTHS, 0)
    check_rows(call(directory, ids, real), LENGTHS, model)


@pytest.mark.parametrize(
    ("family", "options", "message"),
    [
        (
            "llama",
            {"type_ids": True},
            "--type-ids was given, and the model tells no types apart",
        ),
        (
            "bert",
            {"signature": "dict", "type_ids": True},
            "'dict', the model itself, whose trace takes neither positions",
        ),
        (
            "llama",
            {"signature": "dict", "positions": True},
            "use pairs, keys or pieces for them",
        ),
        ("llama", {"signature": "mask"}, "'mask'; expected one of pairs, keys"),
        ("llama", {"layers": [0, 4]}, "asks for layer 4, .* has 0 to 3"),
        ("llama", {"layers": [2, 1]}, "--layers is 2,1; expected ascending"),
        ("llama", {"layers": [-1]}, "--layers is -1; expected ascending"),
        ("llama", {"layers": []}, "--layers is ; expected ascending"),
        ("llama", {"logits": True}, "--logits was given, .* returns none"),
    ],
)
def test_options_that_the_model_has_not(
    family, options, message, tokenizer_folder, tmp_path
):
    with pytest.raises(ExportError, match=message):
        export(
            tiny_models.build(family),
            tokenizer_folder,
            tmp_path / "m" / "1",
            **options,
        )


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


@pytest.mark.parametrize(
    ("family", "signature"),
    [
        *((family, "pairs") for family in tiny_models.CAUSAL_LMS),
        ("llama", "ids"),
        ("llama", "dict"),
    ],
)
def test_causal_lm_keeps_its_logits(
    family, signature, tokenizer_folder, tmp_path
):
    model = tiny_models.causal_lm(family)
    directory = tmp_path / "m" / "1"
    report = export(
        model, tokenizer_folder, directory, signature=signature, logits=True
    )
    assert report.comparison.vocabulary == tiny_models.PIECES
    output = call(directory, *padded((9,), 0))
    with torch.no_grad():
        mask = AttentionMask(torch.ones((1, 9), dtype=torch.bool))
        expected = model(pieces_of(9), mask)
    assert len(output) == 2
    assert error(output[1], expected.logits) <= TOLERANCE
    config = json.loads((directory / "strata.json").read_text())
    assert config["final_norm_layers"] == [tiny_models.LAYERS]


@pytest.mark.parametrize(
    ("family", "signature", "layers"),
    [
        *((family, "pairs", (0, 2)) for family in FAMILIES),
        *(("llama", signature, (1, 3)) for signature in SIGNATURES),
        ("llama", "dict", (0,)),
        ("roberta", "ids", (0,)),
        ("albert", "dict", (1, 2)),
    ],
)
def test_chosen_layers(family, signature, layers, tokenizer_folder, tmp_path):
    directory = tmp_path / "m" / "1"
    report = export(
        tiny_models.build(family),
        tokenizer_folder,
        directory,
        signature=signature,
        layers=layers,
    )
    assert report.layers == layers
    config = json.loads((directory / "strata.json").read_text())
    lengths = (17, 17) if signature == "ids" else LENGTHS
    output = call(directory, *padded(lengths, config["padding_id"]))
    assert len(output[0]) == len(layers)
    whole = tiny_models.build(family)
    for row, n in enumerate(lengths):
        states = alone(whole, n)
        for got, layer in zip(output[0], layers, strict=True):
            assert error(got[row, :n], states[layer][0]) <= TOLERANCE
    is_decoder = family in tiny_models.DECODERS
    last = [1] if is_decoder and layers[-1] == tiny_models.LAYERS else []
    assert config["final_norm_layers"] == last


def test_layers_above_the_last_are_cut_away(tokenizer_folder, tmp_path):
    sizes = [
        export(
            tiny_models.build("bert"),
            tokenizer_folder,
            tmp_path / "m" / str(version),
            layers=layers,
        ).size
        for version, layers in ((1, (0, 1)), (2, (0, 3)))
    ]
    trace = torch.jit.load(str(tmp_path / "m" / "1" / "model.pt"))
    names = [x for x, _ in trace.named_parameters() if ".layers." in x]
    assert {x.split(".layers.")[1].split(".")[0] for x in names} == {"0"}
    assert sizes[0] < 0.6 * sizes[1]


def test_a_causal_lm_keeps_all_layers_for_its_logits(
    tokenizer_folder, tmp_path
):
    model = tiny_models.causal_lm("llama")
    directory = tmp_path / "m" / "1"
    export(model, tokenizer_folder, directory, layers=[1], logits=True)
    output = call(directory, *padded((9,), 0))
    with torch.no_grad():
        mask = AttentionMask(torch.ones((1, 9), dtype=torch.bool))
        expected = tiny_models.causal_lm("llama")(pieces_of(9), mask)
    assert len(output[0]) == 1
    assert error(output[0][0], expected.all_outputs[1]) <= TOLERANCE
    assert error(output[1], expected.logits) <= TOLERANCE


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
