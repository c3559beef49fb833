# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""When a call is made again: the policy, and both clients by it."""

import asyncio

import fake_server
import grpc
import pytest
from google.protobuf import duration_pb2
from google.rpc import error_details_pb2
from test_client import STATES, encoding, reply

import strata
from strata import retry

SOON = strata.RetryPolicy(max_attempts=4, initial_backoff=1e-3)


def error(code, retry_after=None):
    return strata.StrataError(
        getattr(grpc.StatusCode, code), "no", retry_after=retry_after
    )


@pytest.mark.parametrize(
    ("failure", "attempts", "remaining", "jitter", "expected"),
    [
        # The back-off doubles, up to its bound.
        (error("UNAVAILABLE"), 1, None, 0.0, 0.1),
        (error("UNAVAILABLE"), 2, None, 0.0, 0.2),
        (error("UNAVAILABLE"), 3, None, 0.0, 0.4),
        (error("UNAVAILABLE"), 9, None, 0.0, 5.0),
        (error("UNAVAILABLE"), 9_998, None, 0.0, 5.0),
        (error("UNAVAILABLE"), 9_999, None, 0.0, None),
        # Jitter shortens it, and lengthens what the server asks for.
        (error("UNAVAILABLE"), 1, None, 0.5, 0.075),
        (error("UNAVAILABLE", 2.0), 1, None, 0.0, 2.0),
        (error("UNAVAILABLE", 2.0), 1, None, 0.5, 2.2),
        (error("RESOURCE_EXHAUSTED", 9.0), 3, None, 0.0, 9.0),
        # What will never pass.
        (error("RESOURCE_EXHAUSTED"), 1, None, 0.0, None),
        (error("INVALID_ARGUMENT"), 1, None, 0.0, None),
        (error("INTERNAL", 1.0), 1, None, 0.0, None),
        (error("DEADLINE_EXCEEDED"), 1, None, 0.0, None),
        (error("CANCELLED"), 1, None, 0.0, None),
        # Nothing begins after the deadline.
        (error("UNAVAILABLE"), 1, 0.11, 0.0, 0.1),
        (error("UNAVAILABLE"), 1, 0.1, 0.0, None),
        (error("UNAVAILABLE"), 1, 0.0, 0.9, None),
    ],
)
def test_the_policy(failure, attempts, remaining, jitter, expected):
    policy = strata.RetryPolicy(max_attempts=9_999)
    delay = policy.next_retry(failure, attempts, remaining, jitter)
    assert delay == (expected if expected is None else pytest.approx(expected))


def test_the_defaults_are_those_of_the_cpp_client():
    policy = strata.RetryPolicy()
    assert (policy.max_attempts, policy.initial_backoff) == (4, 0.1)
    assert policy.max_backoff == 5.0
    assert retry.RetryPolicy.of(3) == policy


def test_what_retries_may_be():
    assert strata.RetryPolicy.of(0).max_attempts == 1
    assert strata.RetryPolicy.of(SOON) is SOON
    with pytest.raises(ValueError, match="retries is -1; expected at least 0"):
        strata.Client(retries=-1)
    with pytest.raises(ValueError, match="max_attempts is 0; expected at le"):
        strata.RetryPolicy(max_attempts=0)


def test_attempts_share_a_deadline():
    now = [100.0]
    policy = strata.RetryPolicy(max_attempts=3)
    attempts = retry.Attempts(policy, 10.0, clock=lambda: now[0])
    assert attempts.begin() == 10.0
    now[0] = 104.0
    assert attempts.delay_after(error("UNAVAILABLE")) is not None
    assert attempts.begin() == 6.0
    assert attempts.delay_after(error("UNAVAILABLE", 4.9)) is not None
    assert attempts.delay_after(error("UNAVAILABLE", 6.0)) is None
    now[0] = 111.0
    assert attempts.begin() == 0.0
    assert attempts.delay_after(error("UNAVAILABLE")) is None


