# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""When a failed call is made again.

gRPC has retries of its own, but they do not read google.rpc.RetryInfo and give
up on requests over 256 KiB. The C++ client has the same policy.
"""

from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Callable

import grpc

from strata.errors import StrataError


@dataclasses.dataclass(frozen=True)
class RetryPolicy:
    """How often a call is made, and how long is waited in between.

    Only what can pass by itself is tried again: UNAVAILABLE, and
    RESOURCE_EXHAUSTED with a time to retry after (without it the request is
    too large, and always will be). The server's delay is honoured, never
    shortened. Nothing is tried again that would begin after the deadline.
    """

    max_attempts: int = 4
    """Calls made in all, the first included. 1: never retry."""
    initial_backoff: float = 0.1
    """Longest wait before the second call, in seconds, where the server names
    none; it doubles for each further one, up to `max_backoff`."""
    max_backoff: float = 5.0
    """Longest wait, in seconds, where the server names none."""

    def __post_init__(self) -> None:
        if self.max_attempts < 1:
            raise ValueError(
                f"max_attempts is {self.max_attempts}; expected at least 1"
            )

    @classmethod
    def of(cls, retries: int | RetryPolicy) -> RetryPolicy:
        """The policy that a client's argument `retries` means."""
        if isinstance(retries, RetryPolicy):
            return retries
        if retries < 0:
            raise ValueError(f"retries is {retries}; expected at least 0")
        return cls(max_attempts=1 + retries)

    def next_retry(
        self,
        error: StrataError,
        attempts: int,
        remaining: float | None,
        jitter: float,
    ) -> float | None:
        """Seconds to wait before the next call; None: give up.

        Args:
            error: How the last call failed.
            attempts: Calls made so far.
            remaining: Seconds that are left of the deadline. None: no end.
            jitter: In [0, 1), spreads the calls of many clients: it shortens a
                back-off by up to half and lengthens the server's delay by up
                to a fifth.
        """
        if attempts >= self.max_attempts or not can_pass(error):
            return None
        if error.retry_after is not None:
            delay = error.retry_after * (1.0 + 0.2 * jitter)
        else:
            # The exponent is bounded, so that a float holds the power.
            backoff = self.initial_backoff * 2.0 ** min(attempts - 1, 60)
            delay = min(backoff, self.max_backoff) * (1.0 - 0.5 * jitter)
        if remaining is not None and delay >= remaining:
            return None
        return delay


def can_pass(error: StrataError) -> bool:
    """Whether the same call can succeed later, without anybody's doing."""
    if error.code is grpc.StatusCode.UNAVAILABLE:
        return True
    full = error.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    return full and error.retry_after is not None


class Attempts:
    """The calls made for one request, within one deadline. Not thread-safe."""

    def __init__(
        self,
        policy: RetryPolicy,
        timeout: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`timeout` in seconds, from now on. None: no end."""
        self._policy = policy
        self._clock = clock
        self._deadline = None if timeout is None else clock() + timeout
        self._made = 0

    def begin(self) -> float | None:
        """A call is made; the seconds that it may take. None: no end."""
        self._made += 1
        return self.remaining()

    def remaining(self) -> float | None:
        """Seconds until the deadline, 0 after it. None: no end."""
        if self._deadline is None:
            return None
        return max(0.0, self._deadline - self._clock())

    def delay_after(self, error: StrataError) -> float | None:
        """Seconds to wait before the next call; None: give up."""
        return self._policy.next_retry(
            error, self._made, self.remaining(), random.random()
        )

    def progressed(self) -> None:
        """Something came of the call that was begun: it is as the first."""
        self._made = 1
