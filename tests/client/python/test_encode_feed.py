# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Which texts strata-encode sends when, and the order of what comes back."""

import threading

import numpy as np
import pytest
from strata.encode.corpus import Text
from strata.encode.feed import Feed
from strata.encode.outcome import Failure, States


def texts(count, size=10):
    return [Text(row, "x" * size) for row in range(count)]


def feed(of, *, batch_size=2, in_flight=2, max_bytes=1 << 30, estimate=None):
    return Feed(
        iter(of),
        batch_size=batch_size,
        in_flight=in_flight,
        max_bytes=max_bytes,
        estimate=estimate or (lambda text: len(text.text)),
    )


class Reader:
    """Takes works on a thread of its own, as gRPC does."""

    def __init__(self, feed):
        self.works = []
        self._read = threading.Condition()
        self._thread = threading.Thread(
            target=self._run, args=[feed.stream()], daemon=True
        )
        self._thread.start()

    def _run(self, stream):
        for work in stream:
            with self._read:
                self.works.append([text.row for text in work])
                self._read.notify_all()

    def await_works(self, *expected):
        with self._read:
            assert self._read.wait_for(
                lambda: len(self.works) >= len(expected), 60
            )
            assert self.works == list(expected)

    def await_no_end(self):
        self._thread.join(0.1)
        assert self._thread.is_alive()

    def await_end(self):
        self._thread.join(60)
        assert not self._thread.is_alive()


def settle(feed, work):
    for text in work:
        numbers = np.zeros(2, "<f4")
        feed.settle(text.row, States(text.row, text.id, numbers))


def released(feed):
    return [x.row for x in feed.release()]


def test_so_many_are_under_way_and_outcomes_are_in_order():
    it = feed(texts(7))
    reader = Reader(it)
    reader.await_works([0, 1], [2, 3])
    settle(it, it.answered(1))
    assert released(it) == []
    reader.await_works([0, 1], [2, 3], [4, 5])
    settle(it, it.answered(0))
    assert released(it) == [0, 1, 2, 3]
    reader.await_works([0, 1], [2, 3], [4, 5], [6])
    settle(it, it.answered(3))
    settle(it, it.answered(2))
    assert released(it) == [4, 5, 6]
    reader.await_end()


def test_what_is_sent_again_goes_first():
    it = feed(texts(6), in_flight=1)
    reader = Reader(it)
    reader.await_works([0, 1])
    first, second = it.answered(0)
    it.again([first])
    it.again([second])
    for number, work in enumerate(([first], [second]), 1):
        reader.await_works([0, 1], [0], *[[1]] * (number - 1))
        assert it.answered(number) == work
        settle(it, work)
    reader.await_works([0, 1], [0], [1], [2, 3])
    assert released(it) == [0, 1]


def test_the_stream_does_not_end_while_one_may_come_back():
    it = feed(texts(1))
    reader = Reader(it)
    reader.await_works([0])
    [text] = it.answered(0)
    # It is not known yet what becomes of it; and nothing is to happen.
    reader.await_no_end()
    it.again([text])
    reader.await_works([0], [0])
    settle(it, it.answered(1))
    reader.await_end()


def test_memory_bounds_what_is_not_released():
    it = feed(
        texts(6),
        batch_size=1,
        in_flight=9,
        max_bytes=8000,
        estimate=lambda text: 2000,
    )
    reader = Reader(it)
    # Each is counted with a kilobyte for Python's own.
    reader.await_works([0], [1])
    settle(it, it.answered(1))
    # It waits for the first, and takes less than it might have.
    reader.await_works([0], [1], [2])
    settle(it, it.answered(0))
    assert released(it) == [0, 1]
    reader.await_works([0], [1], [2], [3])


def test_one_text_is_let_in_whatever_it_takes():
    it = feed(texts(2), max_bytes=10, estimate=lambda text: 1 << 40)
    reader = Reader(it)
    reader.await_works([0])
    settle(it, it.answered(0))
    reader.await_works([0], [1])


def test_a_large_text_goes_alone():
    large = Text(1, "x" * (2 << 20))
    it = feed(
        [Text(0, "a"), large, Text(2, "b"), Text(3, "c")],
        batch_size=3,
        in_flight=9,
    )
    Reader(it).await_works([0], [1], [2, 3])


def test_records_without_a_text_are_not_sent():
    mixed = [
        Text(row, "", problem="no") if row % 2 else Text(row, "a")
        for row in range(5)
    ]
    it = feed(mixed, batch_size=9)
    reader = Reader(it)
    reader.await_works([0, 2, 4])
    settle(it, it.answered(0))
    reader.await_end()
    outcomes = list(it.release())
    assert [isinstance(x, Failure) for x in outcomes] == [False, True] * 2 + [
        False
    ]
    assert outcomes[1].reason == "MALFORMED_RECORD"


@pytest.mark.parametrize("problem", ["", "no"])
def test_a_corpus_of_nothing_to_send_ends(problem):
    of = [Text(0, "", problem=problem)] if problem else []
    it = feed(of)
    reader = Reader(it)
    reader.await_end()
    assert len(released(it)) == len(of)


def test_a_stream_that_ended_gives_its_texts_back():
    it = feed(texts(5), in_flight=2)
    old = Reader(it)
    old.await_works([0, 1], [2, 3])
    back = it.back()
    old.await_end()
    assert [[x.row for x in work] for work in back] == [[0, 1], [2, 3]]
    for work in back:
        it.again(work)
    new = Reader(it)
    new.await_works([0, 1], [2, 3])
    settle(it, it.answered(0))
    assert released(it) == [0, 1]


def test_records_without_a_text_are_given_when_there_is_no_room():
    it = feed(
        [Text(row, "", problem="no") for row in range(10)], max_bytes=4000
    )
    rows = []
    while not it.finished:
        Reader(it).await_end()
        some = released(it)
        # With a kilobyte for Python's own.
        assert 1 <= len(some) <= 3
        rows += some
    assert rows == list(range(10))


def test_records_without_a_text_wait_for_what_is_under_way():
    it = feed(
        [Text(0, "a"), *(Text(x, "", problem="no") for x in range(1, 9))],
        batch_size=1,
        max_bytes=4000,
    )
    reader = Reader(it)
    reader.await_works([0])
    reader.await_no_end()
    settle(it, it.answered(0))
    reader.await_end()
    assert 1 < len(released(it)) < 9


def test_texts_and_ids_count_as_the_bytes_that_they_are():
    wide = "é" * 1000
    for of in (
        [Text(row, wide) for row in range(4)],
        [Text(row, "", wide) for row in range(4)],
    ):
        it = feed(
            of, batch_size=1, in_flight=9, max_bytes=7000, estimate=lambda x: 9
        )
        reader = Reader(it)
        # Three kilobytes each, with Python's own.
        reader.await_works([0], [1])
        settle(it, it.answered(0))
        settle(it, it.answered(1))
        # An id is kept with its outcome, and a text is not.
        reader.await_works([0], [1], *([] if of[0].id else [[2]]))
        assert released(it) == [0, 1]
        reader.await_works([0], [1], [2], [3])


def test_a_batch_holds_so_many_bytes_and_not_characters():
    some = [Text(row, "é" * (3 << 17)) for row in range(2)]
    Reader(feed(some, batch_size=2)).await_works([0], [1])
