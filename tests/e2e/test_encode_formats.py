# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""strata-encode writes the numbers that Encode gives, in every form."""

import json

import encoder
import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import torch

MODEL = "falcon-random"
TEXTS = [f"Text {i}: " + "the river ran " * (i * 7 % 23) for i in range(60)]
LAYERS = [0, 2, 4]


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    """The same texts in a file of each kind."""
    folder = tmp_path_factory.mktemp("corpora")
    paths = {x: folder / f"corpus.{x}" for x in ("txt", "jsonl", "parquet")}
    paths["txt"].write_text("".join(f"{text}\n" for text in TEXTS))
    records = [{"text": text, "key": i * i} for i, text in enumerate(TEXTS)]
    paths["jsonl"].write_text("\n".join(json.dumps(x) for x in records))
    pyarrow.parquet.write_table(
        pyarrow.Table.from_pylist(records), paths["parquet"]
    )
    return paths


@pytest.fixture(scope="module")
def expected(client):
    """`[layers, pieces, width]` of each text."""
    answers = client.encode(TEXTS, MODEL, layers=LAYERS)
    return [answer.hidden_states for answer in answers]


def assert_close(ours, theirs, tolerance=1e-5):
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("kind", ["txt", "jsonl", "parquet"])
def test_pooled_safetensors(corpora, expected, server, tmp_path, kind):
    output = tmp_path / "states.safetensors"
    said = encoder.run(
        corpora[kind],
        output,
        server.address,
        f"--model={MODEL}",
        "--layers=0,2,-1",
    )
    assert said == f"strata-encode: {output} is written: 60 texts\n"
    assert [path.name for path in tmp_path.iterdir()] == [output.name]
    tensors = encoder.tensors(output)
    assert tensors.keys() == {"states", "rows", "layers"}
    assert tensors["layers"].tolist() == LAYERS
    assert tensors["rows"].tolist() == list(range(len(TEXTS)))
    means = np.stack([states.mean(axis=1) for states in expected])
    assert_close(tensors["states"], means)


def test_ragged_safetensors_with_ids(corpora, expected, server, tmp_path):
    output = tmp_path / "states.safetensors"
    encoder.run(
        corpora["jsonl"],
        output,
        server.address,
        f"--model={MODEL}",
        "--layers=0,2,4",
        "--pooling=none",
        "--id-field=key",
    )
    tensors = encoder.tensors(output)
    offsets = tensors["offsets"]
    assert offsets[-1] == len(tensors["states"])
    for i, states in enumerate(expected):
        ours = tensors["states"][offsets[i] : offsets[i + 1]]
        assert_close(ours.swapaxes(0, 1), states)
        begin, end = tensors["id_offsets"][i : i + 2]
        assert bytes(tensors["id_bytes"][begin:end]) == str(i * i).encode()


@pytest.mark.parametrize("pooling", ["none", "last"])
def test_parquet(corpora, expected, server, tmp_path, pooling):
    output = tmp_path / "states.parquet"
    encoder.run(
        corpora["parquet"],
        output,
        server.address,
        f"--model={MODEL}",
        "--layers=0,2,4",
        f"--pooling={pooling}",
        "--id-field=key",
    )
    table = pyarrow.parquet.read_table(output)
    assert table.column_names == ["row", "id", "layer_0", "layer_2", "layer_4"]
    assert table["row"].to_pylist() == list(range(len(TEXTS)))
    assert table["id"].to_pylist() == [str(i * i) for i in range(len(TEXTS))]
    for k, layer in enumerate(LAYERS):
        column = table[f"layer_{layer}"].to_pylist()
        for ours, states in zip(column, expected, strict=True):
            whole = states[k] if pooling == "none" else states[k, -1]
            assert_close(np.array(ours, np.float32), whole)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(corpora, expected, server, tmp_path, dtype):
    options = [f"--model={MODEL}", f"--dtype={dtype}", "--dimensions=8"]
    for kind in ("safetensors", "parquet"):
        encoder.run(
            corpora["txt"], tmp_path / f"s.{kind}", server.address, *options
        )
    means = [states[-1].mean(axis=0)[:8] for states in expected]
    states = encoder.tensors(tmp_path / "s.safetensors", "pt")["states"]
    assert states.dtype is getattr(torch, dtype)
    assert_close(states[:, 0].float().numpy(), means, 0.01)
    column = pyarrow.parquet.read_table(tmp_path / "s.parquet")["layer_4"]
    half = dtype == "float16"
    assert column.type.value_type == (
        pyarrow.float16() if half else pyarrow.float32()
    )
    assert_close(np.array(column.to_pylist(), np.float32), means, 0.01)


