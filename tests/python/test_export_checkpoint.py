# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Where a model comes from: folders, hub names, functions, and their faults."""

import json
import shutil
import sys
from pathlib import Path

import huggingface_hub
import pytest
import tiny_models
import torch
from curated_transformers.layers.attention import AttentionMask
from curated_transformers.layers.embeddings import RotaryEmbeddings
from strata.export import ExportError, export
from strata.export.checkpoint import load
from strata.export.config import check_config, complete_config


def states(model, length: int = 11) -> torch.Tensor:
    ids = torch.arange(length).view(1, length) + 3
    mask = AttentionMask(torch.ones((1, length), dtype=torch.bool))
    with torch.no_grad():
        return torch.stack(model(ids, mask).all_outputs)


def test_a_folder_with_safetensors(make_checkpoint):
    folder = make_checkpoint()
    source = load(str(folder))
    assert torch.equal(
        states(source.module), states(tiny_models.build("llama"))
    )
    assert source.tokenizer == {
        "tokenizer.json": folder / "tokenizer.json",
        "tokenizer_config.json": folder / "tokenizer_config.json",
    }
    assert source.config["max_position_embeddings"] == 640


def test_a_folder_with_a_state_dict(make_checkpoint):
    folder = make_checkpoint()
    (folder / "model.safetensors").unlink()
    state = tiny_models.llama_state(tiny_models.build("llama"))
    torch.save(state, folder / "pytorch_model.bin")
    source = load(str(folder))
    assert torch.equal(
        states(source.module), states(tiny_models.build("llama"))
    )


def test_what_the_config_says_reaches_strata_json(make_checkpoint, tmp_path):
    source = load(str(make_checkpoint()))
    directory = tmp_path / "m" / "1"
    export(source.module, source.tokenizer, directory, config=source.config)
    config = json.loads((directory / "strata.json").read_text())
    # Past the 512 rotary positions that Curated Transformers begins with.
    assert config["max_pieces"] == 640
    assert config["padding_id"] == 2
    assert sorted(x.name for x in directory.iterdir()) == [
        "model.pt",
        "strata.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    trace = torch.jit.load(str(directory / "model.pt"))
    ids = torch.arange(641).view(1, 641) % 300
    positions = torch.arange(641).view(1, 641)
    mask = torch.ones((1, 1, 641, 641), dtype=torch.bool)
    trace(ids[:, :640], mask[..., :640, :640], positions[:, :640])
    with pytest.raises(RuntimeError, match="out of (range|bounds)"):
        trace(ids, mask, positions)


def test_low_precision_checkpoints_keep_exact_positions(make_checkpoint):
    state = tiny_models.llama_state(tiny_models.build("llama"))
    state = {name: x.bfloat16() for name, x in state.items()}
    source = load(str(make_checkpoint(state, torch_dtype="bfloat16")))
    tables = [
        x for x in source.module.modules() if isinstance(x, RotaryEmbeddings)
    ]
    assert tables[0].cos.dtype == torch.bfloat16

    from strata.export.tables import prepare_tables

    prepare_tables(source.module.float(), 640)
    exact = RotaryEmbeddings(width=tables[0].cos.size(1), seq_len=640)
    for table in tables:
        assert torch.equal(table.cos, exact.cos)
        assert torch.equal(table.sin, exact.sin)


def test_a_hub_name(make_checkpoint, tokenizer_folder, monkeypatch):
    folder = make_checkpoint()
    asked = []

    def download(repo_id: str, filename: str, revision: str) -> str:
        asked.append((repo_id, revision))
        if not (folder / filename).exists():
            raise huggingface_hub.utils.LocalEntryNotFoundError(filename)
        return str(folder / filename)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    source = load("somebody/something", revision="v2")
    assert set(asked) == {("somebody/something", "v2")}
    assert torch.equal(
        states(source.module), states(tiny_models.build("llama"))
    )
    assert "tokenizer.json" in source.tokenizer


def test_a_hub_that_cannot_be_reached(monkeypatch):
    def download(**_):
        raise ConnectionError("no route to host")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    with pytest.raises(
        ExportError,
        match=r"cannot read somebody/something/config.json \(revision: main\)"
        ".*no route to host",
    ):
        load("somebody/something")


@pytest.mark.parametrize("name", ["./nowhere", "/no/such/folder", "a/b/c"])
def test_a_folder_that_does_not_exist(name):
    with pytest.raises(ExportError, match="there is no folder .*; expected a"):
        load(name)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("config.json", "cannot read .*config.json: there is no config.json"),
        ("tokenizer.json", "there is no tokenizer in .*save_pretrained"),
        ("model.safetensors", "cannot load the checkpoint of"),
    ],
)
def test_a_file_that_is_missing(file, message, make_checkpoint):
    folder = make_checkpoint()
    (folder / file).unlink()
    with pytest.raises(ExportError, match=f"(?s){message}"):
        load(str(folder))


