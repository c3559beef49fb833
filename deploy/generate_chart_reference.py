#!/usr/bin/env python3
# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the table of values in the chart's README, from values.yaml.

    deploy/generate_chart_reference.py

A row for each value that has a comment right above it: its comment, and its
default. What has none above it, but below it, is a group.
"""

import json
import pathlib
import re
import sys

import yaml

CHART = pathlib.Path(__file__).resolve().parent / "kubernetes" / "strata"
HEADING = "## Values\n"


def values(text: str) -> dict[str, str]:
    """The comment on each value, by its path with dots."""
    found: dict[str, str] = {}
    above: list[str] = []
    path: list[str] = []
    for line in text.splitlines():
        comment = re.fullmatch(r" *# ?(.*)", line)
        key = re.match(r"( *)([A-Za-z-]+):", line)
        if comment:
            above.append(comment[1].strip())
            continue
        if key:
            path[len(key[1]) // 2 :] = [key[2]]
            if above:
                found[".".join(path)] = " ".join(above)
        above = []
    return found


def default_of(path: str, of: dict) -> object:
    for key in path.split("."):
        of = of[key]
    return of


def table(text: str) -> str:
    """The README's table, of the text of values.yaml."""
    defaults = yaml.safe_load(text)
    lines = ["| value | default | what it sets |", "|---|---|---|"]
    for path, comment in values(text).items():
        default = default_of(path, defaults)
        shown = default if isinstance(default, str) else json.dumps(default)
        cell = f"`{shown}`" if shown else ""
        lines.append(f"| `{path}` | {cell} | {comment} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    readme = CHART / "README.md"
    before = readme.read_text().partition(HEADING)[0]
    made = table((CHART / "values.yaml").read_text())
    readme.write_text(f"{before}{HEADING}\n{made}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
