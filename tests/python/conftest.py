# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the exporter's tests."""

import json
from pathlib import Path
from typing import Callable, Iterator

import pytest
import safetensors.torch
import tiny_checkpoints
import tiny_models
import torch
from torch import Tensor


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny models take ten times as long where threads wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a byte-level tokenizer.json of fewer than 300 pieces."""
    folder = tmp_path_factory.mktemp("tokenizer")
    tiny_checkpoints.write_tokenizer(folder)
    (folder / "tokenizer_config.json").write_text('{"model_max_length": 64}')
    return folder


@pytest.fixture
def make_checkpoint(
    tmp_path: Path, tokenizer_folder: Path
) -> Callable[..., Path]:
    """Writes a LLaMA checkpoint in Hugging Face's format.

    `changes` go into config.json; None removes a key.
    """

    def make(state: dict[str, Tensor] | None = None, **changes) -> Path:
        folder = tmp_path / "checkpoint"
        folder.mkdir()
        config = {**tiny_models.LLAMA_CONFIG, **changes}
        config = {k: v for k, v in config.items() if v is not None}
        (folder / "config.json").write_text(json.dumps(config))
        if state is None:
            state = tiny_models.llama_state(tiny_models.build("llama"))
        safetensors.torch.save_file(state, folder / "model.safetensors")
        for file in tokenizer_folder.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        return folder

    return make
