# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Does what a page says, as somebody would who reads it from its beginning.

The blocks of a page run one after the other in one folder, which looks like
the root of the tree and has a repository of models; Python's share their names.
A `strata-server` in a block goes on serving when its block has ended, and is
asked by what follows on the page, in place of the server that is there already.
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

from pages import ROOT, Block, blocks
from server_process import ServerProcess

# What the pages call the addresses of a server.
USUAL_ADDRESS = "127.0.0.1:50051"
USUAL_METRICS = "127.0.0.1:9464"

_SECONDS = 300
# Of a server that a page starts: ports are free ones, a drain waits for nobody,
# a look at the repository is soon followed by the next.
_INSTEAD = {
    "--listen": None,
    "--metrics-listen": None,
    "--poll": "200ms",
    "--lame-duck": "0s",
    "--intra-op-threads": "1",
}


class Reader:
    """Reads one page.

    Args:
        folder: Where its blocks run; empty.
        models: The repository whose models the page finds in `models`.
        server: Is asked until the page starts one of its own.
        reports: Where the page's servers keep what loads find out.
        page: Finds falcon-random in `models`, and minilm, which takes longer
            to load, if it names it.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        bin_dir: pathlib.Path,
        models: pathlib.Path,
        server: ServerProcess,
        reports: pathlib.Path,
        page: str = "",
    ) -> None:
        self._folder = folder
        self._bin_dir = bin_dir
        self._server = server
        self._own: ServerProcess | None = None
        self._reports = reports
        self._names: dict[str, object] = {"__name__": "page"}
        _make_tree(folder, bin_dir)
        named = ["falcon-random"]
        if page and any("minilm" in x.code for x in blocks(page)):
            named.append("minilm")
        for name in named:
            _link_files(models / name / "1", folder / "models" / name / "1")
        _link_files(models / "falcon-random" / "1", folder / "checkpoint")

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, error_type: type | None, *_: object) -> None:
        if self._own is not None:
            own, self._own = self._own, None
            own.__exit__(error_type, None, None)

    def run(self, block: Block) -> None:
        """Runs a block; AssertionError unless it does what the page says."""
        if block.language == "python":
            self._run_python(block)
        else:
            self._run_shell(block)

    def _here(self, code: str) -> str:
        """The code with the addresses of the server that is asked."""
        server = self._own or self._server
        code = code.replace(USUAL_ADDRESS, server.address)
        return code.replace(USUAL_METRICS, server.metrics_address)

    def _run_python(self, block: Block) -> None:
        # Lines of a traceback are then those of the page.
        code = "\n" * (block.line - 1) + self._here(block.code)
        program = compile(code, str(ROOT / block.page), "exec")
        printed = io.StringIO()
        with contextlib.chdir(self._folder), contextlib.redirect_stdout(
            printed
        ):
            exec(program, self._names)
        lines = iter(printed.getvalue().splitlines())
        for value in promised(block.code):
            assert value in lines, (
                f"{block}: {value} was not printed, or not then; printed was\n"
                f"{printed.getvalue()}"
            )

    def _run_shell(self, block: Block) -> None:
        text = ""
        for command in commands(block.code):
            if serves(command):
                self._run_commands(block, text)
                text = ""
                self._start(command)
            else:
                text += command
        self._run_commands(block, text)

    def _run_commands(self, block: Block, text: str) -> None:
        if not text.strip():
            return
        done = subprocess.run(
            ["bash", "-e", "-u", "-o", "pipefail", "-c", self._here(text)],
            cwd=self._folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
        )
        assert done.returncode == 0, (
            f"{block}: exit code {done.returncode}\n{text}\n{done.stdout}"
        )

    def _environment(self) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("STRATA_")
        }
        server = self._own or self._server
        return inherited | {
            "PATH": f"{self._folder / 'commands'}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "client" / "python"),
            "STRATA_SERVER": server.address,
            "HOME": str(self._folder),
        }

    def _start(self, command: str) -> None:
        """Starts the server of a command, after the page's last has ended."""
        self.__exit__(None)
        variables, words = _parted(command)
        flags = _flags(words[1:])
        repository = self._folder / flags.pop("--repository")
        flags.setdefault("--report-directory", str(self._reports))
        flags |= {
            name: value
            for name, value in _INSTEAD.items()
            if name in flags or name in ("--lame-duck", "--intra-op-threads")
        }
        with contextlib.chdir(self._folder):
            self._own = ServerProcess(
                self._bin_dir / "strata-server",
                repository,
                [f"{k}={v}" for k, v in flags.items() if v is not None],
                environment=variables,
            )


def promised(code: str) -> list[str]:
    """What the comments behind calls of print say that they print.

    A comment counts if it is a value, as `# (1, 384)`, or several, as
    `# 1, then 2`, and not words.
    """
    found = []
    for comment in re.findall(r"\)\s+# (.+)$", code, re.MULTILINE):
        values = comment.split(", then ")
        with contextlib.suppress(ValueError, SyntaxError):
            for value in values:
                ast.literal_eval(value)
            found += values
    return found


def commands(code: str) -> list[str]:
    """Lines, those that end in a backslash with what they go on in."""
    return re.findall(r"(?:[^\n]*\\\n)*[^\n]*\n", code)


def serves(command: str) -> bool:
    """Whether a command starts a server that goes on serving."""
    return "--help" not in command and bool(
        re.match(r"(?:[A-Z_]+=\S+ )*(?:\S*/)?strata-server ", command)
    )


def _parted(command: str) -> tuple[dict[str, str], list[str]]:
    """A command's variables, and its words."""
    words = shlex.split(command.replace("\\\n", ""), comments=True)
    variables = {}
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        variables[name] = value
    return variables, words


def _flags(words: list[str]) -> dict[str, str]:
    """["--a", "1", "--b=2"] as {"--a": "1", "--b": "2"}."""
    flags = {}
    while words:
        name, equals, value = words.pop(0).partition("=")
        flags[name] = value if equals else words.pop(0)
    return flags


def _make_tree(folder: pathlib.Path, bin_dir: pathlib.Path) -> None:
    """What commands name: the tree's folders, what was built, programs."""
    for name in ("client", "deploy", "proto"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "build" / "release").mkdir(parents=True)
    (folder / "build" / "release" / "bin").symlink_to(bin_dir)
    (folder / "build" / "python-environment").symlink_to(sys.prefix)
    curated = pathlib.Path("build", "curated-transformers-2")
    (folder / curated).symlink_to(ROOT / curated)
    programs = folder / "commands"
    programs.mkdir()
    for name in ("strata", "strata-server"):
        (programs / name).symlink_to(bin_dir / name)
    for name in ("encode", "export"):
        program = programs / f"strata-{name}"
        program.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" -m strata.{name} "$@"\n'
        )
        program.chmod(0o755)


def _link_files(source: pathlib.Path, destination: pathlib.Path) -> None:
    """A folder of links, which can be copied and moved as if it were one."""
    shutil.copytree(
        source, destination, copy_function=lambda a, b: os.symlink(a, b)
    )
