# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of every architecture, exported by the command line.

What Curated Transformers itself makes of the checkpoint, with its own loader,
is what the trace is held against; of 2.x, in a process of its own.
"""

import json
import re
from pathlib import Path

import fsspec
import pytest
import safetensors.torch
import tiny_checkpoints
import tiny_models
import torch
from curated_transformers.layers.attention import AttentionMask
from curated_transformers.models import (
    AutoCausalLM,
    AutoDecoder,
    AutoEncoder,
)
from strata.export import cli
from torch import Tensor
from traces import call, error

FAMILIES = [*tiny_models.DECODERS, *tiny_models.ENCODERS]
TOLERANCE = 1e-5

# Exports each of the families, and keeps what the model itself gives.
_EXPORT_WITH_2 = """
import pathlib, sys, types
import huggingface_hub
import torch
torch.set_num_threads(1)
from curated_transformers.layers.attention import AttentionMask
from strata.export import cli
from strata.export.checkpoint import load
folder, tokenizer, repository = map(pathlib.Path, sys.argv[1:4])
for family in sys.argv[4:]:
    code = cli.main([str(folder / family), "--tokenizer", str(tokenizer),
                     "--repository", str(repository), "--name", family])
    assert code == 0, family
    model = load(str(folder / family), tokenizer=tokenizer).module.eval()
    ids = torch.arange(23).view(1, 23) + 3
    mask = AttentionMask(torch.ones((1, 23), dtype=torch.bool))
    with torch.no_grad():
        states = torch.cat(model(ids, mask).all_outputs)
    torch.save(states, repository / family / "states.pt")
for family in ("bert", "llama"):
    code = cli.main([str(folder / family), "--tokenizer", str(tokenizer),
                     "--repository", str(repository), "--name",
                     family + "-keys", "--signature", "keys"])
    assert code == 0, family
def download(repo_id, filename, revision):
    checkpoint = folder / repo_id.removeprefix("somebody/")
    path = (tokenizer if "tok" in filename else checkpoint) / filename
    if revision != "v2" or not path.exists():
        raise huggingface_hub.utils.LocalEntryNotFoundError(filename)
    return str(path)
huggingface_hub.hf_hub_download = download
code = cli.main(["somebody/mpt", "--revision", "v2", "--repository",
                 str(repository), "--name", "hub"])
assert code == 0
own = types.ModuleType("own")
own.build = lambda: (
    load(str(folder / "mpt"), tokenizer=tokenizer).module, str(tokenizer))
sys.modules["own"] = own
code = cli.main(["own:build", "--repository", str(repository),
                 "--name", "own"])
assert code == 0
code = cli.main([str(folder / "llama"), "--tokenizer", str(tokenizer),
                 "--repository", str(repository), "--name", "direct",
                 "--signature", "dict"])
