# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What an export shows while it goes on, on a terminal and off it."""

import io

import pytest
from strata.export.progress import Console


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(stream: io.StringIO) -> str:
    """Three steps of 1 s each by their clock."""
    seconds = iter(range(100))
    clock = lambda: float(next(seconds))  # noqa: E731
    with Console("x", stream, total=3, clock=clock) as console:
        console.step("loading", draws=True)
        console.step("tracing")
        console.note("warning: odd")
        console.step("comparing")
        console.advance(1, 2)
    return stream.getvalue()


def test_lines_off_a_terminal():
    assert run(io.StringIO()).splitlines() == [
        "x: [1/3] loading",
        "x: loading: 1.0 s",
        "x: [2/3] tracing",
        "x: warning: odd",
        "x: tracing: 1.0 s",
        "x: [3/3] comparing",
        "x: comparing: 1.0 s",
    ]


def test_a_bar_on_a_terminal():
    shown = run(Terminal())
    bars = [x for x in shown.replace("\r\x1b[K", "\n").splitlines() if "#" in x]
    assert bars == [
        "[########----------------] 2/3 tracing",
        "[################--------] 3/3 comparing",
        "[####################----] 3/3 comparing",
    ]
    # Each is erased before anything else is written.
    assert shown.count("\r\x1b[K") == 3
    assert shown.endswith("\r\x1b[Kx: comparing: 1.0 s\n")
    # Where others draw, there is a line and no bar.
    assert shown.startswith("x: [1/3] loading\nx: loading: 1.0 s\n")


def test_a_step_that_fails_has_no_time():
    stream = Terminal()
    with pytest.raises(ValueError):
        with Console("x", stream, total=1) as console:
            console.step("tracing")
            raise ValueError
    assert stream.getvalue() == "[" + "-" * 24 + "] 1/1 tracing\r\x1b[K"
