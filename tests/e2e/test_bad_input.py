# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Requests that are wrong: refused by code, reason and text, harming nothing.

After each the server must still answer a good request with the same numbers.
"""

import threading

import grpc
import numpy as np
import pytest
import wire

import strata
from strata.v1 import hidden_state_service_pb2 as service_pb2
from strata.v1 import model_service_pb2, tokenizer_service_pb2

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


def assert_refused(raised, code, reason, field, *words):
    error = raised.value
    assert (error.code, error.reason) == (code, reason), str(error)
    assert error.field == field, str(error)
    for word in words:
        assert word in error.message
    # It says what is wrong, never what was sent.
    assert GOOD_TEXT not in error.message


def text_request(**fields):
    """A request that is fine but for `fields`."""
    sound = {"model": MODEL, "inputs": [service_pb2.Input(text=GOOD_TEXT)]}
    return service_pb2.EncodeRequest(**(sound | fields))


def with_output(**fields):
    return text_request(outputs=[service_pb2.OutputSpec(**fields)])


def with_ids(*ids, **fields):
    pieces = service_pb2.PieceIds(ids=ids, **fields)
    return text_request(inputs=[service_pb2.Input(pieces=pieces)])


def with_text(text, **fields):
    return text_request(inputs=[service_pb2.Input(text=text, **fields)])


# Request, field, words of the message. Each is INVALID_ARGUMENT,
# INVALID_FIELD.
MALFORMED = {
    "negative version": (
        text_request(version=-1),
        "version",
        ["got -1", "positive"],
    ),
    "no inputs": (
        text_request(inputs=[]),
        "inputs",
        ["empty; a request has at least one input"],
    ),
    "too many inputs": (
        text_request(inputs=[service_pb2.Input(text="a")] * 1025),
        "inputs",
        ["got 1025 inputs, at most 1024", "send several requests"],
    ),
    "neither text nor pieces": (
        text_request(inputs=[service_pb2.Input(text="a"), service_pb2.Input()]),
        "inputs[1]",
        ["neither text nor pieces is set"],
    ),
    "no pieces": (
        with_ids(),
        "inputs[0].pieces.ids",
        ["no pieces", "at least one"],
    ),
    "a text of no pieces": (
        with_text(""),
        "inputs[0].text",
        ["yields no pieces"],
    ),
    "negative id": (
        with_ids(5, -1),
        "inputs[0].pieces.ids[1]",
        ["got -1, expected 0 to", "vocabulary"],
    ),
    "id of 2^62": (
        with_ids(1 << 62),
        "inputs[0].pieces.ids[0]",
        [f"got {1 << 62}, expected 0 to", "vocabulary"],
    ),
    "too few positions": (
        with_ids(5, 6, positions=[0]),
        "inputs[0].pieces.positions",
        ["got 1 numbers, expected as many as ids, 2"],
    ),
    "position outside": (
        with_ids(5, 6, positions=[0, 1 << 40]),
        "inputs[0].pieces.positions[1]",
        [f"got {1 << 40}, expected 0 to"],
    ),
    "layer too high": (
        with_output(layers=[0, 99]),
        "outputs[0].layers[1]",
        ["got layer 99, expected one from -", "0 is the embedding output"],
    ),
    "layer too low": (
        with_output(layers=[-99]),
        "outputs[0].layers[0]",
        ["got layer -99, expected one from -"],
    ),
    "too many dimensions": (
        with_output(dimensions=1 << 20),
        "outputs[0].dimensions",
        [f"got {1 << 20}, expected 0 (all) to", "the model's width"],
    ),
    "unknown data type": (
        with_output(dtype=42),
        "outputs[0].dtype",
        ["42 is no value of strata.v1.DataType"],
    ),
    "unknown pooling": (
        with_output(pooling=42),
        "outputs[0].pooling",
        ["42 is no value of strata.v1.Pooling"],
    ),
    "unknown truncation": (
        text_request(truncation=42),
        "truncation",
        ["42 is no value of strata.v1.Truncation"],
    ),
    "position of a piece outside": (
        with_output(positions=[1000]),
        "outputs[0].positions[0]",
        ["got 1000, but inputs[0] has"],
    ),
    "positions with a pooling": (
        with_output(positions=[0], pooling=service_pb2.POOLING_MEAN),
        "outputs[0].positions",
        ["set together with a pooling"],
    ),
    "spans pooled but not given": (
        with_output(pooling=service_pb2.POOLING_SPANS),
        "inputs[0].spans",
        ["outputs[0] pools by SPANS"],
    ),
    "empty span": (
        with_text("abc", spans=[service_pb2.Span(begin=2, end=2)]),
        "inputs[0].spans[0]",
        ["got [2, 2), expected a half-open range"],
    ),
    "max_pieces above the limit": (
        text_request(max_pieces=1 << 20),
        "max_pieces",
        [f"got {1 << 20}, expected 0 (the model's limit) to"],
    ),
    "negative max_pieces": (
        text_request(max_pieces=-1),
        "max_pieces",
        ["got -1, expected 0"],
    ),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed(server, case):
    request, field, words = MALFORMED[case]
    with pytest.raises(strata.StrataError) as raised:
        wire.call(server.address, wire.HIDDEN_STATES + "Encode", request)
    assert_refused(raised, INVALID, "INVALID_FIELD", field, *words)


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


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (wire.HIDDEN_STATES + "Encode", text_request()),
        (
            wire.TOKENIZER + "Tokenize",
            tokenizer_service_pb2.TokenizeRequest(
                model=MODEL, inputs=[service_pb2.Input(text=GOOD_TEXT)]
            ),
        ),
    ],
    ids=["Encode", "Tokenize"],
)
def test_invalid_utf8(server, method, message):
    good = message.SerializeToString()
    bad = good.replace(GOOD_TEXT[:2].encode(), b"\xff\xfe")
    assert bad != good
    wire.call(server.address, method, good)
    with pytest.raises(strata.StrataError) as raised:
        wire.call(server.address, method, bad)
    name = "strata.v1." + method.rsplit("/", 1)[1] + "Request"
    assert_refused(
        raised,
        INVALID,
        "MALFORMED_MESSAGE",
        None,
        f"{len(bad)} bytes are not a valid {name}",
        "not UTF-8",
    )


def test_bytes_that_are_no_message(server):
    with pytest.raises(strata.StrataError) as raised:
        wire.call(server.address, wire.HIDDEN_STATES + "Encode", b"\x0a\xff")
    assert_refused(raised, INVALID, "MALFORMED_MESSAGE", None, "2 bytes")


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


def test_what_is_not_served(server):
    unimplemented = grpc.StatusCode.UNIMPLEMENTED
    encode = wire.HIDDEN_STATES + "Encode"
    with pytest.raises(strata.StrataError) as raised:
        wire.call(
            server.address,
            encode,
            with_output(kind=service_pb2.OUTPUT_KIND_LOGITS),
        )
    assert_refused(
        raised, PRECONDITION, "NOT_SUPPORTED_BY_MODEL", None, "LOGITS"
    )
    with pytest.raises(strata.StrataError) as raised:
        wire.first_of_stream(
            server.address,
            wire.HIDDEN_STATES + "EncodeChunks",
            service_pb2.EncodeChunksRequest(),
        )
    assert_refused(
        raised, unimplemented, "NOT_IMPLEMENTED", None, "EncodeChunks"
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


def test_tokenizer_calls(client):
    with pytest.raises(strata.StrataError) as raised:
        client.tokenize([], MODEL)
    assert_refused(raised, INVALID, "INVALID_FIELD", "inputs", "empty")
    with pytest.raises(strata.StrataError) as raised:
        client.detokenize([[1], [1 << 40]], MODEL)
    assert_refused(raised, INVALID, "INVALID_FIELD", "inputs[1].ids")


def test_a_bad_page_token(server):
    with pytest.raises(strata.StrataError) as raised:
        wire.call(
            server.address,
            wire.MODELS + "ListModels",
            model_service_pb2.ListModelsRequest(page_token="x"),
        )
    assert_refused(raised, INVALID, "INVALID_FIELD", "page_token", "empty one")


def test_full(serve, repository, add_model):
    add_model("m")
    with serve(repository, "--max-requests=1") as server:
        with strata.Client(server.address, timeout=120) as client:
            limit = client.model().max_pieces
            errors = at_once(
                8, lambda: client.encode([[1] * limit] * 32, layers=[0, -1])
            )
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
        with strata.Client(server.address, timeout=120) as client:
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
