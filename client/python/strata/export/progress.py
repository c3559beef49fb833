# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Telling how far an export is."""

import time
from typing import Callable, Optional, TextIO

_BAR = 24


class Progress:
    """What an export calls; this one tells nobody."""

    def step(self, line: str, *, draws: bool = False) -> None:
        """A step begins, and the one before it is done.

        `draws` says that others draw on the terminal meanwhile, as
        huggingface_hub does for its downloads.
        """

    def note(self, line: str) -> None:
        """Something to know that is no step."""

    def advance(self, done: int, total: int) -> None:
        """How much of the current step is done."""


class Lines(Progress):
    """Calls a function with each line."""

    def __init__(self, say: Callable[[str], None]):
        self.step = lambda line, draws=False: say(line)
        self.note = say


class Console(Progress):
    """Writes steps and their times; on a terminal, with a bar.

    with Console("strata-export", sys.stderr, total=5) as console:
        console.step("tracing")
    """

    def __init__(
        self,
        name: str,
        stream: TextIO,
        *,
        total: int,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.name = name
        self.stream = stream
        self.total = total
        self.clock = clock
        self.bars = stream.isatty()
        self._steps = 0
        self._line: Optional[str] = None  # Of the step that is under way.
        self._began = 0.0
        self._drawn = False  # Whether the cursor stands behind a bar.

    def __enter__(self) -> "Console":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._finish()
        self._clear()

    def step(self, line: str, *, draws: bool = False) -> None:
        self._finish()
        self._steps += 1
        self._line, self._began = line, self.clock()
        if self.bars and not draws:
            self.advance(0, 1)
        else:
            self._say(f"[{self._steps}/{self.total}] {line}")

    def note(self, line: str) -> None:
        self._clear()
        self._say(line)

    def advance(self, done: int, total: int) -> None:
        if not self.bars:
            return
        filled = _BAR * (self._steps - 1 + done / total) / self.total
        bar = "#" * int(filled)
        self._clear()
        self.stream.write(
            f"[{bar:-<{_BAR}}] {self._steps}/{self.total} {self._line}"
        )
        self.stream.flush()
        self._drawn = True

    def _finish(self) -> None:
        if self._line is None:
            return
        self._clear()
        self._say(f"{self._line}: {self.clock() - self._began:.1f} s")
        self._line = None

    def _say(self, line: str) -> None:
        print(f"{self.name}: {line}", file=self.stream, flush=True)

    def _clear(self) -> None:
        if self._drawn:
            # Back to the line's beginning, and erase it.
            self.stream.write("\r\x1b[K")
            self.stream.flush()
            self._drawn = False
