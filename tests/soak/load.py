# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Clients that ask all kinds of requests, and check what comes back."""

from __future__ import annotations

import contextlib
import dataclasses
import random
import threading
from collections.abc import Iterator, Mapping

import grpc
import questions
import tally as tally_module
from calls import Call, connect

import strata

# Of a call to which nothing is done. One that lasts as long is lost.
_PATIENCE = 120.0


@dataclasses.dataclass(frozen=True)
class Way:
    """How requests get to a server, and what may become of them there.

    Attributes:
        name: For reports.
        address: HOST:PORT.
        models: What is asked, and what is known of each.
        allowed: Codes that a call may end with, by model; those of "" count
            for every model.
        timeout: Seconds that a call may take.
        fresh: Share of the calls that have a connection of their own.
    """

    name: str
    address: str
    models: Mapping[str, questions.Known]
    allowed: Mapping[str, frozenset[str]]
    timeout: float = _PATIENCE
    fresh: float = 0.01


class Caller:
    """Asks one request, or a stream of some, in each round."""

    def __init__(
        self, way: Way, tally: tally_module.Tally, dice: random.Random
    ) -> None:
        self._way = way
        self._tally = tally
        self._dice = dice
        self._channel: grpc.Channel | None = None

    def round(self) -> None:
        """Asks something, at times only to cancel it."""
        dice = self._dice
        if self._channel is None or dice.random() < self._way.fresh:
            self.close()
            self._channel = connect(self._way.address)
        # What some calls suffer from their own callers.
        fate = dice.choices(("none", "cancel", "deadline"), (8, 1, 1))[0]
        moment = dice.choice((0.001, 0.01, 0.1)) * dice.uniform(0.5, 2)
        timeout = moment if fate == "deadline" else self._way.timeout
        suffered = {"cancel": "CANCELLED", "deadline": "DEADLINE_EXCEEDED"}
        call = Call(self._channel, timeout)
        with _cancelled(call, moment if fate == "cancel" else None):
            self._ask(call, {suffered[fate]} if fate != "none" else set())
        if fate != "none":
            self._tally.count({
                "cancel": "calls that their callers cancel",
                "deadline": "calls with a deadline too near",
            }[fate])

    def close(self) -> None:
        """Ends the connection."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _ask(self, call: Call, suffered: set[str]) -> None:
        if self._dice.random() < 0.3:
            asked = [self._draw(2) for _ in range(self._dice.randint(1, 8))]
            self._ask_stream(call, asked, suffered)
            return
        question = self._draw(self._dice.choice((1, 1, 2, 8)))
        method = call.chunks if self._dice.random() < 0.4 else call.unary
        try:
            answers = method(question.request)
        except strata.StrataError as error:
            self._failed(question, error, suffered)
        else:
            self._tally.answer(question.mistake(answers))

    def _ask_stream(
        self,
        call: Call,
        asked: list[questions.Question],
        suffered: set[str],
    ) -> None:
        left = dict(enumerate(asked))
        try:
            for answer in call.stream([x.request for x in asked]):
                question = left.pop(answer.index)
                if answer.error is None:
                    self._tally.answer(question.mistake(answer.encodings))
                else:
                    self._failed(question, answer.error, suffered)
        except strata.StrataError as error:
            for question in left.values():
                self._failed(question, error, suffered)

    def _draw(self, most_inputs: int) -> questions.Question:
        model = self._dice.choice(sorted(self._way.models))
        known = self._way.models[model]
        return questions.Question(model, known, self._dice, most_inputs)

    def _failed(
        self,
        question: questions.Question,
        error: strata.StrataError,
        suffered: set[str],
    ) -> None:
        allowed = suffered | self._way.allowed.get("", frozenset())
        allowed |= self._way.allowed.get(question.request.model, frozenset())
        what = f"{question.request.model}, {self._way.name}"
        self._tally.failure(error, allowed, what)
        if error.code is grpc.StatusCode.UNAVAILABLE:
            # Whoever is sent away comes back later.
            threading.Event().wait(0.02)


@contextlib.contextmanager
def _cancelled(call: Call, moment: float | None) -> Iterator[None]:
    """Cancels the call after so many seconds, if the block takes as long."""
    if moment is None:
        yield
        return
    timer = threading.Timer(moment, call.cancel)
    timer.start()
    yield
    timer.cancel()
    timer.join()
