# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Answers that the real server writes into files, read as others read them."""

import asyncio
import os
import re
import subprocess
import sys
from concurrent import futures

import numpy as np
import pytest
import safetensors
import safetensors.torch
import torch
import wire
from served import ROOT

import strata

MODEL = "falcon-random"
TEXTS = [
    "Where does the river rise?",
    "naïve coöperation, 東京, Ω 🙂",
    "Seven herons.",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("outputs")


@pytest.fixture(scope="module")
def server(serve, models, folder):
    with serve(models, f"--output-directory={folder}") as server:
        yield server


@pytest.fixture(scope="module")
def client(server):
    with strata.Client(server.address, timeout=120) as client:
        yield client


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_all_layers_are_those_of_encode(client, folder, dtype):
    layers = range(client.model(MODEL).layers)
    options = {"layers": layers, "dtype": dtype, "return_pieces": True}
    name = f"corpus/{dtype}/shard-0001.safetensors"
    written = client.encode_to_file(TEXTS, name, MODEL, **options)
    path = folder / name
    assert path.stat().st_size == written.bytes
    assert (written.file, written.existed) == (name, False)
    expected = client.encode(TEXTS, MODEL, **options)
    tensors = safetensors.torch.load_file(path)
    digits = {"float32": 1e-4, "float16": 2e-3, "bfloat16": 2e-2}[dtype]
    ids = tensors["piece_ids"].tolist()
    offsets = tensors["piece_offsets"].tolist()
    for i, encoding in enumerate(expected):
        states = tensors[f"{i}.hidden_states"]
        assert states.dtype == getattr(torch, dtype)
        assert states.shape == encoding.tensor.torch().shape
        np.testing.assert_allclose(
            states.float(), encoding.torch().float(), rtol=digits, atol=digits
        )
        assert ids[offsets[i] : offsets[i + 1]] == [
            piece.id for piece in encoding.pieces
        ]
    with safetensors.safe_open(path, "np") as file:
        metadata = file.metadata()
    assert metadata["model"] == MODEL == written.model
    assert metadata["version"] == str(written.version) == "1"
    assert metadata["digest"] == written.digest == expected[0].digest


def test_the_same_call_again_finds_it(client, folder):
    name = "again.safetensors"
    first = client.encode_to_file(TEXTS, name, MODEL)
    inode = (folder / name).stat().st_ino
    again = client.encode_to_file(TEXTS, name, MODEL)
    assert again.existed and again.bytes == first.bytes
    assert (folder / name).stat().st_ino == inode
    with pytest.raises(strata.StrataError) as raised:
        client.encode_to_file(TEXTS[:1], name, MODEL)
    assert raised.value.reason == "INVALID_FIELD"
    assert "is there already" in str(raised.value)


def test_asyncio_writes_many_at_once(server, folder):
    async def write():
        async with strata.AsyncClient(server.address, timeout=120) as client:
            return await asyncio.gather(
                *(
                    client.encode_to_file(
                        [f"text {i} {j}" for j in range(8)],
                        f"many/{i}.safetensors",
                        MODEL,
                        pooling="mean",
                    )
                    for i in range(24)
                )
            )

    written = asyncio.run(write())
    assert len(list((folder / "many").iterdir())) == len(written) == 24
    for i, file in enumerate(written):
        tensors = safetensors.torch.load_file(folder / file.file)
        assert set(tensors) == {f"{j}.hidden_states" for j in range(8)}, i


def test_an_input_that_is_refused_leaves_no_file(client, folder):
    with pytest.raises(strata.StrataError) as raised:
        client.encode_to_file(
            [TEXTS[0], "too long " * 5000], "long.safetensors", MODEL
        )
    assert raised.value.reason == "INPUT_TOO_LONG"
    with pytest.raises(strata.StrataError) as raised:
        client.encode_to_file(TEXTS, "../out.safetensors", MODEL)
    assert raised.value.reason == "INVALID_FIELD"
    names = [path.name for path in folder.rglob("*")]
    assert "long.safetensors" not in names
    assert not [name for name in names if name.endswith(".partial")]
    assert not (folder.parent / "out.safetensors").exists()


def test_a_server_that_is_killed_leaves_no_file_with_its_name(
    serve, repository, add_model, tmp_path
):
    """Whatever is cut off has another name; the next server writes it."""
    add_model("m")
    folder = tmp_path / "outputs"
    folder.mkdir()
    texts = [f"text {i} " * 60 for i in range(512)]
    name = "cut.safetensors"
    with serve(repository, f"--output-directory={folder}") as server:
        with strata.Client(server.address, timeout=120, retries=0) as client:
            layers = range(client.model().layers)
            with futures.ThreadPoolExecutor(1) as pool:
                call = pool.submit(
                    client.encode_to_file,
                    texts,
                    name,
                    layers=layers,
                    truncation="right",
                )
                wire.wait_until(
                    lambda: list(folder.iterdir()), "the file has begun"
                )
                server.kill()
                with pytest.raises(strata.StrataError):
                    call.result()
    assert not (folder / name).exists()
    with (
        serve(repository, f"--output-directory={folder}") as server,
        strata.Client(server.address, timeout=120) as client,
    ):
        written = client.encode_to_file(
            texts, name, layers=layers, truncation="right"
        )
    assert not written.existed
    assert len(safetensors.torch.load_file(folder / name)) == len(texts)


def test_the_calls_of_its_page(server, folder):
    text = (ROOT / "docs" / "encode.md").read_text()
    [code] = re.findall(r"```python\n(import strata.*?)```", text, re.DOTALL)
    code = code.replace("127.0.0.1:50051", server.address)
    code = code.replace('"outputs/', f'"{folder}/')
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env=dict(os.environ, PYTHONPATH=ROOT / "client" / "python"),
    )
    assert done.stdout.splitlines() == ["False", "(7, 5, 384)"]
