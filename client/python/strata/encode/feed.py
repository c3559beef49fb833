# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Which texts are sent when."""

from __future__ import annotations

import collections
import itertools
import threading
from collections.abc import Callable, Iterator

from strata.encode.corpus import Text
from strata.encode.outcome import Failure, Outcome

Work = list[Text]
"""The texts of one request."""

# A text beyond it goes alone: one that no message holds then fails alone.
MAX_BATCH_BYTES = 1 << 20
# Of what Python keeps for a text beside its numbers.
_OVERHEAD = 1024


class Feed:
    """Takes texts from the corpus while there is room, and keeps their order.

    Each text that was taken is waiting to be sent, under way, or has an outcome
    that waits for those before it. How many requests are under way is bounded,
    and so are the bytes of all outcomes that there are or may be: of a text
    that is not answered yet, as many as it may take at most. Where nothing is
    under way one text is always let in. A record without a text is not: where
    it finds no room, and nothing is under way to make any, the stream ends, so
    that outcomes are released before another is taken.

    Texts are taken on one thread, and outcomes given on another.
    """

    def __init__(
        self,
        texts: Iterator[Text],
        *,
        batch_size: int,
        in_flight: int,
        max_bytes: int,
        estimate: Callable[[Text], int],
    ) -> None:
        """`estimate` says how many bytes an outcome takes at most.

        The text's own, and its id's, are counted beside them.
        """
        self._texts = texts
        self._batch_size = batch_size
        self._in_flight = in_flight
        self._max_bytes = max_bytes
        self._estimate = estimate
        self._changed = threading.Condition()
        self._stream = 0
        # Read ahead, to know whether there is room for it.
        self._ahead: Text | None = None
        self._exhausted = False
        self._again: collections.deque[Work] = collections.deque()
        # By the number that its request has in the stream.
        self._under_way: dict[int, Work] = {}
        # Bytes of each row that is not released, in their order.
        self._held: dict[int, int] = {}
        self._held_bytes = 0
        self._outcomes: dict[int, Outcome] = {}

    @property
    def finished(self) -> bool:
        """Whether the outcomes of all texts are released."""
        with self._changed:
            return self._exhausted and not self._held

    def stream(self) -> Iterator[Work]:
        """What to send over a new stream, as there is room."""
        with self._changed:
            return self._works(self._stream)

    def back(self) -> list[Work]:
        """Ends the stream; returns what was under way on it."""
        with self._changed:
            self._stream += 1
            self._changed.notify_all()
            works = list(self._under_way.values())
            self._under_way.clear()
            return works

    def answered(self, number: int) -> Work:
        """The texts of a request; each needs an outcome, or `again`."""
        with self._changed:
            work = self._under_way.pop(number)
            self._changed.notify_all()
            return work

    def again(self, work: Work) -> None:
        """To be sent once more, before what was not sent yet."""
        with self._changed:
            self._again.append(work)
            self._changed.notify_all()

    def settle(self, row: int, outcome: Outcome) -> None:
        """A text has its outcome."""
        with self._changed:
            self._settle(row, outcome)
            self._changed.notify_all()

    def release(self) -> Iterator[Outcome]:
        """The outcomes that wait for none before them, in order."""
        while True:
            with self._changed:
                row = next(iter(self._held), None)
                if row is None or row not in self._outcomes:
                    return
                outcome = self._outcomes.pop(row)
                self._held_bytes -= self._held.pop(row)
                self._changed.notify_all()
            yield outcome

    def _settle(self, row: int, outcome: Outcome) -> None:
        self._outcomes[row] = outcome
        self._held_bytes += _OVERHEAD + outcome.nbytes - self._held[row]
        self._held[row] = _OVERHEAD + outcome.nbytes

    def _works(self, stream: int) -> Iterator[Work]:
        for number in itertools.count():
            with self._changed:
                work = self._wait_for_work(stream)
                if not work:
                    return
                self._under_way[number] = work
            yield work

    def _wait_for_work(self, stream: int) -> Work:
        """Empty: there is no more, or not in this stream."""
        while stream == self._stream:
            if len(self._under_way) < self._in_flight:
                if self._again:
                    return self._again.popleft()
                work = self._take()
                if work:
                    return work
            if len(self._outcomes) == len(self._held):
                break  # Else one may still come back.
            self._changed.wait()
        return []

    def _take(self) -> Work:
        """Texts that there is room for."""
        work: Work = []
        size = 0
        while len(work) < self._batch_size:
            text = self._look_ahead()
            if text is None:
                break
            size += text.nbytes
            estimate = _OVERHEAD + text.nbytes + len(text.id.encode())
            estimate += self._estimate(text)
            full = self._held_bytes + estimate > self._max_bytes
            busy = work or self._under_way or (text.problem and self._held)
            if (busy and full) or (work and size > MAX_BATCH_BYTES):
                break
            self._ahead = None
            self._held[text.row] = estimate
            self._held_bytes += estimate
            if text.problem:
                self._settle(text.row, Failure.of_problem(text))
            else:
                work.append(text)
        return work

    def _look_ahead(self) -> Text | None:
        if self._ahead is None and not self._exhausted:
            self._ahead = next(self._texts, None)
            self._exhausted = self._ahead is None
        return self._ahead
