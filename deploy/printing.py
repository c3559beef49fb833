# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""How the demo prints: headings, lines and tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

# Of a heading; no line is longer.
WIDTH = 100


def heading(text: str) -> None:
    print(f"\n── {text} {'─' * (WIDTH - len(text) - 4)}\n", flush=True)


def say(text: str = "") -> None:
    print(f"  {text}" if text else "", flush=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Prints a table; '>' before a heading aligns its column to the right."""
    names = [name.lstrip(">") for name in columns]
    cells = [names, *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for index, row in enumerate(cells):
        parts = [
            cell.rjust(width) if name.startswith(">") else cell.ljust(width)
            for cell, width, name in zip(row, widths, columns, strict=True)
        ]
        say("  ".join(parts).rstrip())
        if index == 0:
            say("─" * (sum(widths) + 2 * len(widths) - 2))


def milliseconds(seconds: float) -> str:
    value = seconds * 1e3
    return f"{value:.2f} ms" if value < 10 else f"{value:.0f} ms"


def shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"
