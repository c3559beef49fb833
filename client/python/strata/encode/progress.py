# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Telling how far a run is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TextIO

from strata.encode.outcome import Failure, Outcome
from strata.encode.packages import package

_SECONDS = 10.0


class Progress:
    """A bar on a terminal; elsewhere a line, at most every ten seconds."""

    def __init__(
        self,
        stream: TextIO,
        *,
        done: int,
        total: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`done` of `total` texts were before this run."""
        self._stream = stream
        self._clock = clock
        self._began = self._said = clock()
        self._before = self._done = done
        self._total = total
        self._failed = 0
        self._bar: Any = None
        if stream.isatty():
            self._bar = package("tqdm").tqdm(
                initial=done,
                total=total,
                unit=" texts",
                file=stream,
                dynamic_ncols=True,
            )

    def add(self, outcome: Outcome) -> None:
        """A text is done."""
        self._done += 1
        failed = isinstance(outcome, Failure)
        self._failed += failed
        if self._bar is not None:
            if failed:
                self._bar.set_postfix(failed=self._failed, refresh=False)
            self._bar.update()
        elif self._clock() - self._said >= _SECONDS:
            self._said = self._clock()
            print(f"strata-encode: {self}", file=self._stream, flush=True)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def __str__(self) -> str:
        rate = (self._done - self._before) / (self._clock() - self._began)
        failed = f", {self._failed} failed" if self._failed else ""
        return f"{self._done} of {self._total} texts, {rate:.1f}/s{failed}"
