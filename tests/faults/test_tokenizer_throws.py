# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""A tokenizer that panics or throws fails the call alone, without its text."""

import json
import shutil

import grpc
import pytest
import wire

import strata

SECRET = "a text that nobody else should see"


@pytest.fixture(scope="module")
def panicking(models, tmp_path_factory):
    """A repository of "m", whose tokenizer panics, and of "other".

    Pieces of a fixed length of 0 panic inside the tokenizers library, on any
    text but an empty one.
    """
    repository = tmp_path_factory.mktemp("panicking") / "repository"
    version = repository / "m" / "1"
    shutil.copytree(models / "falcon-random" / "1", version)
    file = version / "tokenizer.json"
    tokenizer = json.loads(file.read_text())
    tokenizer["pre_tokenizer"] = {"type": "FixedLength", "length": 0}
    file.write_text(json.dumps(tokenizer))
    (repository / "other").symlink_to(models / "falcon-random")
    return repository


def test_nothing_else_is_harmed(serve, panicking):
    with serve(panicking) as server:
        with strata.Client(server.address, timeout=60, retries=0) as client:
            if client.model("m").state == "refused":
                pytest.fail("\n".join(server.lines))
            for _ in range(20):
                for call in (
                    lambda: client.encode([SECRET], "m"),
                    lambda: client.tokenize([SECRET], "m"),
                ):
                    with pytest.raises(strata.StrataError) as raised:
                        call()
                    assert raised.value.code is grpc.StatusCode.INTERNAL
                    assert raised.value.reason == "TOKENIZER_FAILED"
                    assert SECRET not in raised.value.message
            # In a stream it is the request's, and the stream goes on.
            answers = client.encode_stream(
                client.encode_request([SECRET], model)
                for model in ("m", "other")
            )
            failed = {x.index: x.error is not None for x in answers}
            assert failed == {0: True, 1: False}
            # Pieces need no tokenizer.
            [encoding] = client.encode([[5, 6, 7]], "m")
            assert encoding.error is None
        rejected = 'strata_rejections_total{reason="TOKENIZER_FAILED"}'
        assert wire.metric(server, rejected) >= 21
    assert not any(SECRET in line for line in server.lines)
