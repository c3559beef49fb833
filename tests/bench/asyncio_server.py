#!/usr/bin/env python3
# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The contrast: what one writes in an afternoon around a trace.

An asyncio gRPC server that answers Encode for single texts with mean pooling,
each with a forward of its own, one after the other. It says "listening on
HOST:PORT" on standard output and serves until standard input ends.
"""

from __future__ import annotations

import argparse
import asyncio
import concurrent.futures
import json
import pathlib
import sys

import grpc
import torch
from tokenizers import Tokenizer

from strata.v1 import hidden_state_service_pb2 as messages
from strata.v1 import tensor_pb2

_METHOD = "/strata.v1.HiddenStateService/Encode"


class Model:
    """A model directory of the demo, run one text at a time."""

    def __init__(self, folder: pathlib.Path) -> None:
        config = json.loads((folder / "strata.json").read_text())
        self._arguments = config["arguments"]
        self._module = torch.jit.load(str(folder / "model.pt")).eval()
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def encode(self, text: str) -> torch.Tensor:
        """The mean of the last layer's pieces, [1, W]."""
        ids = torch.tensor([self._tokenizer.encode(text).ids])
        length = ids.size(1)
        values = {
            "piece_ids": ids,
            "attention_mask": torch.ones(
                1, 1, length, length, dtype=torch.bool
            ),
            "positions": torch.arange(length).unsqueeze(0),
            "type_ids": torch.zeros_like(ids),
        }
        with torch.inference_mode():
            output = self._module(*(values[x] for x in self._arguments))
            while not isinstance(output[-1], torch.Tensor):
                output = output[0]
            return output[-1].mean(dim=1)


class Handler(grpc.GenericRpcHandler):
    """Answers Encode; forwards run in a thread, so that the loop goes on."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._thread = concurrent.futures.ThreadPoolExecutor(1)

    def service(self, details):
        if details.method != _METHOD:
            return None
        return grpc.unary_unary_rpc_method_handler(
            self._encode,
            request_deserializer=messages.EncodeRequest.FromString,
            response_serializer=messages.EncodeResponse.SerializeToString,
        )

    async def _encode(self, request, context):
        loop = asyncio.get_running_loop()
        answer = messages.EncodeResponse(model=request.model)
        for item in request.inputs:
            states = await loop.run_in_executor(
                self._thread, self._model.encode, item.text
            )
            output = answer.encodings.add().outputs.add()
            output.tensor.dtype = tensor_pb2.DATA_TYPE_FLOAT32
            output.tensor.shape.extend(states.shape)
            output.tensor.data = states.numpy().tobytes()
        return answer


async def serve(model: Model) -> None:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Handler(model),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.read)
    await server.stop(grace=None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    # Lengths vary: with it on, every new one would be profiled, which is slow.
    torch._C._jit_set_profiling_mode(False)
    asyncio.run(serve(Model(options.model)))


if __name__ == "__main__":
    main()
