# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Requests that are wrong: refused by code, reason and text, harming nothing.

After each the server must still answer a good request with the same numbers.
Bytes that are no request are in tests/faults/test_malformed_messages.py.
"""

import threading

import grpc
import numpy as np
import pytest
import refusal
import wire

import strata
from strata.v1 import model_service_pb2

MODEL = "falcon-random"
GOOD_TEXT = "This text is fine."
INVALID = grpc.StatusCode.INVALID_ARGUMENT
PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION


@pytest.fixture(scope="module")
def good_answer(client):
    [encoding] = client.encode([GOOD_TEXT], MODEL)
    return encoding.hidden_states


@pytest.fixture(autouse=True)
def still_answers(client, good_answer):
    """Every test of this file ends with a good request."""
    yield
    [encoding] = client.encode([GOOD_TEXT], MODEL)
    np.testing.assert_allclose(
        encoding.hidden_states, good_answer, rtol=1e-4, atol=1e-5
    )


def assert_refused(raised, *expected):
    refusal.check(raised.value, *expected)
    assert GOOD_TEXT not in raised.value.message


def test_unknown_model(client, models):
    with pytest.raises(strata.StrataError) as raised:
        client.encode([GOOD_TEXT], "nope")
    assert_refused(
        raised,
        grpc.StatusCode.NOT_FOUND,
        "MODEL_NOT_FOUND",
        None,
        'no model "nope"; this server has: ',
        MODEL,
        "minilm",
    )


def test_unknown_version(client):
    with pytest.raises(strata.StrataError) as raised:
        client.encode([GOOD_TEXT], MODEL, version=9)
    assert_refused(
        raised,
        grpc.StatusCode.NOT_FOUND,
        "MODEL_NOT_FOUND",
        None,
        f'model "{MODEL}" has no version 9; it has: 1',
    )


def test_no_model_where_there_are_several(client):
    with pytest.raises(strata.StrataError) as raised:
        client.encode([GOOD_TEXT])
    assert_refused(
        raised, INVALID, "MODEL_AMBIGUOUS", "model", "name one of: ", MODEL
    )


def test_the_first_id_outside_the_vocabulary(client):
    size = client.model(MODEL).vocabulary_size
    client.encode([[size - 1]], MODEL)
    with pytest.raises(strata.StrataError) as raised:
        client.encode([[0], [1, size]], MODEL)
    assert_refused(
        raised,
        INVALID,
        "INVALID_FIELD",
        "inputs[1].pieces.ids[1]",
        f"got {size}, expected 0 to {size - 1}",
    )


def test_too_long(client):
    limit = client.model(MODEL).max_pieces
    ids = [index % 100 for index in range(limit + 3)]
    client.encode([ids[:limit]], MODEL)
    with pytest.raises(strata.StrataError) as raised:
        client.encode([[1], ids], MODEL)
    assert_refused(
        raised,
        INVALID,
        "INPUT_TOO_LONG",
        "inputs[1]",
        f"has {limit + 3} pieces, at most {limit} are allowed",
        "set truncation to LEFT or RIGHT",
    )


@pytest.mark.parametrize(
    ("truncation", "kept"), [("left", slice(3, 13)), ("right", slice(0, 10))]
)
def test_truncation_of_ids(client, truncation, kept):
    ids = list(range(20, 33))
    [cut] = client.encode([ids], MODEL, truncation=truncation, max_pieces=10)
    [whole] = client.encode([ids[kept]], MODEL)
    assert (cut.piece_count, cut.truncated_pieces) == (10, 3)
    np.testing.assert_allclose(
        cut.hidden_states, whole.hidden_states, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("truncation", ["left", "right"])
def test_truncation_keeps_special_pieces(client, truncation):
    text = "one two three four five six seven"
    [whole] = client.tokenize([text], "minilm")
    [cut] = client.encode(
        [text],
        "minilm",
        truncation=truncation,
        max_pieces=5,
        return_pieces=True,
    )
    inner = whole.ids[1:-1]
    inner = inner[-3:] if truncation == "left" else inner[:3]
    assert [piece.text for piece in whole.pieces][::8] == ["[CLS]", "[SEP]"]
    assert [piece.id for piece in cut.pieces] == [
        whole.ids[0],
        *inner,
        whole.ids[-1],
    ]
    assert (cut.piece_count, cut.truncated_pieces) == (5, 4)


def test_wrong_digest(client):
    digest = client.model(MODEL).digest
    client.encode([GOOD_TEXT], MODEL, expected_digest=digest)
    other = "sha256:" + "0" * 64
    with pytest.raises(strata.StrataError) as raised:
        client.encode([GOOD_TEXT], MODEL, expected_digest=other)
    assert_refused(
        raised,
        PRECONDITION,
        "DIGEST_MISMATCH",
        None,
        f"has digest {digest}, not the one expected",
    )


def test_what_is_not_allowed(server):
    with pytest.raises(strata.StrataError) as raised:
        wire.call(
            server.address,
            wire.MODELS + "UnloadModel",
            model_service_pb2.UnloadModelRequest(model=MODEL, version=1),
        )
    assert_refused(
        raised,
        grpc.StatusCode.PERMISSION_DENIED,
        "NOT_ALLOWED",
        None,
        "UnloadModel",
    )


def test_a_message_over_the_limit(serve, repository, add_model):
    add_model("m")
    with serve(repository, "--max-message-bytes=1KiB") as server:
        with strata.Client(server.address, timeout=120, retries=0) as client:
            client.encode(["a" * 500])
            for call in (client.encode, client.tokenize):
                with pytest.raises(strata.StrataError) as raised:
                    call(["a" * 1100])
                error = raised.value
                assert error.code is grpc.StatusCode.RESOURCE_EXHAUSTED
                assert "larger than max" in error.message
                assert "vs. 1024" in error.message
            client.encode(["a" * 500])


def test_full(serve, repository, add_model):
    add_model("m")
    with serve(repository, "--max-requests=1") as server:
        with strata.Client(server.address, timeout=120, retries=0) as client:
            limit = client.model().max_pieces
            # No two alike, which would be computed as one.
            inputs = [[1 + i] * limit for i in range(32)]
            errors = at_once(8, lambda: client.encode(inputs, layers=[0, -1]))
            refused = [error for error in errors if error is not None]
            # The first of them holds the only place while others arrive.
            assert 1 <= len(refused) <= 7
            for error in refused:
                assert error.code is grpc.StatusCode.RESOURCE_EXHAUSTED
                assert error.reason == "SERVER_FULL"
                assert 0 < error.retry_after <= 10
                assert "1 requests are in flight, the most" in error.message
            assert client.encode([GOOD_TEXT])[0].piece_count > 0


def at_once(count, call):
    """Calls `call` on `count` threads together; the error of each, or None."""
    errors = [None] * count
    barrier = threading.Barrier(count)

    def run(index):
        barrier.wait()
        try:
            call()
        except strata.StrataError as error:
            errors[index] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_too_large_a_reply(serve, repository, add_model):
    add_model("m")
    with serve(repository, "--max-reply-bytes=64KiB") as server:
        with strata.Client(server.address, timeout=120, retries=0) as client:
            limit = client.model().max_pieces
            with pytest.raises(strata.StrataError) as raised:
                client.encode([[1] * limit] * 8)
            assert_refused(
                raised,
                PRECONDITION,
                "REPLY_TOO_LARGE",
                None,
                "at most 65536 are allowed",
                "EncodeChunks",
            )
            answers = client.encode([[1] * limit] * 8, pooling="mean")
            assert len(answers) == 8
