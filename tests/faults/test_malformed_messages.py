# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Bytes that are no protobuf message, on every RPC: refused as malformed.

Fields that are well-formed and wrong are in tests/e2e/test_bad_fields.py.
"""

import random

import grpc
import harm
import malformed
import pytest
import wire

import strata
from strata.v1 import hidden_state_service_pb2 as service_pb2

INVALID = grpc.StatusCode.INVALID_ARGUMENT
MODEL_RPCS = sorted(x for x in malformed.METHODS if wire.HIDDEN_STATES in x)
# What a request may be answered with whose fields are other than they were.
ORDINARY = {
    INVALID,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNAVAILABLE,
}


@pytest.fixture(scope="module")
def server(serve, small):
    """One whose admin RPCs read what they are sent."""
    with serve(small, "--model-control=on") as process:
        yield process


def counted(server):
    """Requests of hidden states that were refused as malformed."""
    return harm.refused(server, "MALFORMED_MESSAGE")


@pytest.mark.parametrize("method", sorted(malformed.METHODS))
def test_what_is_no_message(server, method):
    good = malformed.good_message(method, "m")
    name = malformed.METHODS[method]("m").DESCRIPTOR.full_name
    with harm.unharmed(server):
        before = counted(server)
        sent = 0
        for what, message in malformed.messages(good):
            with pytest.raises(strata.StrataError) as raised:
                malformed.send(server.address, method, message)
            error = raised.value
            assert error.code is INVALID, f"{what}: {error}"
            assert error.reason == "MALFORMED_MESSAGE"
            said = f"{len(message)} bytes are not a valid {name};"
            assert said in error.message
            assert "not UTF-8" in error.message
            assert "This text" not in error.message, "payload is echoed"
            sent += 1
        assert sent > 10
        # Who looks at the metrics sees why requests fail.
        assert counted(server) - before == (sent if method in MODEL_RPCS else 0)


@pytest.mark.parametrize("method", sorted(malformed.METHODS))
def test_a_message_that_is_cut_off(server, method):
    """At any byte: what is left is refused, or a message of less."""
    good = malformed.good_message(method, "m")
    with harm.unharmed(server):
        for size in range(len(good)):
            assert_ordinary(server, method, good[:size])


@pytest.mark.parametrize("method", sorted(malformed.METHODS))
@pytest.mark.parametrize("seed", range(3))
def test_bytes_at_random(server, method, seed):
    dice = random.Random(seed)
    good = malformed.good_message(method, "m")
    with harm.unharmed(server):
        for _ in range(40):
            message = bytearray(good)
            for _ in range(dice.choice((1, 1, 2, 5))):
                at = dice.randrange(len(message))
                message[at] = dice.randrange(256)
            assert_ordinary(server, method, bytes(message))
            noise = dice.randbytes(dice.randint(1, 300))
            assert_ordinary(server, method, noise)


def assert_ordinary(server, method, message):
    """It is answered, or refused as requests are."""
    try:
        malformed.send(server.address, method, message)
    except strata.StrataError as error:
        assert error.code in ORDINARY, f"{error}: {message.hex()}"


def test_fields_of_other_types_are_unknown_fields(server):
    """As protobuf has it: a number where a text was expected is skipped."""
    method = wire.HIDDEN_STATES + "Encode"
    good = malformed.good_message(method, "")
    # The fields 1, 3 and 4 as numbers; the model is the only one.
    strange = b"\x08\x01" + b"\x18\x02" + b"\x20\x03"
    with harm.unharmed(server):
        [answer] = malformed.send(server.address, method, good + strange)
        [expected] = malformed.send(server.address, method, good)
        parse = service_pb2.EncodeResponse.FromString
        assert (
            parse(answer).encodings[0].outputs
            == parse(expected).encodings[0].outputs
        )


@pytest.mark.parametrize("method", ["Encode", "EncodeChunks", "EncodeStream"])
def test_a_length_that_promises_gigabytes(server, method):
    """Nothing is set aside for what a few bytes only announce."""
    method = wire.HIDDEN_STATES + method
    before = wire.resident_mib(server.pid)
    with harm.unharmed(server):
        for _ in range(100):
            with pytest.raises(strata.StrataError, match="MALFORMED_MESSAGE"):
                malformed.send(
                    server.address, method, b"\x12\xff\xff\xff\xff\x07abc"
                )
    assert wire.resident_mib(server.pid) < before + 64


@pytest.mark.parametrize("name", ["LoadModel", "UnloadModel"])
def test_who_may_not_call_learns_nothing_of_its_bytes(serve, small, name):
    method = wire.MODELS + name
    with serve(small) as server, harm.unharmed(server):
        for _, message in malformed.messages(
            malformed.good_message(method, "m")
        ):
            with pytest.raises(strata.StrataError) as raised:
                malformed.send(server.address, method, message)
            assert raised.value.code is grpc.StatusCode.PERMISSION_DENIED