assert code == 1
"""


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints")
    tiny_checkpoints.build(folder)
    return folder


@pytest.fixture(scope="session")
def exported_with_2(checkpoints, tokenizer_folder, tmp_path_factory) -> Path:
    """A repository of what 2.x makes of the checkpoints."""
    repository = tmp_path_factory.mktemp("models")
    tiny_checkpoints.run_with_curated_2(
        "-c",
        _EXPORT_WITH_2,
        str(checkpoints),
        str(tokenizer_folder),
        str(repository),
        *FAMILIES,
        "electra",
    )
    return repository


@pytest.fixture
def run(tokenizer_folder, tmp_path, capsys):
    """Exports a folder as "m"; the exit code, output and errors."""

    def call(folder: Path, *options: str) -> tuple[int, str, str]:
        code = cli.main(
            [
                str(folder),
                *("--tokenizer", str(tokenizer_folder)),
                *("--repository", str(tmp_path / "models"), "--name", "m"),
                *options,
            ]
        )
        return code, *capsys.readouterr()

    return call


def trace_states(directory: Path, ids: Tensor) -> tuple[Tensor, tuple]:
    output = call(directory, ids, torch.ones_like(ids, dtype=torch.bool))
    return torch.cat(list(output[0])), output


def load_itself(auto: type, folder: Path):
    """By Curated Transformers, without a line of the exporter."""
    fs = fsspec.filesystem("file")
    return auto.from_fsspec(fs=fs, model_path=str(folder)).eval()


def run_itself(model, length: int = 23):
    ids = torch.arange(length).view(1, length) + 3
    mask = AttentionMask(torch.ones((1, length), dtype=torch.bool))
    with torch.no_grad():
        return ids, model(ids, mask)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_checkpoint(family, checkpoints, run, tmp_path):
    folder = checkpoints / family
    code, _, err = run(folder)
    assert code == 0, err
    auto = AutoDecoder if family in tiny_models.DECODERS else AutoEncoder
    ids, output = run_itself(load_itself(auto, folder))
    states, _ = trace_states(tmp_path / "models" / "m" / "1", ids)
    assert error(states, torch.cat(output.all_outputs)) <= TOLERANCE
    config = json.loads(
        (tmp_path / "models" / "m" / "1" / "strata.json").read_text()
    )
    assert config["max_pieces"] == tiny_checkpoints.MAX_PIECES


@pytest.mark.parametrize("family", tiny_models.CAUSAL_LMS)
def test_logits_of_a_checkpoint(family, checkpoints, run, tmp_path):
    folder = checkpoints / family
    code, out, err = run(folder, "--logits")
    assert code == 0, err
    assert re.search(r"^logits +300 for each piece$", out, re.MULTILINE)
    ids, expected = run_itself(load_itself(AutoCausalLM, folder))
    states, output = trace_states(tmp_path / "models" / "m" / "1", ids)
    assert error(states, torch.cat(expected.all_outputs)) <= TOLERANCE
    assert error(output[1], expected.logits) <= TOLERANCE


def test_an_encoder_has_no_logits(checkpoints, run):
    code, _, err = run(checkpoints / "bert", "--logits")
    assert code == 1
    assert "--logits was given, and bert models are encoders" in err


@pytest.mark.parametrize("family", [*FAMILIES, "electra"])
def test_curated_transformers_2(family, exported_with_2):
    """Its trace gives what its model gives, and runs without it."""
    expected = torch.load(exported_with_2 / family / "states.pt")
    ids = torch.arange(23).view(1, 23) + 3
    states, _ = trace_states(exported_with_2 / family / "1", ids)
    assert error(states, expected) <= TOLERANCE


@pytest.mark.parametrize(
    ("name", "expected"),
    [("llama-keys", True), ("bert-keys", True), ("llama", False)],
)
def test_2_has_sdpa_with_masks_of_keys_only(name, expected, exported_with_2):
    trace = torch.jit.load(str(exported_with_2 / name / "1" / "model.pt"))
    sdpa = "aten::scaled_dot_product_attention"
    assert (sdpa in str(trace.inlined_graph)) == expected


@pytest.mark.parametrize("name", ["own", "hub"])
def test_other_sources_of_2(name, exported_with_2):
    """A function that returns a model of 2.x, and a name of the hub."""
    expected = torch.load(exported_with_2 / "mpt" / "states.pt")
    ids = torch.arange(23).view(1, 23) + 3
    states, _ = trace_states(exported_with_2 / name / "1", ids)
    assert (exported_with_2 / name / "1" / "tokenizer.json").exists()
    assert error(states, expected) <= TOLERANCE


def test_2_cannot_be_traced_directly(exported_with_2):
    assert not (exported_with_2 / "direct" / "1").exists()


@pytest.mark.parametrize("family", FAMILIES)
def test_both_versions_give_the_same(family, checkpoints, exported_with_2):
    auto = AutoDecoder if family in tiny_models.DECODERS else AutoEncoder
    _, output = run_itself(load_itself(auto, checkpoints / family))
    expected = torch.load(exported_with_2 / family / "states.pt")
    assert error(torch.cat(output.all_outputs), expected) <= TOLERANCE


def test_electra_is_loaded_by_2_only(checkpoints, run):
    code, _, err = run(checkpoints / "electra")
    assert code == 1
    assert "model_type is 'electra'; Curated Transformers 1.3.2 knows" in err
    assert "and 2.x knows electra too" in err


@pytest.mark.parametrize("kind", ["safetensors", "bin"])
def test_a_sharded_checkpoint(kind, checkpoints, run, tmp_path):
    whole = checkpoints / "gpt-neox"
    folder = tmp_path / "sharded"
    folder.mkdir()
    config = (whole / "config.json").read_bytes()
    (folder / "config.json").write_bytes(config)
    state = safetensors.torch.load_file(whole / "model.safetensors")
    names = sorted(state)
    weight_map = {}
    for shard, part in enumerate((names[::2], names[1::2]), start=1):
        tensors = {name: state[name] for name in part}
        stem = "model" if kind == "safetensors" else "pytorch_model"
        file = f"{stem}-{shard:05}-of-00002.{kind}"
        if kind == "safetensors":
            safetensors.torch.save_file(tensors, folder / file)
        else:
            torch.save(tensors, folder / file)
        weight_map |= dict.fromkeys(part, file)
    index = f"{stem}.{kind}.index.json"
    (folder / index).write_text(json.dumps({"weight_map": weight_map}))

    code, _, err = run(folder)
    assert code == 0, err
    ids, output = run_itself(load_itself(AutoDecoder, whole))
    states, _ = trace_states(tmp_path / "models" / "m" / "1", ids)
    assert error(states, torch.cat(output.all_outputs)) <= TOLERANCE


def test_a_shard_that_is_missing(checkpoints, run, tmp_path):
    folder = tmp_path / "sharded"
    folder.mkdir()
    config = (checkpoints / "bert" / "config.json").read_bytes()
    (folder / "config.json").write_bytes(config)
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    code, _, err = run(folder)
    assert code == 1
    assert "cannot load the checkpoint of" in err


class Harmful:
    """Runs a program when it is unpickled, unless only weights are read."""

    def __reduce__(self):
        return eval, ("1 / 0",)


def test_a_pickle_that_holds_a_program(checkpoints, run, tmp_path):
    folder = tmp_path / "pickled"
    folder.mkdir()
    config = (checkpoints / "bert" / "config.json").read_bytes()
    (folder / "config.json").write_bytes(config)
    torch.save({"x": Harmful()}, folder / "pytorch_model.bin")
    code, _, err = run(folder)
    assert code == 1
    assert "cannot load the checkpoint of" in err
    assert "eval" in err and "Traceback" not in err
