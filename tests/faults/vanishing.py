# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""A client that is to be killed in the middle of its answers.

    python vanishing.py ADDRESS MODEL

Asks for all layers of long inputs, over a stream and in one large answer at the
same time, and says "begun" on standard output when the stream's first answer
has begun. From then on it reads no more, until somebody kills it.
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
INPUTS = 16


def request(model: str, layers: int, first_id: int):
    """All layers of inputs that no other request has."""
    inputs = [[20 + first_id, 20 + i] * (PIECES // 2) for i in range(INPUTS)]
    return strata.Client.encode_request(inputs, model, layers=range(layers))


def main() -> None:
    address, model = sys.argv[1:]
    with strata.Client(address) as client:
        layers = client.model(model).layers
    channel = grpc.insecure_channel(
        address, [("grpc.max_receive_message_length", -1)]
    )
    stub = service_grpc.HiddenStateServiceStub(channel)
    _large = stub.Encode.future(request(model, layers, 100))
    events = stub.EncodeStream(
        service_pb2.EncodeStreamRequest(
            request_id=str(number), request=request(model, layers, number % 90)
        )
        for number in itertools.count()
    )
    next(events)
    print("begun", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
