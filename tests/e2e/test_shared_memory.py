# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Tensors in shared memory, by Triton's own client from PyPI.

What lies there is bit by bit what messages would carry.
"""

import contextlib
import json
import os
import subprocess
import sys

import bearer
import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.utils.shared_memory as shared_memory
from served import ROOT
from tritonclient.utils import (
    InferenceServerException,
    serialize_byte_tensor,
)

import strata

MODEL = "falcon-random"
TEXTS = [
    "Where does the river rise?",
    "naïve coöperation, 東京, Ω 🙂",
    "Seven herons.",
]
SIZE = 4 << 20


@pytest.fixture(scope="module")
def server(serve, models):
    with serve(models, "--shared-memory=on") as server:
        yield server


@pytest.fixture
def client(server):
    with triton.InferenceServerClient(server.address) as client:
        yield client
        client.unregister_system_shared_memory()


@contextlib.contextmanager
def region(client, name, size=SIZE):
    """An object of this process, registered under `name`."""
    key = f"/strata-test-{os.getpid()}-{name}"
    handle = shared_memory.create_shared_memory_region(
        name, key, size, create_only=True
    )
    try:
        client.register_system_shared_memory(name, key, size)
        yield handle
    finally:
        shared_memory.destroy_shared_memory_region(handle)


def text_tensor(texts):
    array = np.array([text.encode() for text in texts], dtype=np.object_)
    tensor = triton.InferInput("text", [len(texts)], "BYTES")
    tensor.set_data_from_numpy(array)
    return tensor, serialize_byte_tensor(array).item()


def test_the_server_tells_of_it(client, server):
    assert "system_shared_memory" in client.get_server_metadata().extensions
    with region(client, "told", 4096):
        status = client.get_system_shared_memory_status(as_json=True)
        [told] = status["regions"].values()
        assert told["name"] == "told"
        assert told["byte_size"] == "4096"


def test_all_layers_of_a_batch(client, server):
    with strata.Client(server.address) as ours:
        layers = ours.model(MODEL).layers
    in_message, contents = text_tensor(TEXTS)
    names = [f"layer_{i}" for i in range(layers)]
    expected = client.infer(
        MODEL,
        [in_message],
        outputs=[triton.InferRequestedOutput(name) for name in names],
    )
    room = SIZE // layers
    with region(client, "texts") as texts, region(client, "states") as states:
        shared_memory.set_shared_memory_region(
            texts, [np.frombuffer(contents, np.uint8)], offset=100
        )
        there = triton.InferInput("text", [len(TEXTS)], "BYTES")
        there.set_shared_memory("texts", len(contents), offset=100)
        outputs = [triton.InferRequestedOutput(name) for name in names]
        for i, output in enumerate(outputs):
            output.set_shared_memory("states", room, offset=i * room)
        mask = triton.InferRequestedOutput("attention_mask")
        result = client.infer(MODEL, [there], outputs=[*outputs, mask])
        response = result.get_response()
        assert not any(response.raw_output_contents[:layers])
        assert result.as_numpy("attention_mask").shape[0] == len(TEXTS)
        for i, name in enumerate(names):
            wanted = expected.as_numpy(name)
            got = shared_memory.get_contents_as_numpy(
                states, np.float32, result.get_output(name).shape, i * room
            )
            np.testing.assert_array_equal(got, wanted)
            told = result.get_output(name).parameters
            assert told["shared_memory_byte_size"].int64_param == wanted.nbytes


def test_a_client_that_unlinks_or_cuts_harms_nobody(client):
    _, contents = text_tensor(TEXTS)
    in_message, _ = text_tensor(TEXTS)
    there = triton.InferInput("text", [len(TEXTS)], "BYTES")
    with region(client, "cut") as handle:
        there.set_shared_memory("cut", len(contents))
        output = triton.InferRequestedOutput("pooled")
        output.set_shared_memory("cut", 1 << 20, offset=1 << 20)
        # The file behind it, of this process.
        os.truncate(f"/dev/shm/{handle._mpsm_handle.name.lstrip('/')}", 8)
        with pytest.raises(InferenceServerException) as raised:
            client.infer(MODEL, [there])
        assert raised.value.status() == "StatusCode.INVALID_ARGUMENT"
        assert "has become shorter" in raised.value.message()
        client.infer(MODEL, [in_message], outputs=[output])
    # The name of it has gone; the server's region has not.
    client.infer(MODEL, [in_message], outputs=[output])
    assert client.infer(MODEL, [in_message]).as_numpy("hidden_states").size


def test_what_does_not_fit(client):
    in_message, _ = text_tensor(TEXTS)
    with region(client, "small", 4096):
        output = triton.InferRequestedOutput("hidden_states")
        output.set_shared_memory("small", 4096)
        with pytest.raises(InferenceServerException) as raised:
            client.infer(MODEL, [in_message], outputs=[output])
        assert raised.value.status() == "StatusCode.INVALID_ARGUMENT"
        assert "of its shared_memory_byte_size" in raised.value.message()


def test_clients_do_not_find_each_others_regions(serve, models, tmp_path):
    names = ("first", "second")
    headers = {
        name: {"authorization": f"Bearer {name}-4f1c0c9d2b"} for name in names
    }
    tokens = tmp_path / "tokens.json"
    tokens.write_text(
        json.dumps(
            [bearer.entry(name, f"{name}-4f1c0c9d2b", "read") for name in names]
        )
    )
    with (
        serve(
            models,
            "--shared-memory=on",
            f"--tokens={tokens}",
            "--tokens-on-plaintext=on",
        ) as server,
        triton.InferenceServerClient(server.address) as client,
    ):
        key = f"/strata-test-{os.getpid()}-own"
        handle = shared_memory.create_shared_memory_region(
            "own", key, 4096, create_only=True
        )
        try:
            client.register_system_shared_memory(
                "own", key, 4096, headers=headers["first"]
            )
            seen = {
                name: client.get_system_shared_memory_status(
                    headers=header, as_json=True
                ).get("regions", {})
                for name, header in headers.items()
            }
            assert list(seen["first"]) == ["own"]
            assert not seen["second"]
            tensor, _ = text_tensor(TEXTS)
            output = triton.InferRequestedOutput("pooled")
            output.set_shared_memory("own", 4096)
            with pytest.raises(InferenceServerException) as raised:
                client.infer(
                    MODEL, [tensor], outputs=[output],
                    headers=headers["second"],
                )
            assert "no region 'own' is registered" in raised.value.message()
            client.unregister_system_shared_memory(headers=headers["first"])
        finally:
            shared_memory.destroy_shared_memory_region(handle)


def test_the_calls_of_its_page(server):
    page = (ROOT / "docs" / "open-inference-protocol.md").read_text()
    calls = [
        part.split("```")[0]
        for part in page.split("```python\n")[1:]
    ]
    code = "\n".join(calls).replace("127.0.0.1:50051", server.address)
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == ["(2, 384)", "(2, 5, 384)"]
