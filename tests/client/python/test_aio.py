# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The asyncio client sends what the other sends, and answers alike."""

import asyncio
import threading

import fake_server
import grpc
import pytest
from google.protobuf import text_format
from grpc_health.v1 import health_pb2
from test_client import STATES, encoding, reply, summary
from test_parts import CHUNK, UNAVAILABLE, events, stream_events

import strata
from strata.v1 import hidden_state_service_pb2 as service_pb2
from strata.v1 import model_service_pb2, tokenizer_service_pb2

TOKENS = text_format.Parse(
    "inputs { pieces { id: 5 text: 'a' end: 1 } truncated_pieces: 2 }",
    tokenizer_service_pb2.TokenizeResponse(),
)
PAGES = {
    "": model_service_pb2.ListModelsResponse(
        models=[summary("a")], next_page_token="more"
    ),
    "more": model_service_pb2.ListModelsResponse(models=[summary("b")]),
}
CALLS = {
    "encode": (
        lambda client: client.encode(
            ["a", [4]], "m", layers=[0], dtype="float16"
        ),
        lambda request: reply(encoding(STATES), encoding(STATES)),
    ),
    "in parts": (
        lambda client: client.encode(["a"], "m", in_parts=True),
        lambda request: events(CHUNK),
    ),
    "to a file": (
        lambda client: client.encode_to_file(["a"], "a.safetensors", "m"),
        lambda request: service_pb2.EncodeToFileResponse(
            model="m", version=3, digest="sha256:00", file_bytes=7
        ),
    ),
    "tokenize": (
        lambda client: client.tokenize(["a"], "m", truncation="left"),
        lambda request: TOKENS,
    ),
    "detokenize": (
        lambda client: client.detokenize([[1]], skip_special_pieces=True),
        lambda request: tokenizer_service_pb2.DetokenizeResponse(texts=["a"]),
    ),
    "models": (
        lambda client: client.models(),
        lambda request: PAGES[request.page_token],
    ),
    "model": (
        lambda client: client.model("m", version_label="stable"),
        lambda request: model_service_pb2.GetModelResponse(
            summary=summary("m")
        ),
    ),
    "health": (
        lambda client: client.health("m"),
        lambda request: health_pb2.HealthCheckResponse(status=1),
    ),
}


def run(target, call, **arguments):
    async def made():
        async with strata.AsyncClient(target, **arguments) as client:
            return await call(client)

    return asyncio.run(made())


def shown(result):
    """What can be compared: arrays cannot."""
    return [
        (x, x.hidden_states.tolist()) if hasattr(x, "hidden_states") else x
        for x in (result if isinstance(result, list) else [result])
    ]


@pytest.mark.parametrize("name", CALLS)
def test_the_twin_does_the_same(fake, name):
    call, fake.answer = CALLS[name]
    with fake_server.serving(fake) as target:
        with strata.Client(target) as client:
            expected = call(client)
        sent = len(fake.requests)
        answered = run(target, call)
    assert shown(answered) == shown(expected)
    assert sent and fake.requests[sent:] == fake.requests[:sent]


def test_parts_that_break_off_are_asked_for_again(fake):
    broken = []

    def answer(request):
        broken.append(request)
        whole = list(events(CHUNK))
        return whole if len(broken) > 1 else [*whole[:2], UNAVAILABLE]

    fake.answer = answer
    with fake_server.serving(fake) as target:
        [answer] = run(target, lambda c: c.encode(["a"], in_parts=True))
    assert (answer.hidden_states == STATES).all()
    assert len(broken) == 2


def test_a_task_that_is_cancelled_ends_its_call(fake):
    begun, cancelled = threading.Event(), threading.Event()

    def serve(request, context):
        context.add_callback(cancelled.set)
        begun.set()
        assert cancelled.wait(60)

    fake.Encode = serve

    async def cancel(client):
        task = asyncio.create_task(client.encode(["a"]))
        assert await asyncio.to_thread(begun.wait, 60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with fake_server.serving(fake) as target:
        run(target, cancel)
        assert cancelled.wait(60)


def test_errors_are_read_alike(fake):
    fake.answer = lambda request: fake_server.failure(
        grpc.StatusCode.NOT_FOUND,
        'no model "m"',
        fake_server.reason("MODEL_NOT_FOUND"),
    )
    with fake_server.serving(fake) as target:
        with pytest.raises(strata.StrataError) as raised:
            run(target, lambda client: client.encode(["a"], "m"))
    assert raised.value.code is grpc.StatusCode.NOT_FOUND
    assert raised.value.reason == "MODEL_NOT_FOUND"


def test_a_token_travels_unencrypted_only_if_told_to():
    async def make(**arguments):
        client = strata.AsyncClient("strata.example:1", token="a", **arguments)
        await client.close()

    with pytest.raises(ValueError, match="token_on_plaintext"):
        asyncio.run(make())
    asyncio.run(make(token_on_plaintext=True))


def test_a_stream_may_be_left_early(fake):
    fake.answer = stream_events

    async def leave(client):
        requests = (client.encode_request(["a"]) for _ in iter(int, 1))
        answers = client.encode_stream(requests)
        assert (await anext(answers)).index == 0
        await answers.aclose()
        while asyncio.all_tasks() != {asyncio.current_task()}:
            await asyncio.sleep(0.01)

    with fake_server.serving(fake) as target:
        run(target, leave)
