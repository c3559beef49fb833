# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The pages: where they are, and the blocks of code in them."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import subprocess
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent

_FENCED = re.compile(r"^( *)```(\S*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    """As "docs/export.md"."""
    line: int
    """Of the page, on which its first line of code stands."""
    language: str
    """What follows the fence; empty where nothing does."""
    code: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def guides() -> list[str]:
    """The pages whose commands are run: of the root, and of docs/."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
    return sorted(str(path.relative_to(ROOT)) for path in found)


def markdown() -> list[str]:
    """Every page of the tree, also one that is not committed yet."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard",
         "-z", "*.md"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    names = {name for name in listed.split("\0") if name}
    return sorted(name for name in names if (ROOT / name).exists())


def blocks(page: str) -> list[Block]:
    """A page's blocks, in their order."""
    text = (ROOT / page).read_text()
    return [
        Block(
            page,
            text.count("\n", 0, found.start(3)) + 1,
            found[2],
            textwrap.dedent(found[3]),
        )
        for found in _FENCED.finditer(text)
    ]


def block(page: str, language: str, holding: str) -> Block:
    """The page's one block of code in this language that holds a text."""
    [found] = [
        x
        for x in blocks(page)
        if x.language == language and holding in x.code
    ]
    return found


def prose(page: str) -> str:
    """A page without its blocks."""
    return _FENCED.sub("", (ROOT / page).read_text())
