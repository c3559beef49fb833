# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Bytes that are no message, whatever the message's type."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import wire
from grpc_health.v1 import health_pb2

import strata
from strata.v1 import hidden_state_service_pb2 as service_pb2
from strata.v1 import model_service_pb2, tokenizer_service_pb2

_TEXT = "This text is fine."


def _encode(model: str) -> service_pb2.EncodeRequest:
    return service_pb2.EncodeRequest(
        model=model, inputs=[service_pb2.Input(text=_TEXT)]
    )


# Each RPC, and a good request of it to a model.
METHODS = {
    wire.HIDDEN_STATES + "Encode": _encode,
    wire.HIDDEN_STATES + "EncodeChunks": lambda model: (
        service_pb2.EncodeChunksRequest(request=_encode(model))
    ),
    wire.HIDDEN_STATES + "EncodeStream": lambda model: (
        service_pb2.EncodeStreamRequest(request_id="1", request=_encode(model))
    ),
    wire.TOKENIZER + "Tokenize": lambda model: (
        tokenizer_service_pb2.TokenizeRequest(
            model=model, inputs=[service_pb2.Input(text=_TEXT)]
        )
    ),
    wire.TOKENIZER + "Detokenize": lambda model: (
        tokenizer_service_pb2.DetokenizeRequest(
            model=model, inputs=[service_pb2.PieceIds(ids=[20, 21])]
        )
    ),
    wire.MODELS + "ListModels": lambda model: (
        model_service_pb2.ListModelsRequest(page_size=3)
    ),
    wire.MODELS + "GetModel": lambda model: (
        model_service_pb2.GetModelRequest(model=model)
    ),
    wire.MODELS + "LoadModel": lambda model: (
        model_service_pb2.LoadModelRequest(model=model, version=1)
    ),
    # One that there is not: it stays.
    wire.MODELS + "UnloadModel": lambda model: (
        model_service_pb2.UnloadModelRequest(model=model, version=999)
    ),
    "/grpc.health.v1.Health/Check": lambda model: (
        health_pb2.HealthCheckRequest(service=model)
    ),
    "/grpc.health.v1.Health/Watch": lambda model: (
        health_pb2.HealthCheckRequest(service=model)
    ),
}

# What comes after a good message. Of each, the field is one that no message
# has, but for the texts.
_TAILS = {
    "a field that is cut off": b"\xfa\x7f\x7fabc",
    "a field that is gigantic": b"\xfa\x7f\xff\xff\xff\xff\x07",
    "a field of a negative length": b"\xfa\x7f" + b"\xff" * 9 + b"\x01",
    "an endless number": b"\xf8\x7f" + b"\xff" * 11,
    "a number that is cut off": b"\xf8\x7f\xff",
    "half a fixed64": b"\xf9\x7fabc",
    "half a fixed32": b"\xfd\x7fab",
    "field number 0": b"\x02\x00",
    "a null": b"\x00",
    "wire type 6": b"\xfe\x7f",
    "wire type 7": b"\xff\x7f",
    "a group that is not ended": b"\xfb\x7f",
    "a group that was not begun": b"\xfc\x7f",
    "another group's end": b"\xfb\x7f\xfc\x7e",
    "groups nested 10,000 deep": b"\xfb\x7f" * 10_000 + b"\xfc\x7f" * 10_000,
    "half a tag": b"\xff",
}


def messages(good: bytes) -> Iterator[tuple[str, bytes]]:
    """What is wrong, and a message that is so: `good`, with more after it."""
    for name, tail in _TAILS.items():
        yield name, good + tail
    text = _TEXT.encode()
    if text in good:
        bad = good.replace(text, b"\xff" * len(text))
        yield "a text that is not UTF-8", bad


def good_message(method: str, model: str) -> bytes:
    """A request that is served."""
    return METHODS[method](model).SerializeToString()


def send(address: str, method: str, message: bytes) -> list[bytes]:
    """One call of any RPC; the answers, the first of which ends a watch.

    Raises:
        strata.StrataError: The call failed.
    """
    with grpc.insecure_channel(address) as channel:
        # A unary call is a stream of one message, on the wire.
        call = channel.stream_stream(method)(iter([message]), timeout=60)
        try:
            if method.endswith("Watch"):
                return [next(call)]
            return list(call)
        except grpc.RpcError as error:
            raise strata.StrataError.from_rpc_error(error) from error
