# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What callers send is in no log, metric or span, whatever becomes of it."""

import grpc
import wire

import strata
from strata.v1 import hidden_state_service_pb2 as service_pb2
from strata.v1 import model_service_pb2, tokenizer_service_pb2

# In every field of a string, and as pieces: numbers that nothing else is.
SECRET = "Kolibri-5521"
PIECES = [907, 905, 903, 901]


def encode_requests() -> list[service_pb2.EncodeRequest]:
    """Good ones and bad ones of each kind."""
    text = service_pb2.EncodeRequest(
        model="m", inputs=[service_pb2.Input(text=SECRET)], return_pieces=True
    )
    pieces = service_pb2.EncodeRequest(
        model="m",
        inputs=[
            service_pb2.Input(pieces=service_pb2.PieceIds(ids=PIECES)),
        ],
        outputs=[service_pb2.OutputSpec(name=SECRET)],
    )
    unknown_model = service_pb2.EncodeRequest(
        model=SECRET, inputs=[service_pb2.Input(text=SECRET)]
    )
    label = service_pb2.EncodeRequest(
        model="m",
        version_label=SECRET,
        inputs=[service_pb2.Input(text=SECRET)],
    )
    prompt = service_pb2.EncodeRequest(
        model="m", inputs=[service_pb2.Input(text=SECRET, prompt=SECRET)]
    )
    pair = service_pb2.EncodeRequest(
        model="m", inputs=[service_pb2.Input(text=SECRET, text_pair=SECRET)]
    )
    long = service_pb2.EncodeRequest(
        model="m", inputs=[service_pb2.Input(text=f"{SECRET} " * 600)]
    )
    outside = service_pb2.EncodeRequest(
        model="m",
        inputs=[
            service_pb2.Input(pieces=service_pb2.PieceIds(ids=[55210907])),
        ],
    )
    digest = service_pb2.EncodeRequest(
        model="m",
        expected_digest=SECRET,
        inputs=[service_pb2.Input(text=SECRET)],
    )
    layer = service_pb2.EncodeRequest(
        model="m",
        inputs=[service_pb2.Input(text=SECRET)],
        outputs=[service_pb2.OutputSpec(name=SECRET, layers=[77])],
    )
    return [
        text, pieces, unknown_model, label, prompt, pair, long, outside,
        digest, layer,
    ]  # fmt: skip


def messages() -> list[tuple[str, bytes]]:
    """Each method with what it is sent; broken bytes too."""
    sent: list[tuple[str, bytes]] = []
    for request in encode_requests():
        chunks = service_pb2.EncodeChunksRequest(request=request)
        item = service_pb2.EncodeStreamRequest(
            request_id=SECRET, request=request
        )
        sent += [
            (wire.HIDDEN_STATES + "Encode", request.SerializeToString()),
            (wire.HIDDEN_STATES + "EncodeChunks", chunks.SerializeToString()),
            (wire.HIDDEN_STATES + "EncodeStream", item.SerializeToString()),
        ]
    for model in ("m", SECRET):
        tokenize = tokenizer_service_pb2.TokenizeRequest(
            model=model, inputs=[service_pb2.Input(text=SECRET)]
        )
        detokenize = tokenizer_service_pb2.DetokenizeRequest(
            model=model, inputs=[service_pb2.PieceIds(ids=PIECES)]
        )
        sent += [
            (wire.TOKENIZER + "Tokenize", tokenize.SerializeToString()),
            (wire.TOKENIZER + "Detokenize", detokenize.SerializeToString()),
        ]
    for name in ("GetModel", "LoadModel", "UnloadModel"):
        named = model_service_pb2.GetModelRequest(model=SECRET)
        sent.append((wire.MODELS + name, named.SerializeToString()))
    page = model_service_pb2.ListModelsRequest(page_token=SECRET)
    sent.append((wire.MODELS + "ListModels", page.SerializeToString()))
    broken = b"\x0a\x7f" + SECRET.encode()
    sent += [(method, broken) for method in {method for method, _ in sent}]
    return sent


def send(channel: grpc.Channel, method: str, message: bytes) -> str:
    """Calls, takes all of the answer, and returns the code's name."""
    metadata = [("x-secret", SECRET)]
    try:
        if method.endswith("Stream"):
            list(
                channel.stream_stream(method)(
                    iter([message]), metadata=metadata, timeout=60
                )
            )
        elif method.endswith("Chunks"):
            list(
                channel.unary_stream(method)(
                    message, metadata=metadata, timeout=60
                )
            )
        else:
            channel.unary_unary(method)(
                message, metadata=metadata, timeout=60
            )
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


def test_they_are_nowhere(serve, repository, add_model, collector):
    add_model("m")
    with serve(
        repository,
        f"--otlp-endpoint={collector.address}",
        "--model-control=on",
        "--log-format=json",
    ) as server:
        codes = set()
        with grpc.insecure_channel(server.address) as channel:
            for method, message in messages():
                codes.add(send(channel, method, message))
        # Good ones and bad ones were among them.
        assert {"OK", "INVALID_ARGUMENT", "NOT_FOUND"} <= codes
        with strata.Client(server.address, timeout=60, retries=0) as client:
            assert client.encode(["well"], "m")[0].error is None
        metrics = wire.scrape(server)
    spans = collector.spans(1)
    # The server has stopped, so that all have come.
    while not collector.messages.empty():
        spans.append(collector.messages.get())
    told = [metrics, *server.lines, *map(str, spans)]
    assert len(spans) > 10
    for text in told:
        assert SECRET not in text
        assert "Kolibri" not in text
        assert "907, 905" not in text