def test_attempts_count_anew_after_progress():
    policy = strata.RetryPolicy(max_attempts=2)
    attempts = retry.Attempts(policy, None)
    for _ in range(5):
        assert attempts.begin() is None
        attempts.progressed()
        assert attempts.delay_after(error("UNAVAILABLE")) is not None
    attempts.begin()
    assert attempts.delay_after(error("UNAVAILABLE")) is None


UNAVAILABLE = fake_server.failure(
    grpc.StatusCode.UNAVAILABLE, "no", fake_server.reason("MODEL_NOT_READY")
)
FULL = fake_server.failure(
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    "full",
    fake_server.reason("SERVER_FULL"),
    error_details_pb2.RetryInfo(
        retry_delay=duration_pb2.Duration(nanos=1_000_000)
    ),
)


def failing(fake, *failures):
    """Fails so often, and then answers."""
    left = list(failures)
    fake.answer = lambda _: left.pop(0) if left else reply(encoding(STATES))


def encode(target, asynchronous, **arguments):
    """By one of the two clients; the answers."""

    async def call():
        async with strata.AsyncClient(target, **arguments) as client:
            return await client.encode(["a"])

    if asynchronous:
        return asyncio.run(call())
    with strata.Client(target, **arguments) as client:
        return client.encode(["a"])


both = pytest.mark.parametrize("asynchronous", [False, True])


@both
def test_what_can_pass_is_tried_again(fake, asynchronous):
    failing(fake, UNAVAILABLE, FULL, UNAVAILABLE)
    with fake_server.serving(fake) as target:
        [answer] = encode(target, asynchronous, retries=SOON)
    assert (answer.hidden_states == STATES).all()
    assert len(fake.requests) == 4
    assert all(request == fake.requests[0] for request in fake.requests)


@both
def test_after_the_last_attempt_the_error_is_raised(fake, asynchronous):
    failing(fake, *[FULL] * 3, UNAVAILABLE)
    with fake_server.serving(fake) as target:
        with pytest.raises(strata.StrataError) as raised:
            encode(target, asynchronous, retries=SOON)
    assert raised.value.reason == "MODEL_NOT_READY"
    assert len(fake.requests) == 4


@both
def test_retries_can_be_switched_off(fake, asynchronous):
    failing(fake, UNAVAILABLE)
    with fake_server.serving(fake) as target:
        with pytest.raises(strata.StrataError):
            encode(target, asynchronous, retries=0)
    assert len(fake.requests) == 1


@both
def test_what_cannot_pass_is_not_tried_again(fake, asynchronous):
    wrong = fake_server.failure(grpc.StatusCode.INVALID_ARGUMENT, "wrong")
    failing(fake, wrong)
    with fake_server.serving(fake) as target:
        with pytest.raises(strata.StrataError, match="wrong"):
            encode(target, asynchronous)
    assert len(fake.requests) == 1


@both
def test_the_server_may_ask_for_more_than_the_deadline(fake, asynchronous):
    late = fake_server.failure(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "full",
        error_details_pb2.RetryInfo(
            retry_delay=duration_pb2.Duration(seconds=3600)
        ),
    )
    failing(fake, late)
    with fake_server.serving(fake) as target:
        with pytest.raises(strata.StrataError) as raised:
            encode(target, asynchronous, timeout=60)
    assert raised.value.retry_after == 3600
    assert len(fake.requests) == 1


@both
def test_the_deadline_is_that_of_all_attempts(fake, asynchronous):
    second = error_details_pb2.RetryInfo(
        retry_delay=duration_pb2.Duration(seconds=1)
    )
    failing(
        fake,
        fake_server.failure(grpc.StatusCode.UNAVAILABLE, "no", second),
    )
    with fake_server.serving(fake) as target:
        encode(target, asynchronous, timeout=20)
    # gRPC rounds what it sends.
    assert fake.timeouts[1] <= 19.5