def test_a_config_that_is_not_json(make_checkpoint):
    folder = make_checkpoint()
    (folder / "config.json").write_text("{")
    with pytest.raises(ExportError, match="cannot read .*config.json: "):
        load(str(folder))


def test_a_tensor_that_is_missing(make_checkpoint):
    state = tiny_models.llama_state(tiny_models.build("llama"))
    del state["model.norm.weight"]
    with pytest.raises(
        ExportError, match="cannot load the checkpoint .*output_layer_norm"
    ):
        load(str(make_checkpoint(state)))


def test_an_unknown_architecture(make_checkpoint):
    with pytest.raises(
        ExportError, match="model_type is 'mamba'; .* falcon, .*gpt_neox"
    ):
        load(str(make_checkpoint(model_type="mamba")))


def test_a_value_that_is_not_computed(make_checkpoint):
    folder = make_checkpoint(rope_theta=500000.0)
    with pytest.raises(
        ExportError,
        match="has rope_theta = 500000.0, and Curated Transformers 1.3.2 "
        "computes 10000 for llama",
    ):
        load(str(folder))


@pytest.mark.parametrize(
    "config",
    [
        {
            "model_type": "llama",
            "rope_scaling": {"type": "linear", "factor": 4},
        },
        {"model_type": "llama", "rope_parameters": {"rope_theta": 1e6}},
        {"model_type": "llama", "rope_parameters": {"rope_type": "llama3"}},
        {"model_type": "llama", "attention_bias": True},
        {"model_type": "falcon", "rope_theta": 500042},
        {"model_type": "gpt_neox", "use_parallel_residual": False},
        {"model_type": "mpt", "attn_config": {"alibi": False}},
        {"model_type": "mpt", "attn_config": {"clip_qkv": 6}},
        {"model_type": "bert", "position_embedding_type": "relative_key"},
    ],
)
def test_configs_that_are_refused(config):
    with pytest.raises(ExportError, match="the hidden states would be wrong"):
        check_config(complete_config(config))


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "llama"},
        {
            "model_type": "llama",
            "rope_theta": 10000.0,
            "rope_scaling": None,
            "attention_bias": False,
        },
        {
            "model_type": "llama",
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
        },
        {"model_type": "mpt", "attn_config": {"alibi": True, "clip_qkv": None}},
        {"model_type": "mpt", "attn_config": None},
    ],
)
def test_configs_that_are_accepted(config):
    check_config(complete_config(config))


def test_newer_configs_name_the_dtype_otherwise():
    completed = complete_config({"dtype": "float16"})
    assert completed["torch_dtype"] == "float16"
    completed = complete_config({"dtype": "float16", "torch_dtype": "float32"})
    assert completed["torch_dtype"] == "float32"


