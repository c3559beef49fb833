# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""A client that is to be killed in the middle of its answers.

    python vanishing.py ADDRESS MODEL (stream | unary | both) [INPUTS]

Asks for all layers of long inputs, over a stream, with one call of so many
(120), or both; says "begun" on standard output when a first
answer has come (of the call there is none to come: it has been sent). From then
on it reads no more, until somebody kills it.
"""

from __future__ import annotations

import itertools
import pathlib
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "client" / "python"))

import grpc  # noqa: E402

import strata  # noqa: E402
from strata.v1 import (  # noqa: E402
    hidden_state_service_pb2_grpc as service_grpc,
)
from strata.v1 import hidden_state_service_pb2 as service_pb2  # noqa: E402

PIECES = 512


def request(model: str, layers: int, inputs: int, first_id: int):
    """All layers of inputs that no other request has."""
    pieces = [
        [20 + first_id, 20 + i % 900] * (PIECES // 2) for i in range(inputs)
    ]
    return strata.Client.encode_request(pieces, model, layers=range(layers))


def main() -> None:
    address, model, which, *more = sys.argv[1:]
    inputs = int(more[0]) if more else 120
    with strata.Client(address, retries=0) as client:
        layers = client.model(model).layers
    channel = grpc.insecure_channel(
        address, [("grpc.max_receive_message_length", -1)]
    )
    stub = service_grpc.HiddenStateServiceStub(channel)
    calls = []
    if which in ("unary", "both"):
        calls.append(stub.Encode.future(request(model, layers, inputs, 100)))
    if which in ("stream", "both"):
        events = stub.EncodeStream(
            service_pb2.EncodeStreamRequest(
                request_id=str(number),
                request=request(model, layers, 16, number % 90),
            )
            for number in itertools.count()
        )
        next(events)
    else:
        # Until the server has it.
        with strata.Client(address, retries=0) as client:
            client.model(model)
    print("begun", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
