# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Texts to outcomes, by way of a server."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import grpc

from strata.client import Client
from strata.encode.corpus import Text
from strata.encode.feed import MAX_BATCH_BYTES, Feed, Work
from strata.encode.outcome import BITS, Failure, Outcome, states_of
from strata.encode.plan import Plan
from strata.errors import StrataError
from strata.models import ModelDescription
from strata.requests import EncodeOptions
from strata.results import Encoding
from strata.retry import RetryPolicy, can_pass

# What is wrong with a text, and not with the request or the server.
_OF_A_TEXT = {
    "INPUT_TOO_LONG",
    "REPLY_TOO_LARGE",
    "FORWARD_FAILED",
    "TOKENIZER_FAILED",
    "INTERNAL_DEFECT",
}
# Of a text that failed alone, and may pass later.
_ALONE = RetryPolicy(max_attempts=6)


class Pipeline:
    """Encodes texts as a plan says, many at once."""

    def __init__(
        self,
        client: Client,
        plan: Plan,
        model: ModelDescription,
        *,
        batch_size: int,
        in_flight: int,
        max_bytes: int,
    ) -> None:
        self._client = client
        self._plan = plan
        self._batch_size = batch_size
        self._in_flight = in_flight
        self._max_bytes = max_bytes
        self._max_pieces = plan.max_pieces or model.max_pieces
        self._tries: dict[int, int] = {}
        self._options: EncodeOptions = {
            "version": plan.version,
            "expected_digest": plan.digest,
            "prompt": plan.prompt,
            "layers": plan.layers,
            "pooling": plan.pooling,
            "normalize": plan.normalize,
            "dimensions": plan.dimensions,
            "dtype": plan.dtype,
            "truncation": plan.truncation,
            "max_pieces": plan.max_pieces,
            "add_special_pieces": plan.special_pieces,
        }

    def run(self, texts: Iterator[Text]) -> Iterator[Outcome]:
        """The outcome of each text, in their order.

        Raises:
            StrataError: What fails is not a text.
        """
        feed = Feed(
            texts,
            batch_size=self._batch_size,
            in_flight=self._in_flight,
            max_bytes=self._max_bytes,
            estimate=self._estimate,
        )
        while not feed.finished:
            try:
                yield from self._run_stream(feed)
            except StrataError as error:
                if not _is_too_large(error):
                    raise
                # The server cannot say of which text.
                self._try_alone(feed, error)

    def _run_stream(self, feed: Feed) -> Iterator[Outcome]:
        requests = (
            self._client.encode_request(
                [text.text for text in work], self._plan.model, **self._options
            )
            for work in feed.stream()
        )
        for answer in self._client.encode_stream(requests):
            work = feed.answered(answer.index)
            if answer.error is None:
                for text, encoding in zip(work, answer.encodings, strict=True):
                    self._take(feed, text, encoding)
            elif not _is_of_a_text(answer.error):
                raise answer.error
            elif len(work) > 1:
                # Which of them, each tells by itself.
                for text in work:
                    feed.again([text])
            else:
                self._fail(feed, work[0], answer.error)
            yield from feed.release()
        yield from feed.release()

    def _take(self, feed: Feed, text: Text, encoding: Encoding) -> None:
        error = encoding.error
        if error is None:
            feed.settle(text.row, states_of(text, encoding))
            return
        tries = self._tries[text.row] = self._tries.get(text.row, 0) + 1
        delay = _ALONE.next_retry(error, tries, None, random.random())
        if delay is not None:
            # Meanwhile nothing is read: whatever ails the server ails all.
            time.sleep(delay)
            feed.again([text])
        elif error.code is grpc.StatusCode.UNAVAILABLE:
            raise error
        else:
            self._fail(feed, text, error)

    def _try_alone(self, feed: Feed, error: StrataError) -> None:
        """Sends what may have been too large once more, outside a stream.

        Without a suspect it is one of several texts, which are sent one by one
        first; where each is alone already, any may be.
        """
        works = feed.back()
        if not works:
            raise error
        suspects = [work for work in works if _is_large(work)]
        if not suspects and all(len(work) == 1 for work in works):
            suspects = works
        for work in works:
            if not suspects:
                for text in work:
                    feed.again([text])
            elif work not in suspects:
                feed.again(work)
        for [text] in suspects:
            try:
                [encoding] = self._client.encode(
                    [text.text],
                    self._plan.model,
                    in_parts=True,
                    **self._options,
                )
            except StrataError as raised:
                if not _is_of_a_text(raised):
                    raise
                self._fail(feed, text, raised)
            else:
                self._take(feed, text, encoding)

    def _fail(self, feed: Feed, text: Text, error: StrataError) -> None:
        feed.settle(text.row, Failure.of(text, error))

    def _estimate(self, text: Text) -> int:
        """Bytes of its states at most: a piece has a byte at least."""
        pieces = 1
        if not self._plan.pooled:
            pieces = min(self._max_pieces, text.nbytes + 8)
        size = int(BITS[self._plan.dtype][-1])
        return pieces * len(self._plan.layers) * self._plan.width * size


def _is_of_a_text(error: StrataError) -> bool:
    if error.reason == "INVALID_FIELD":
        return (error.field or "").startswith("inputs")
    return error.reason in _OF_A_TEXT or _is_too_large(error)


def _is_too_large(error: StrataError) -> bool:
    """Whether no message of the server's may be as large."""
    full = error.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    return full and not can_pass(error)


def _is_large(work: Work) -> bool:
    return len(work) == 1 and work[0].nbytes > MAX_BATCH_BYTES
