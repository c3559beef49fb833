# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""deploy/tidy.py with a puppet in clang-tidy's place, which dislikes BAD."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TIDY = Path(__file__).resolve().parents[2] / "deploy" / "tidy.py"

PUPPET = """#!/bin/sh
if [ "$1" = --version ]; then echo 'puppet 1'; exit; fi
for last; do :; done
if grep -n BAD "$last" tree/part.h; then exit 1; fi
"""


class Tree:
    """Two sources, one of which includes a header, in a folder of their own."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.write("bin/clang-tidy-19", PUPPET)
        (folder / "bin/clang-tidy-19").chmod(0o755)
        self.write("tree/part.h", "int Part();\n")
        self.write("tree/one.cc", '#include "tree/part.h"\n')
        self.write("tree/two.cc", "int two = 2;\n")
        self.compile("-O0")

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def compile(self, flag: str) -> None:
        """Writes the compilation database, with a flag for both sources."""
        entries = [
            {
                "directory": str(self.folder),
                "command": f"c++ -I. {flag} -o {name}.o -c {self.folder}/tree/{name}",
                "file": f"{self.folder}/tree/{name}",
            }
            for name in ("one.cc", "two.cc")
        ]
        self.write("build/lint/compile_commands.json", json.dumps(entries))

    def tidy(self, *sources: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, TIDY, *(sources or ("tree/one.cc", "tree/two.cc"))],
            cwd=self.folder,
            env={"PATH": f"{self.folder}/bin:/usr/bin:/bin"},
            capture_output=True,
            text=True,
        )

    def checked(self) -> set[str]:
        """The sources that a run checks; it must end clean."""
        run = self.tidy()
        assert run.returncode == 0, run.stdout + run.stderr
        return {
            line.split()[1].removesuffix(":")
            for line in run.stdout.splitlines()
            if line.startswith("[")
        }


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_a_finding_is_told_and_fails(tree: Tree) -> None:
    tree.write("tree/two.cc", "int BAD = 2;\n")
    for _ in range(2):  # Until it is mended.
        run = tree.tidy()
        assert run.returncode == 1
        assert "tree/two.cc: NOT CLEAN\ntree/two.cc:1:int BAD = 2;\n" in run.stdout
    tree.write("tree/two.cc", "int good = 2;\n")
    assert tree.checked() == {"tree/two.cc"}


def test_what_was_clean_is_checked_once(tree: Tree) -> None:
    assert tree.checked() == {"tree/one.cc", "tree/two.cc"}
    assert tree.checked() == set()
    assert "2 unchanged since they were clean" in tree.tidy().stdout


def test_a_changed_header_is_checked_where_it_is_included(tree: Tree) -> None:
    tree.checked()
    tree.write("tree/part.h", "int Part(int);\n")
    assert tree.checked() == {"tree/one.cc"}


@pytest.mark.parametrize(
    "name",
    [".clang-tidy", "tree/.clang-tidy", "build/dependencies.cmake", "proto/a.proto"],
)
def test_what_all_depend_on_has_all_checked(tree: Tree, name: str) -> None:
    tree.checked()
    tree.write(name, "# new\n")
    assert tree.checked() == {"tree/one.cc", "tree/two.cc"}


def test_another_command_or_version_has_all_checked(tree: Tree) -> None:
    tree.checked()
    tree.compile("-O1")
    assert tree.checked() == {"tree/one.cc", "tree/two.cc"}
    tree.write("bin/clang-tidy-19", PUPPET.replace("puppet 1", "puppet 2"))
    assert tree.checked() == {"tree/one.cc", "tree/two.cc"}


def test_what_does_not_preprocess_fails(tree: Tree) -> None:
    tree.write("tree/one.cc", '#include "tree/nowhere.h"\n')
    run = tree.tidy()
    assert run.returncode == 1
    assert "tree/nowhere.h: No such file" in run.stdout


def test_a_source_of_no_target_fails(tree: Tree) -> None:
    run = tree.tidy("tree/one.cc", "tree/stray.cc")
    assert run.returncode == 1
    assert run.stderr == "strata: tree/stray.cc is in no target of build/lint\n"
