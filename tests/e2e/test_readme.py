# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What README.md, CONTRIBUTING.md and docs/ say in tables is so.

Their commands are run by tests/docs; here are those that it cannot run as they
are, and those of which more is to be seen than that they end well.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

from strata.encode.errors import ExitCode

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
FLAGS = (ROOT / "docs" / "flags.md").read_text()
COMMAND_LINE = (ROOT / "docs" / "command-line.md").read_text()


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
        re.findall(r"^\| `(--[a-z-]+) \S+` \| (.*?) \|", FLAGS, re.MULTILINE)
    )
    told = {flag: value.strip("`") for flag, value in told.items()}
    assert told.pop("--repository") == "required"
    helped.pop("--repository")
    assert told == helped


def test_the_make_targets_are_those_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    rows = "".join(re.findall(r"^\| `make .*? \|", CONTRIBUTING, re.M))
    assert set(re.findall(r"`make ([a-z-]+)`", rows)) == targets - {"help"}


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
    table = COMMAND_LINE[COMMAND_LINE.index("| exit code | of `strata` |") :]
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
    blocks = re.findall(r"```sh\n(.*?)```", COMMAND_LINE, re.DOTALL)
    [code] = [code for code in blocks if "tail -f log" in code]
    code = code.replace("tail -f log", "cat texts.txt")
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
