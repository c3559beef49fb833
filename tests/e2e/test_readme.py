# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What the README says is so."""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

import encoder
import pytest

from strata.encode.errors import ExitCode

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
README = (ROOT / "README.md").read_text()


def block(language: str, holding: str) -> str:
    """The README's one block of code in this language that holds a text."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    [found] = [code for code in blocks if holding in code]
    return found


def test_the_options_are_those_of_help(bin_dir):
    text = subprocess.run(
        [bin_dir / "strata-server", "--help"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    helped = {
        flag: default or ""
        for flag, default in re.findall(
            r"^ +(--[a-z-]+) [A-Z]\S*(?: \[(.*?)\])?", text, re.MULTILINE
        )
    }
    told = dict(
        re.findall(r"^\| `(--[a-z-]+) \S+` \| (.*?) \|", README, re.MULTILINE)
    )
    told = {flag: value.strip("`") for flag, value in told.items()}
    assert told.pop("--repository") == "required"
    helped.pop("--repository")
    assert told == helped


def test_the_make_targets_are_those_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    rows = "".join(re.findall(r"^\| `make .*? \|", README, re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)`", rows)) == targets - {"help"}


def test_the_call_from_python(server):
    code = block("python", "import strata")
    code = code.replace("127.0.0.1:50051", server.address)
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env=dict(os.environ, PYTHONPATH=str(ROOT / "client" / "python")),
    )
    assert done.stdout.splitlines() == ["(2, 5, 384)", "(2, 6, 384)"]


def test_the_command_for_a_corpus(server, tmp_path):
    (tmp_path / "corpus.txt").write_text("Hello world!\nThis is a test\n")
    _, python, *arguments = shlex.split(
        block("sh", "-m strata.encode").replace("\\\n", "")
    )
    assert python == "build/python-environment/bin/python"
    package = str(ROOT / "client" / "python")
    subprocess.run(
        [sys.executable, *arguments],
        check=True,
        cwd=tmp_path,
        env=dict(
            os.environ, PYTHONPATH=package, STRATA_SERVER=server.address
        ),
    )
    assert encoder.tensors(tmp_path / "states.safetensors")[
        "states"
    ].shape == (2, 1, 384)


def test_the_readme_of_the_python_package(server):
    text = (ROOT / "client" / "python" / "README.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    code = "".join(blocks).replace("127.0.0.1:50051", server.address)
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env=dict(os.environ, PYTHONPATH=str(ROOT / "client" / "python")),
    )
    first, second, dtype, gathered, *streamed = done.stdout.splitlines()
    assert [first, second] == ["(1, 5, 384)", "(1, 6, 384)"]
    assert (dtype, gathered) == ("torch.bfloat16", "2")
    assert sorted(streamed) == [f"{i} (1, 384)" for i in range(3)]


def test_the_exit_codes_of_strata_encode_are_documented():
    text = (ROOT / "docs" / "encode.md").read_text()
    table = text[text.index("## Exit codes") :]
    told = [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.M)]
    assert told == list(ExitCode)


def test_the_exit_codes_of_strata_are_those_of_help(bin_dir):
    table = README[README.index("| exit code | of `strata` |") :]
    rows = table[: table.index("\n\n")]
    told = [int(code) for code in re.findall(r"^\| (\d+) \|", rows, re.M)]
    text = subprocess.run(
        [bin_dir / "strata", "--help"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    # "0 done (...); 1 the server ...": words begin with each.
    helped = re.sub(r"\s+", " ", text[text.index("Exit codes: ") :])
    assert told == [int(x) for x in re.findall(r"(?::|;) (\d+) ", helped)]


def test_the_pipe_of_the_command_line(server, bin_dir, tmp_path):
    """Its three commands, with a file in place of the log that grows."""
    (tmp_path / "texts.txt").write_text("Hello world!\nThis is a test\n")
    code = block("sh", "tail -f log").replace("tail -f log", "cat texts.txt")
    subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", code],
        check=True,
        cwd=tmp_path,
        env=dict(
            os.environ,
            PATH=f"{bin_dir}:{os.environ['PATH']}",
            STRATA_SERVER=server.address,
        ),
    )
    assert {path.name for path in (tmp_path / "states").iterdir()} == {
        "0.npy",
        "1.npy",
    }
    lines = (tmp_path / "states.jsonl").read_text().splitlines()
    assert [json.loads(line)["index"] for line in lines] == [0, 1]


@pytest.mark.parametrize(
    ("page", "shape"),
    [("README.md", (1, 5, 384)), ("docs/open-inference-protocol.md", (2, 384))],
)
def test_the_calls_of_tritons_client(server, page, shape):
    text = (ROOT / page).read_text()
    [code] = re.findall(r"```python\n(import numpy.*?)```", text, re.DOTALL)
    code = code.replace("127.0.0.1:50051", server.address)
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == str(shape)


@pytest.mark.parametrize("command", ["models", "encode"])
def test_the_calls_from_the_command_line(server, bin_dir, command):
    [line] = [
        line
        for line in block("sh", "strata models").splitlines()
        if line.startswith(f"build/release/bin/strata {command}")
    ]
    done = subprocess.run(
        [bin_dir / "strata", *shlex.split(line)[1:]],
        check=True,
        capture_output=True,
        text=True,
        env=dict(os.environ, STRATA_SERVER=server.address),
    )
    assert "minilm" in done.stdout