@pytest.fixture
def module_file(tmp_path, monkeypatch):
    """Writes a module that can be imported by the name it returns."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(text: str) -> str:
        name = "strata_exported"
        sys.modules.pop(name, None)
        (tmp_path / f"{name}.py").write_text(text)
        return name

    yield write
    sys.modules.pop("strata_exported", None)


def test_a_function(module_file, tokenizer_folder):
    name = module_file(
        "import tiny_models\n"
        "def build():\n"
        f"    return tiny_models.build('mpt'), {str(tokenizer_folder)!r}\n"
    )
    source = load(f"{name}:build")
    assert torch.equal(states(source.module), states(tiny_models.build("mpt")))
    assert source.tokenizer["tokenizer.json"].parent == tokenizer_folder
    assert source.config == {}


def test_a_function_that_is_not_there(module_file):
    name = module_file("x = 1\n")
    with pytest.raises(ExportError, match=f"cannot import '{name}:build'"):
        load(f"{name}:build")
    with pytest.raises(ExportError, match="cannot import 'no.such:build'"):
        load("no.such:build")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(:", r"SyntaxError: invalid syntax \(strata_exported.py, line"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import sys; sys.exit()", "SystemExit"),
        ("assert False", "AssertionError"),
    ],
)
def test_a_module_that_cannot_be_imported(text, message, module_file):
    name = module_file(text + "\n")
    with pytest.raises(
        ExportError, match=f"cannot import '{name}:build': {message}.*; expect"
    ) as found:
        load(f"{name}:build")
    assert found.value.__cause__ is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "def build():\n    raise RuntimeError('boom')",
            r"RuntimeError: boom \(strata_exported.py, line 2\); expected it t",
        ),
        (
            "def build():\n    return undefined",
            r"NameError: name 'undefined' is not defined \(strata_exported",
        ),
        (
            "def build(size): return size",
            "TypeError: .*missing 1 required positional argument: 'size'; exp",
        ),
        ("build = 3", "TypeError: 'int' object is not callable; expected it"),
    ],
)
def test_a_function_that_raises(text, message, module_file):
    name = module_file(text + "\n")
    with pytest.raises(
        ExportError, match=f"calling {name}:build failed: {message}"
    ) as found:
        load(f"{name}:build")
    assert found.value.__cause__ is not None


def test_a_function_that_returns_something_else(module_file):
    name = module_file("def build(): return 3\n")
    with pytest.raises(
        ExportError, match="returned a int; expected a tuple .torch.nn.Module"
    ):
        load(f"{name}:build")


def test_another_tokenizer(make_checkpoint, tmp_path, tokenizer_folder):
    folder = make_checkpoint()
    (folder / "tokenizer.json").unlink()
    file = tmp_path / "other.json"
    shutil.copy(tokenizer_folder / "tokenizer.json", file)
    source = load(str(folder), tokenizer=file)
    assert source.tokenizer == {"tokenizer.json": file}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("tokenizer.json", "{}", "cannot read .*tokenizer.json: "),
        ("tokenizer.model", "no protobuf", "cannot read .*tokenizer.model: "),
        (
            "vocab.txt",
            "a\nb",
            "does not look like a tokenizer: expected a .json",
        ),
        ("nowhere.json", None, "there is no tokenizer at .*nowhere.json"),
    ],
)
def test_a_tokenizer_that_cannot_be_read(name, text, message, tmp_path):
    path: Path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(ExportError, match=message):
        export(tiny_models.build("bert"), path, tmp_path / "m" / "1")


def test_a_sentencepiece_tokenizer(tmp_path):
    import sentencepiece
    from strata.export.tokenizer import vocabulary_size

    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["the cat sat on the mat", "a dog ran"] * 20),
        model_prefix=str(tmp_path / "tokenizer"),
        vocab_size=30,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    directory = tmp_path / "m" / "1"
    export(tiny_models.build("bert"), tmp_path, directory)
    copied = directory / "tokenizer.model"
    assert copied.read_bytes() == (tmp_path / "tokenizer.model").read_bytes()
    assert 10 < vocabulary_size({"tokenizer.model": copied}) <= 30


def test_a_tokenizer_with_more_pieces_than_the_model(tmp_path):
    from tokenizers import Tokenizer, models

    vocabulary = {f"piece{i}": i for i in range(400)}
    Tokenizer(models.BPE(vocabulary, [])).save(str(tmp_path / "tokenizer.json"))
    lines: list[str] = []
    export(
        tiny_models.build("bert"),
        tmp_path,
        tmp_path / "m" / "1",
        progress=lines.append,
    )
    assert "the tokenizer knows 400 pieces and the model 300" in lines[0]