def test_all_layers_normalized(corpora, expected, server, tmp_path):
    output = tmp_path / "s.safetensors"
    options = [f"--model={MODEL}", "--layers=all", "--normalize"]
    encoder.run(corpora["txt"], output, server.address, *options)
    states = encoder.tensors(output)["states"]
    assert states.shape == (len(TEXTS), 5, 128)
    assert_close(np.linalg.norm(states, axis=-1), 1)
    mean = expected[3][1].mean(axis=0)
    assert_close(states[3, 2], mean / np.linalg.norm(mean))


def test_what_fails_is_told_and_the_rest_written(server, client, tmp_path):
    limit = client.model(MODEL).max_pieces
    lines = [
        '{"id": "a", "text": "A good text."}',
        '{"id": "b", "text": "%s"}' % ("too long " * limit),
        "",
        "{",
        '{"id": "d"}',
        '{"text": "It has no id."}',
        '{"id": "f", "text": "\\ud800"}',
        '{"id": "g", "text": "Another good text."}',
        '{"id": "h", "text": ""}',
    ]
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text("\n".join(lines))
    output = tmp_path / "states.safetensors"
    options = [f"--model={MODEL}", "--id-field=id"]
    said = encoder.run(corpus, output, server.address, *options, code=4)
    failures = tmp_path / "states.safetensors.failures.jsonl"
    assert f"6 texts failed; {failures} says why" in said
    failed = [json.loads(line) for line in failures.read_text().splitlines()]
    assert [(x["row"], x["id"], x["reason"]) for x in failed] == [
        (1, "b", "INPUT_TOO_LONG"),
        (2, "", "MALFORMED_RECORD"),
        (3, "d", "MALFORMED_RECORD"),
        (4, "", "MALFORMED_RECORD"),
        (5, "f", "MALFORMED_RECORD"),
        (7, "h", "INVALID_FIELD"),
    ]
    assert {x["code"] for x in failed} == {"INVALID_ARGUMENT"}
    assert "too long " not in failures.read_text()
    tensors = encoder.tensors(output)
    assert tensors["rows"].tolist() == [0, 6]
    answers = client.encode(
        ["A good text.", "Another good text."], MODEL, pooling="mean"
    )
    assert_close(tensors["states"], [x.hidden_states for x in answers])
    # As often as one likes.
    said = encoder.run(corpus, output, server.address, *options, code=4)
    assert "was finished before: 2 texts" in said


def test_a_text_that_no_message_holds(serve, small, tmp_path):
    """It ends the stream, and the server cannot say which it was."""
    corpus = tmp_path / "corpus.txt"
    texts = ["short", "x" * (5 << 20), "also short", "y" * (2 << 20)]
    corpus.write_text("\n".join(texts))
    output = tmp_path / "states.safetensors"
    with serve(small, "--max-message-bytes=4MiB") as server:
        encoder.run(corpus, output, server.address, code=4)
    path = tmp_path / "states.safetensors.failures.jsonl"
    failed = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(x["row"], x["code"]) for x in failed] == [
        (1, "RESOURCE_EXHAUSTED"),
        (3, "INVALID_ARGUMENT"),
    ]
    assert encoder.tensors(output)["rows"].tolist() == [0, 2]


def test_an_empty_corpus(server, tmp_path):
    corpus = tmp_path / "corpus.txt"
    corpus.touch()
    output = tmp_path / "states.safetensors"
    encoder.run(
        corpus, output, server.address, f"--model={MODEL}", "--pooling=none"
    )
    tensors = encoder.tensors(output)
    assert tensors["states"].shape == (0, 1, 128)
    assert tensors["offsets"].tolist() == [0]
