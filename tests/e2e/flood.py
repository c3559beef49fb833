# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Asks a server as fast as it can, until its standard input ends.

    python flood.py HOST:PORT THREADS [TOKEN]

Prints how its calls ended, as JSON: calls by code, reasons of those that were
RESOURCE_EXHAUSTED, and the least and most that they said to retry after.
"""

from __future__ import annotations

import collections
import json
import random
import sys
import threading

import strata

_TEXT = "A flood of words. "


class Tally:
    """What became of the calls of all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.codes: collections.Counter[str] = collections.Counter()
        self.reasons: collections.Counter[str] = collections.Counter()
        self.retries: list[float | None] = []

    def add(self, error: strata.StrataError | None) -> None:
        with self._lock:
            self.codes[error.code.name if error else "OK"] += 1
            if error and error.code.name == "RESOURCE_EXHAUSTED":
                self.reasons[error.reason] += 1
                self.retries.append(error.retry_after)


def ask(client: strata.Client, dice: random.Random) -> None:
    """One call of any kind, small or large."""
    ids = [dice.randrange(20, 200) for _ in range(dice.randint(1, 512))]
    kind = dice.randrange(4)
    if kind == 0:
        client.tokenize([_TEXT * dice.randint(1, 500)])
    elif kind == 1:
        client.encode([_TEXT * dice.randint(1, 30)], pooling="mean")
    else:
        client.encode([ids] * dice.randint(1, 4), in_parts=kind == 3)


def keep_asking(
    address: str,
    token: str | None,
    seed: int,
    tally: Tally,
    stop: threading.Event,
) -> None:
    dice = random.Random(seed)
    with strata.Client(address, timeout=120, token=token, retries=0) as client:
        while not stop.is_set():
            try:
                ask(client, dice)
                tally.add(None)
            except strata.StrataError as error:
                tally.add(error)


def main() -> None:
    address, threads = sys.argv[1], int(sys.argv[2])
    token = sys.argv[3] if len(sys.argv) > 3 else None
    tally, stop = Tally(), threading.Event()
    asking = [
        threading.Thread(
            target=keep_asking, args=(address, token, i, tally, stop)
        )
        for i in range(threads)
    ]
    for thread in asking:
        thread.start()
    sys.stdin.read()
    stop.set()
    for thread in asking:
        thread.join()
    known = [retry for retry in tally.retries if retry is not None]
    print(
        json.dumps(
            {
                "codes": tally.codes,
                "reasons": tally.reasons,
                "without_retry": len(tally.retries) - len(known),
                "least_retry": min(known, default=None),
                "most_retry": max(known, default=None),
            }
        )
    )


if __name__ == "__main__":
    main()
