# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The command line against the real server: what it prints, and exit codes."""

import json
import re
import subprocess

import numpy as np
import pytest

TEXTS = ["The cat sat on the mat.", "naïve 東京"]
SEPARATE = ["--", *TEXTS]


@pytest.fixture(scope="module")
def run(bin_dir, server):
    """run(*arguments): the finished process, of which `code` is expected."""

    def call(*arguments, code=0, address=None, stdin=""):
        done = subprocess.run(
            [bin_dir / "strata", "--server", address or server.address]
            + list(arguments),
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        # What went wrong goes to the one, what was asked for to the other.
        assert bool(done.stderr) == (code != 0)
        return done

    return call


def assert_equal(array, expected):
    """The same but for what another batch makes of the last bits."""
    assert array.shape == expected.shape and array.dtype == expected.dtype
    np.testing.assert_allclose(array, expected, rtol=1e-3, atol=1e-5)


def test_encode_prints_a_table(run, client):
    table = run("encode", "--model", "minilm", *SEPARATE).stdout
    answers = client.encode(TEXTS, "minilm")
    assert table.startswith("minilm version 1: 2 texts, ")
    rows = table.splitlines()[4:]
    for row, text, answer in zip(rows, TEXTS, answers, strict=True):
        layers, pieces, width = answer.hidden_states.shape
        assert row.startswith(text)
        assert f" {pieces}  [{layers}, {pieces}, {width}]" in row


def test_encode_prints_json(run, client):
    text = run(
        "encode",
        "--model=minilm",
        "--layers=all",
        "--pieces",
        "--format=json",
        *SEPARATE,
    ).stdout
    reply = json.loads(text)
    expected = client.encode(
        TEXTS, "minilm", layers=range(7), return_pieces=True
    )
    assert (reply["model"], reply["version"]) == ("minilm", 1)
    assert reply["digest"] == expected[0].digest
    for encoding, answer in zip(reply["encodings"], expected, strict=True):
        [output] = encoding["outputs"]
        assert output["tensor"]["dtype"] == "DATA_TYPE_FLOAT32"
        values = np.array(output["tensor"]["values"], "f4")
        assert list(values.shape) == output["tensor"]["shape"]
        assert_equal(values, answer.hidden_states)
        assert [
            (piece["id"], piece["text"], piece["begin"], piece["end"])
            for piece in encoding["pieces"]
        ] == [(x.id, x.text, x.begin, x.end) for x in answer.pieces]
        assert encoding["piece_count"] == answer.piece_count


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_encode_writes_npy(run, client, tmp_path, dtype):
    options = ["--model=falcon-random", "--layers=0,-1", f"--dtype={dtype}"]
    pattern = tmp_path / "states-%d.npy"
    run(
        "encode",
        *options,
        "--format=npy",
        f"--output={pattern}",
        *SEPARATE,
    )
    answers = client.encode(TEXTS, "falcon-random", layers=[0, -1], dtype=dtype)
    for index, answer in enumerate(answers):
        array = np.load(tmp_path / f"states-{index}.npy")
        assert array.shape == answer.hidden_states.shape
        assert array.dtype == answer.hidden_states.dtype
        digits = {"float32": 1e-4, "float16": 2e-3, "bfloat16": 2e-2}[dtype]
        np.testing.assert_allclose(
            array.astype("f8"), answer.hidden_states, digits, digits
        )


def test_encode_pools_and_normalizes(run, client, tmp_path):
    options = {"pooling": "mean", "normalize": True, "dimensions": 64}
    path = tmp_path / "mean.npy"
    run(
        "encode",
        "--model=minilm",
        "--pooling=mean",
        "--normalize",
        "--dimensions=64",
        "--format=npy",
        f"--output={path}",
        TEXTS[0],
    )
    [answer] = client.encode(TEXTS[:1], "minilm", **options)
    array = np.load(path)
    assert_equal(array, answer.hidden_states)
    np.testing.assert_allclose(np.linalg.norm(array, axis=-1), 1, rtol=1e-5)


def test_encode_reads_texts_from_files_and_standard_input(run, tmp_path):
    lines = "".join(text + "\n" for text in TEXTS)
    path = tmp_path / "texts.txt"
    path.write_text(lines, encoding="utf-8")
    options = ["encode", "--model=minilm", "--format=json", "--pooling=first"]
    outputs = [
        json.loads(run(*options, *SEPARATE).stdout),
        json.loads(run(*options, f"--file={path}").stdout),
        json.loads(run(*options, "-", stdin=lines).stdout),
    ]
    counts = [[x["piece_count"] for x in o["encodings"]] for o in outputs]
    assert len(counts[0]) == 2
    assert counts[0] == counts[1] == counts[2]


def test_encode_truncates(run):
    reply = json.loads(
        run(
            "encode",
            "--model=minilm",
            "--truncation=right",
            "--max-pieces=4",
            "--format=json",
            TEXTS[0],
        ).stdout
    )
    [encoding] = reply["encodings"]
    assert encoding["piece_count"] == 4
    assert encoding["truncated_pieces"] == 5


def test_tokenize(run, client):
    expected = client.tokenize(TEXTS, "minilm")
    table = run("tokenize", "--model=minilm", *SEPARATE).stdout
    for text, tokens in zip(TEXTS, expected, strict=True):
        assert f"{text}: {len(tokens.pieces)} pieces" in table
    reply = json.loads(
        run("tokenize", "--model=minilm", "--format=json", *SEPARATE).stdout
    )
    ids = [[x["id"] for x in item["pieces"]] for item in reply["inputs"]]
    assert ids == [tokens.ids for tokens in expected]


def test_models(run, client):
    table = run("models").stdout
    for model in client.models():
        assert model.name in table
    assert table.count("READY") == len(client.models())
    reply = json.loads(run("models", "--format=json").stdout)
    assert [model["name"] for model in reply["models"]] == [
        model.name for model in client.models()
    ]


def test_one_model(run, client):
    model = client.model("minilm-dict")
    text = run("models", "minilm-dict").stdout
    assert "minilm-dict version 1: READY" in text
    assert model.digest in text and re.search("^mask +DICT", text, re.M)
    for check in model.message.trace_report.checks:
        assert check.name in text


def test_health(run):
    assert run("health").stdout == "SERVING\n"
    assert run("health", "minilm").stdout == "SERVING\n"
    reply = json.loads(run("health", "--format=json").stdout)
    assert reply == {"status": "SERVING"}


def test_help_explains_the_exit_codes(run):
    assert "Exit codes: 0 done" in run("--help").stdout


def test_the_server_refuses(run):
    error = run("encode", "--model=nope", "a", code=1).stderr
    assert 'no model "nope"; this server has: ' in error
    error = run("encode", "a", code=1).stderr
    assert "name one of: " in error and "--model" in error
    error = run("health", "nope", code=1).stderr
    assert "NOT_FOUND" in error and "`strata models`" in error
    error = run("encode", "--model=minilm", "--layers=99", "a", code=1).stderr
    assert "got layer 99, expected one from -7 to 6" in error


def test_the_command_line_is_wrong(run, tmp_path):
    assert "--layers" in run("encode", "--layers=x", "a", code=2).stderr
    missing = str(tmp_path / "missing.txt")
    assert missing in run("encode", f"--file={missing}", code=2).stderr
    error = run("encode", "--format=npy", "a", "b", code=2).stderr
    assert "--output" in error


def test_no_server(run):
    # Nothing listens on port 1 of the loopback.
    error = run("--timeout=20", "health", code=3, address="127.0.0.1:1").stderr
    assert "127.0.0.1:1" in error
