# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What became of the soak's requests, and the verdict."""

from __future__ import annotations

import collections
import dataclasses
import threading
from collections.abc import Callable, Iterable

import strata

# Memory is judged from here on: caches and arenas fill up before.
SETTLED_SECONDS = 300
# Below it there are too few looks on either side.
JUDGED_SECONDS = 600
MOST_GROWTH = 0.02
_KEPT = 20


class Tally:
    """Counts how requests end. Thread-safe."""

    def __init__(self, say: Callable[[str], None] = lambda text: None) -> None:
        """`say` is told at once of what is wrong, the first times."""
        self._say = say
        self._lock = threading.Lock()
        self.requests = 0
        self.answered = 0
        self.refused: collections.Counter[str] = collections.Counter()
        self.wrong: list[str] = []
        self.lost: list[str] = []
        self.events: collections.Counter[str] = collections.Counter()

    def answer(self, mistake: str | None) -> None:
        """A request was answered; `mistake` says what is wrong with it."""
        with self._lock:
            self.requests += 1
            if mistake is None:
                self.answered += 1
            else:
                self._add(self.wrong, f"wrong: {mistake}")

    def failure(
        self, error: strata.StrataError, allowed: Iterable[str], what: str
    ) -> None:
        """A request failed.

        Args:
            allowed: Codes that it may fail with, by their names.
            what: The request, for the report of one that was lost.
        """
        with self._lock:
            self.requests += 1
            if error.code.name in allowed:
                self.refused[error.code.name] += 1
            else:
                self._add(self.lost, f"lost: {what}: {error}")

    def lose(self, what: str) -> None:
        """Something else went wrong that a caller would notice."""
        with self._lock:
            self._add(self.lost, f"lost: {what}")

    def expect(self, event: str) -> None:
        """Something is to be done at least once."""
        with self._lock:
            self.events[event] += 0

    def missing(self) -> list[str]:
        """What was to be done, and was not yet."""
        with self._lock:
            return [event for event, n in self.events.items() if not n]

    def count(self, event: str) -> None:
        """Something was done to the server or a client."""
        with self._lock:
            self.events[event] += 1

    def _add(self, texts: list[str], text: str) -> None:
        texts.append(text)
        if len(texts) <= _KEPT:
            self._say(text)

    def line(self) -> str:
        """Where it stands, for a line of progress."""
        with self._lock:
            return (
                f"{self.requests} requests, {self.answered} answers, "
                f"{len(self.wrong)} wrong, {len(self.lost)} lost, "
                f"{sum(self.refused.values())} refused"
            )


@dataclasses.dataclass(frozen=True)
class Look:
    """What the watched server held at a moment at which nothing was asked."""

    seconds: float
    memory: float
    """MiB, without pages of files."""
    descriptors: int


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the table. `passed` is None where nothing is judged."""

    name: str
    value: str
    passed: bool | None = None


def growth(looks: list[Look]) -> tuple[float, float, float] | None:
    """Memory after five minutes, at the end, and the growth between.

    What the allocator has not given back yet comes and goes by a multiple of
    what a leak would be, and a leak never goes: each is the least of a third of
    the looks since then, the first third and the last. None where the run was
    too short.
    """
    settled = [look for look in looks if look.seconds >= SETTLED_SECONDS]
    third = len(settled) // 3
    if third < 2 or settled[-1].seconds < JUDGED_SECONDS:
        return None
    begin = min(look.memory for look in settled[:third])
    end = min(look.memory for look in settled[-third:])
    return begin, end, end / begin - 1


def table(tally: Tally, looks: list[Look], defects: list[str]) -> list[Row]:
    """The table that the soak ends with.

    Args:
        looks: At least two, the first before anything was asked.
        defects: What the server's own log and metrics say against it.
    """
    first, last = looks[0], looks[-1]
    rows = [
        Row("requests", f"{tally.requests}", tally.requests > 0),
        Row("answers, each checked", f"{tally.answered}", tally.answered > 0),
        Row("wrong answers", f"{len(tally.wrong)}", not tally.wrong),
        Row("lost", f"{len(tally.lost)}", not tally.lost),
    ]
    for code, count in sorted(tally.refused.items()):
        rows.append(Row(f"refused rightly, {code}", f"{count}"))
    rows += [Row(x, f"{n}", n > 0) for x, n in sorted(tally.events.items())]
    rows.append(Row("memory at the start", f"{first.memory:.1f} MiB"))
    found = growth(looks)
    if found is None:
        rows.append(Row("memory at the end", f"{last.memory:.1f} MiB"))
        rows.append(
            Row("growth of memory", f"judged from {JUDGED_SECONDS} s on")
        )
    else:
        begin, end, share = found
        rows += [
            Row("memory after 5 minutes, at its lowest", f"{begin:.1f} MiB"),
            Row("memory at the end, at its lowest", f"{end:.1f} MiB"),
            Row(
                "growth of memory",
                f"{share:+.2%} of at most {MOST_GROWTH:.0%}",
                share <= MOST_GROWTH,
            ),
        ]
    rows += [
        Row("descriptors at the start", f"{first.descriptors}"),
        Row(
            "descriptors at the end",
            f"{last.descriptors}",
            last.descriptors <= first.descriptors,
        ),
        Row("defects that the server tells of", f"{len(defects)}", not defects),
    ]
    return rows


def show(
    rows: list[Row],
    defects: list[str],
    say: Callable[[str], None] = print,
) -> bool:
    """Prints the table and the defects; returns whether all passed."""
    for text in defects[:_KEPT]:
        say(f"defect: {text}")
    width = max(len(row.name) for row in rows)
    marks = {True: "  ok", False: "  FAILED", None: ""}
    say("")
    for row in rows:
        say(f"{row.name:<{width}}  {row.value}{marks[row.passed]}")
    return all(row.passed is not False for row in rows)
