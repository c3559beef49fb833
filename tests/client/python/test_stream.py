# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Streams that break and are opened anew, by both clients."""

import asyncio
import threading

import fake_server
import grpc
import numpy as np
import pytest
from google.protobuf import duration_pb2
from google.rpc import error_details_pb2
from test_parts import STATES, UNAVAILABLE, refused, stream_events

import strata
from strata.in_flight import InFlight

SOON = strata.RetryPolicy(max_attempts=3, initial_backoff=1e-3)
TEXTS = [f"text {i}" for i in range(40)]
request_of = strata.Client.encode_request


class Sync:
    """strata.Client, its answers as a list."""

    @staticmethod
    def stream(target, requests, **arguments):
        with strata.Client(target, **arguments) as client:
            return list(client.encode_stream(requests))


class Asyncio:
    """strata.AsyncClient, of a plain iterable."""

    @classmethod
    def stream(cls, target, requests, **arguments):
        async def collect():
            async with strata.AsyncClient(target, **arguments) as client:
                given = cls.given(requests)
                return [x async for x in client.encode_stream(given)]

        return asyncio.run(asyncio.wait_for(collect(), 60))

    @staticmethod
    def given(requests):
        return requests


class AsyncioOfAsync(Asyncio):
    """strata.AsyncClient, of an asynchronous iterable."""

    @staticmethod
    async def given(requests):
        for request in requests:
            await asyncio.sleep(0)
            yield request


CLIENTS = [Sync, Asyncio, AsyncioOfAsync]
each = pytest.mark.parametrize("client_of", CLIENTS, ids=lambda x: x.__name__)


def stream(fake, client_of, requests=None, **arguments):
    """The answers to a stream of TEXTS, in the order of the texts."""
    if requests is None:
        requests = (request_of([text]) for text in TEXTS)
    with fake_server.serving(fake) as target:
        answers = client_of.stream(
            target, requests, **{"retries": SOON, **arguments}
        )
    return sorted(answers, key=lambda answer: answer.index)


def assert_each_answered_once(answers):
    assert [answer.index for answer in answers] == list(range(len(TEXTS)))
    for answer in answers:
        [encoding] = answer.encodings
        np.testing.assert_array_equal(encoding.hidden_states, STATES)


@each
def test_a_stream_that_breaks_is_opened_anew(fake, client_of):
    """Every third request breaks it, with half of its events sent."""
    broken = set()

    def answer(message):
        events = list(stream_events(message))
        text = message.request.inputs[0].text
        if int(text.split()[1]) % 3 == 2 and text not in broken:
            broken.add(text)
            return [*events[:2], UNAVAILABLE]
        return events

    fake.answer = answer
    assert_each_answered_once(stream(fake, client_of))
    assert len(broken) == len(TEXTS) // 3
    # It is the same request, by the same number.
    texts = {
        (message.request_id, message.request.inputs[0].text)
        for message in fake.requests
    }
    assert texts == {(str(i), text) for i, text in enumerate(TEXTS)}


@each
def test_a_request_that_can_pass_is_sent_again(fake, client_of):
    refused_once = set()
    full = fake_server.failure(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "full",
        error_details_pb2.RetryInfo(
            retry_delay=duration_pb2.Duration(nanos=1_000_000)
        ),
    )

    def answer(message):
        if message.request_id in refused_once:
            return stream_events(message)
        refused_once.add(message.request_id)
        [event] = refused(message)
        event.done.CopyFrom(full)
        return [event]

    fake.answer = answer
    assert_each_answered_once(stream(fake, client_of))
    assert len(fake.requests) == 2 * len(TEXTS)


@each
def test_a_request_that_goes_on_failing_is_an_answer(fake, client_of):
    def answer(message):
        [event] = refused(message)
        event.done.CopyFrom(UNAVAILABLE)
        return [event]

    fake.answer = answer
    [answer] = stream(fake, client_of, iter([request_of(["a"])]))
    assert answer.error.reason == "SERVER_STOPPING"
    assert len(fake.requests) == SOON.max_attempts


@each
def test_streams_that_break_without_an_answer_are_given_up(fake, client_of):
    fake.answer = lambda message: [UNAVAILABLE]
    with pytest.raises(strata.StrataError) as raised:
        stream(fake, client_of)
    assert raised.value.reason == "SERVER_STOPPING"
    first = [x for x in fake.requests if x.request_id == "0"]
    assert len(first) == SOON.max_attempts


@each
def test_what_cannot_pass_ends_the_stream(fake, client_of):
    malformed = fake_server.failure(
        grpc.StatusCode.INVALID_ARGUMENT, "malformed"
    )
    fake.answer = lambda message: [malformed]
    with pytest.raises(strata.StrataError, match="malformed"):
        stream(fake, client_of)
    assert [x.request_id for x in fake.requests] == ["0"]


@each
def test_without_retries_a_break_is_raised(fake, client_of):
    fake.answer = lambda message: [*stream_events(message), UNAVAILABLE]
    with pytest.raises(strata.StrataError) as raised:
        stream(fake, client_of, retries=0)
    assert raised.value.reason == "SERVER_STOPPING"


@each
def test_what_the_requests_raise_is_raised_after_the_answers(fake, client_of):
    def requests():
        yield request_of(["a"])
        raise KeyError("the caller's own")

    fake.answer = stream_events
    with pytest.raises(KeyError, match="the caller's own"):
        stream(fake, client_of, requests())
    assert len(fake.requests) == 1


