# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What shells offer with the scripts of `strata completion`."""

import shutil
import subprocess

import pytest

COMMANDS = {"encode", "tokenize", "models", "health", "top", "completion"}
POOLING = {"none", "mean", "first", "last", "max"}

# Sets up what bash sets up for a completion of "strata ARGUMENTS".
BASH = """
source "$0"
complete -p strata >/dev/null || exit 1
COMP_WORDS=(strata "$@") COMP_CWORD=$#
_strata
printf '%s\\n' "${COMPREPLY[@]}"
"""
# The functions that offer something, so that they print it.
ZSH = """
compdef() { [[ "$*" == "_strata strata" ]] || exit 1 }
compadd() { [[ $1 == -- ]] && shift; print -rl -- "$@" }
_files() { print -rl -- *(N) }
_describe() { print -rl -- "${(@P)${@[-1]}%%:*}" }
compset() { PREFIX=${PREFIX#*=} }
source "$0"
words=(strata "$@") CURRENT=$(($# + 1)) PREFIX=$@[-1]
_strata
exit 0
"""
FISH = 'source $argv[1]; complete -C "strata $argv[2..]"'


@pytest.fixture(scope="module", params=["bash", "zsh", "fish"])
def shell(request):
    if shutil.which(request.param) is None:
        pytest.skip(f"no {request.param} on this machine")
    return request.param


@pytest.fixture(scope="module")
def script(shell, bin_dir, tmp_path_factory):
    done = subprocess.run(
        [bin_dir / "strata", "completion", shell],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    path = tmp_path_factory.mktemp("completion") / f"strata.{shell}"
    path.write_text(done.stdout)
    return path


@pytest.fixture
def offered(shell, script, tmp_path):
    """offered(*words): what the shell offers for the last of the words."""

    def call(*words):
        command = {
            "bash": ["bash", "--norc", "-c", BASH, script, *words],
            "zsh": ["zsh", "-f", "-c", ZSH, script, *words],
            "fish": ["fish", "--no-config", "-c", FISH, script, *words],
        }[shell]
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, cwd=tmp_path
        )
        assert done.stderr == ""
        # fish puts the help after a tabulator.
        lines = {line.split("\t")[0] for line in done.stdout.splitlines()}
        if shell == "zsh":  # Its own completion chooses among them.
            lines = {line for line in lines if line.startswith(words[-1])}
        return lines - {""}

    return call


def test_commands(offered):
    assert offered("") == COMMANDS
    assert offered("--server", "localhost:1", "he") == {"health"}
    assert offered("to") == {"tokenize", "top"}


def test_options_of_all_commands(offered):
    assert {"--server", "--format", "--color", "--help"} <= offered("--")
    assert offered("--for") == {"--format"}


def test_options_of_a_command(offered):
    assert offered("encode", "--keep") == {"--keep-going"}
    assert offered("encode", "text", "--keep") == {"--keep-going"}
    assert {"--server", "--pooling", "--output"} <= offered("encode", "--")
    assert offered("models", "--keep") == set()
    # The name of a command that is an option's value is none.
    assert offered("--server", "top", "encode", "--keep") == {"--keep-going"}


def test_choices(offered):
    assert offered("--format", "") == {"table", "json", "jsonl", "npy"}
    assert offered("encode", "--format", "js") == {"json", "jsonl"}
    assert offered("encode", "--pooling", "") == POOLING
    assert offered("completion", "") >= {"bash", "zsh", "fish"}


def test_choices_after_an_equals_sign(offered, shell):
    if shell == "bash":  # It takes the word apart.
        assert offered("encode", "--pooling", "=", "m") == {"mean", "max"}
        assert offered("encode", "--pooling", "=") == POOLING
    elif shell == "fish":
        assert offered("encode", "--pooling=m") == {
            "--pooling=mean",
            "--pooling=max",
        }


def test_files(offered, tmp_path):
    for name in ("texts.txt", "other file.txt"):
        (tmp_path / name).touch()
    assert "texts.txt" in offered("encode", "--file", "te")
    assert "texts.txt" in offered("encode", "--output", "")
    assert "texts.txt" in offered("models", "--tls-ca", "te")


def test_nothing_is_known_of_other_values(offered):
    assert offered("encode", "--model", "") == set()
    assert offered("encode", "--layers", "") == set()
