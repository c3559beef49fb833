# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Which connections the client makes, and which it refuses to."""

import pytest

import strata

ELSEWHERE = "strata.example:50051"


@pytest.mark.parametrize(
    "arguments", [{"tls": True}, {"token_on_plaintext": True}]
)
def test_a_token_travels_where_it_may(arguments):
    strata.Client(ELSEWHERE, token="abc", **arguments).close()


def test_a_token_does_not_travel_unencrypted_to_another_machine():
    with pytest.raises(ValueError, match="token_on_plaintext"):
        strata.Client(ELSEWHERE, token="abc")


@pytest.mark.parametrize("token", ["hunter2\n", "hunter 2", "hunter\u00e9"])
def test_a_token_that_no_header_holds(token):
    with pytest.raises(ValueError) as raised:
        strata.Client(token=token)
    assert "hunter" not in str(raised.value)


@pytest.mark.parametrize("half", ["certificate", "key"])
def test_a_certificate_comes_with_its_key(half):
    with pytest.raises(ValueError, match="without the other"):
        strata.Client(**{half: b"x"})
