# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Lets all threads of the soak rest at once, and end."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator


class Gate:
    """What threads that work in rounds pass before each round.

    A thread is within a round, or waits here; while the gate is closed, none is
    within a round. An exception in a round ends the soak.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open = True
        self._ended = False
        self._working = 0
        self._threads: list[threading.Thread] = []
        self.failure: BaseException | None = None
        """What the first round that broke off has raised."""

    def start(
        self,
        work: Callable[[], None],
        dice: random.Random,
        pause: float = 0.0,
    ) -> None:
        """Does `work` in rounds, on a thread of its own.

        Args:
            pause: Seconds between two rounds, on average.
        """
        thread = threading.Thread(
            target=self._keep_working, args=(work, dice, pause), daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def sleep(self, seconds: float) -> None:
        """Returns early when the soak ends, or rests."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._ended or not self._open, seconds
            )

    @contextlib.contextmanager
    def rest(self) -> Iterator[None]:
        """No round runs within the block."""
        with self._changed:
            self._open = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._working)
        yield
        with self._changed:
            self._open = True
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Waits so long, or until a round breaks off."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended, seconds)

    def end(self) -> None:
        """Lets the rounds that run finish, and waits for them."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _keep_working(
        self, work: Callable[[], None], dice: random.Random, pause: float
    ) -> None:
        while self._enter(dice.uniform(0, 2 * pause)):
            try:
                work()
            except BaseException as error:  # noqa: BLE001: told by the soak.
                with self._changed:
                    self.failure = self.failure or error
                    self._ended = True
            finally:
                with self._changed:
                    self._working -= 1
                    self._changed.notify_all()

    def _enter(self, pause: float) -> bool:
        """Waits for a round to begin; False where there is none any more."""
        until = time.monotonic() + pause
        with self._changed:
            while not self._ended:
                left = until - time.monotonic()
                if self._open and left <= 0:
                    self._working += 1
                    return True
                self._changed.wait(left if left > 0 else None)
        return False