@each
def test_nothing_is_asked_for_no_requests(fake, client_of):
    assert stream(fake, client_of, iter([])) == []


def test_a_caller_that_waits_for_an_answer_gets_it(fake):
    """The next request depends on the answer to the one before."""
    answered = threading.Semaphore(0)
    broken = []

    def requests():
        for text in TEXTS:
            yield request_of([text])
            assert answered.acquire(timeout=60)

    def answer(message):
        # The first answer to each is lost, while nobody sends.
        if message.request_id not in broken:
            broken.append(message.request_id)
            return [UNAVAILABLE]
        return stream_events(message)

    fake.answer = answer
    with fake_server.serving(fake) as target:
        with strata.Client(target, retries=SOON) as client:
            answers = []
            for one in client.encode_stream(requests()):
                answers.append(one)
                answered.release()
    assert_each_answered_once(answers)
    assert len(broken) == len(TEXTS)


def test_the_oldest_are_sent_again_first():
    in_flight = InFlight(SOON, None)
    for text in "abc":
        in_flight.add(request_of([text]))
    assert [in_flight.next().request_id for _ in "abc"] == ["0", "1", "2"]
    assert in_flight.next() is None and in_flight.due_in() is None
    in_flight.begin()
    in_flight.add(request_of(["d"]))
    in_flight.broke(strata.StrataError(grpc.StatusCode.UNAVAILABLE, "no"))
    sent = [in_flight.next().request_id for _ in "abcd"]
    assert sent == ["0", "1", "2", "3"]


def test_a_stream_that_breaks_is_no_failure_of_its_requests():
    in_flight = InFlight(SOON, None)
    in_flight.add(request_of(["a"]))
    for _ in range(SOON.max_attempts - 1):
        in_flight.begin()
        in_flight.next()
        in_flight.broke(strata.StrataError(grpc.StatusCode.UNAVAILABLE, "no"))
    message = in_flight.next()
    [event] = refused(message)
    event.done.CopyFrom(UNAVAILABLE)
    # Its first failure of its own: it is sent again.
    assert in_flight.take(event) is None
    assert not in_flight.finished


def test_late_events_of_a_stream_before_count_for_nothing():
    in_flight = InFlight(SOON, None)
    in_flight.add(request_of(["a"]))
    first, *_, last = stream_events(in_flight.next())
    assert in_flight.take(first) is None
    in_flight.begin()
    in_flight.broke(strata.StrataError(grpc.StatusCode.UNAVAILABLE, "no"))
    assert in_flight.take(last) is None
    assert not in_flight.finished and in_flight.due_in() == 0.0


def refuse(in_flight, message):
    """Whether it is to be sent again."""
    [event] = refused(message)
    event.done.CopyFrom(UNAVAILABLE)
    return in_flight.take(event) is None


def answer(in_flight, message):
    for event in stream_events(message):
        in_flight.take(event)


def test_an_answer_to_another_is_progress():
    """What is refused is given up when nothing is answered in between."""
    clock = Clock()
    in_flight = InFlight(SOON, None, clock=clock)
    in_flight.begin()
    in_flight.add(request_of(["a"]))
    for _ in range(3 * SOON.max_attempts):
        assert refuse(in_flight, in_flight.next())
        in_flight.add(request_of(["b"]))
        clock.now += 1
        by_text = {
            message.request.inputs[0].text: message
            for message in (in_flight.next(), in_flight.next())
        }
        answer(in_flight, by_text["b"])
        assert refuse(in_flight, by_text["a"])
        clock.now += 1
    # A refusal that is given up is none.
    assert refuse(in_flight, in_flight.next())
    clock.now += 1
    left = in_flight.next()
    in_flight.add(request_of(["c"]))
    for _ in range(SOON.max_attempts - 1):
        message = in_flight.next()
        assert refuse(in_flight, message)
        clock.now += 1
    assert not refuse(in_flight, in_flight.next())
    assert not refuse(in_flight, left)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_the_timeout_holds_while_no_stream_is_open():
    """The iterable has nothing to send, and does not end."""
    over, waited_out = threading.Event(), []

    def requests():
        waited_out.append(not over.wait(60))
        yield from ()

    with strata.Client("127.0.0.1:1") as client:
        with pytest.raises(strata.StrataError) as raised:
            list(client.encode_stream(requests(), timeout=0.1))
    assert not waited_out
    over.set()
    assert raised.value.code is grpc.StatusCode.DEADLINE_EXCEEDED


def test_the_timeout_holds_in_asyncio_too():
    waited_out = []

    async def requests():
        await asyncio.sleep(60)
        waited_out.append(True)
        for request in ():
            yield request

    async def collect():
        async with strata.AsyncClient("127.0.0.1:1") as client:
            return [x async for x in client.encode_stream(requests(), 0.1)]

    with pytest.raises(strata.StrataError) as raised:
        asyncio.run(collect())
    assert raised.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert not waited_out


@each
@pytest.mark.parametrize("kind", [SystemExit, asyncio.CancelledError])
def test_whatever_the_requests_raise_ends_the_stream(fake, client_of, kind):
    def requests():
        yield request_of(["a"])
        raise kind

    fake.answer = stream_events
    with pytest.raises(kind):
        stream(fake, client_of, requests())
    assert len(fake.requests) == 1


@each
def test_a_request_that_is_none_is_no_end(fake, client_of):
    fake.answer = stream_events
    with pytest.raises(AttributeError, match="NoneType"):
        stream(fake, client_of, iter([request_of(["a"]), None]))
