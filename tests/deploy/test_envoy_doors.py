# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The other doors that Envoy opens: JSON over HTTP, and gRPC-Web."""

from __future__ import annotations

import base64
import functools
import http.client
import json
import os
import re
import struct
import subprocess
import sys
from typing import Any

import fake_server
import grpc
import numpy as np
import pages
import proxied
import pytest
import wire
import yaml
from test_envoy import Upstream

import strata
from strata.v1 import hidden_state_service_pb2 as service_pb2

RULES = yaml.safe_load(
    (proxied.CONFIG.parent / "rest.yaml").read_text()
)["http"]["rules"]
TEXTS = ["Hello world!", "This is a test"]
ENCODE = "/strata.v1.HiddenStateService/Encode"
MEAN = {"outputs": [{"pooling": "POOLING_MEAN"}]}


@pytest.fixture(scope="module")
def envoy(server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("envoy")
    with proxied.envoy(folder, [server.address]) as running:
        yield running


def ask_at(port: int, method: str, path: str, body=None, headers=None):
    """The response to a request, and its bytes. A body is JSON, or bytes."""
    if not isinstance(body, bytes | None):
        body = json.dumps(body).encode()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    data = response.read()
    connection.close()
    return response, data


@pytest.fixture(scope="module")
def ask(envoy):
    """ask(method, path, body, headers): of the Envoy that the tests share."""
    return functools.partial(ask_at, envoy.port)


@pytest.fixture(scope="module")
def rest(ask):
    """rest(method, path, body): the status and the JSON of an answer."""

    def rest(method: str, path: str, body: Any = None, **headers: str):
        response, data = ask(method, path, body, headers)
        assert response.headers["content-type"] == "application/json"
        return response.status, json.loads(data)

    return rest


def inputs(texts=TEXTS) -> dict[str, Any]:
    return {"inputs": [{"text": text} for text in texts]}


def array(tensor: dict[str, Any]) -> np.ndarray:
    shape = [int(size) for size in tensor["shape"]]
    data = base64.b64decode(tensor["data"])
    return np.frombuffer(data, "<f4").reshape(shape)


def expect_close(got, expected) -> None:
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "path", ["/v1/models/minilm:encode", "/v1/models/minilm/versions/1:encode"]
)
def test_encode(rest, client, path):
    status, answer = rest("POST", path, {**inputs(), **MEAN})
    assert status == 200
    assert (answer["model"], answer["version"]) == ("minilm", "1")
    got = [x["outputs"][0]["tensor"] for x in answer["encodings"]]
    expected = client.encode(TEXTS, "minilm", pooling="mean")
    assert len(got) == 2
    for tensor, one in zip(got, expected):
        expect_close(array(tensor), one.hidden_states)


def test_names_of_the_protos_are_understood(rest):
    body = {**inputs(), "return_pieces": True}
    _, answer = rest("POST", "/v1/models/minilm:encode", body)
    assert answer["encodings"][0]["pieces"][1]["text"] == "hello"


@pytest.mark.parametrize("version", ["", "/versions/1"])
def test_encode_in_parts(rest, client, version):
    """The answer is an array of events, in the order that they came in."""
    path = f"/v1/models/minilm{version}:encodeChunks"
    status, events = rest("POST", path, inputs(TEXTS[:1]))
    assert status == 200
    [encoding] = [x["encoding"] for x in events if "encoding" in x]
    parts = [x["part"] for x in events if "part" in x]
    data = b"".join(base64.b64decode(part["data"]) for part in parts)
    shape = [int(x) for x in encoding["outputs"][0]["tensor"]["shape"]]
    [expected] = client.encode(TEXTS[:1], "minilm")
    expect_close(
        np.frombuffer(data, "<f4").reshape(shape), expected.hidden_states
    )
    assert "done" in events[-1]


def test_tokenize_and_back(rest, client):
    _, answer = rest("POST", "/v1/models/minilm:tokenize", inputs(TEXTS[:1]))
    [tokenized] = answer["inputs"]
    ids = [int(piece["id"]) for piece in tokenized["pieces"]]
    assert ids == client.tokenize(TEXTS[:1], "minilm")[0].ids
    _, answer = rest(
        "POST",
        "/v1/models/minilm:detokenize",
        {"inputs": [{"ids": ids}], "skipSpecialPieces": True},
    )
    assert answer["texts"] == ["hello world!"]


def test_models(rest, client):
    status, answer = rest("GET", "/v1/models?pageSize=1")
    assert status == 200
    assert len(answer["models"]) == 1
    token = answer["nextPageToken"]
    _, answer = rest("GET", f"/v1/models?pageToken={token}")
    assert len(answer["models"]) == len(client.models()) - 1
    for path in ("/v1/models/minilm", "/v1/models/minilm/versions/1"):
        _, answer = rest("GET", path)
        assert answer["summary"]["state"] == "MODEL_STATE_READY"
        assert answer["traceReport"]["width"] == 384


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "reason"),
    [
        ("POST", "nobody:encode", inputs(), 404, "MODEL_NOT_FOUND"),
        ("GET", "nobody", None, 404, "MODEL_NOT_FOUND"),
        ("POST", "minilm:encode", inputs([]), 400, "INVALID_FIELD"),
        ("POST", "minilm:encodeChunks", inputs([]), 400, "INVALID_FIELD"),
        (
            "POST",
            "minilm:encodeToFile",
            {"request": inputs(), "file": "a.safetensors"},
            403,
            "NOT_ALLOWED",
        ),
    ],
)
def test_errors(rest, method, path, body, status, reason):
    """A status of HTTP, and google.rpc.Status with its details."""
    got, answer = rest(method, f"/v1/models/{path}", body)
    assert got == status, answer
    [info] = [x for x in answer["details"] if "reason" in x]
    assert (info["domain"], info["reason"]) == ("strata", reason)
    assert answer["message"]


def test_a_deadline(rest):
    body = {**inputs(f"{i} " * 300 for i in range(100)), **MEAN}
    status, _ = rest(
        "POST", "/v1/models/minilm:encode", body, **{"grpc-timeout": "1m"}
    )
    # By Envoy's clock or the server's, or by its foresight (SERVER_FULL).
    assert status in (504, 429)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("minilm:encode", b'{"inputs": [{"text": 3}]}'),
        ("minilm:encode", b'{"inputs": '),
        ("minilm:encode", b'{"input": []}'),
        ("minilm/versions/newest:encode", b"{}"),
        ("minilm:encode?pageSize=3", b"{}"),
    ],
)
def test_what_is_no_request(ask, path, body):
    response, data = ask("POST", f"/v1/models/{path}", body)
    assert response.status == 400
    assert response.headers["content-type"] == "application/json"
    assert json.loads(data)["message"]


def test_what_is_not_there(ask):
    for path in ("/", "/v1", "/v1/models/m:guess", "/v1/models/m:load"):
        response, data = ask("POST", path, b"{}")
        assert response.status == 404
        assert json.loads(data) == {"message": "there is no such path"}


def test_a_body_that_is_too_large(ask):
    for size, expected in ((4 << 20, 200), (65 << 20, 413)):
        # One word, however long, is a piece that the vocabulary lacks.
        body = b'{"inputs": [{"text": "' + b"a" * size + b'"}]}'
        response, data = ask("POST", "/v1/models/minilm:encode", body)
        assert response.status == expected, data[:500]
    assert json.loads(data) == {"message": "Payload Too Large"}


def test_an_answer_that_is_too_large(ask):
    """It is refused whole; in parts it comes."""
    body = inputs(f"{i} " * 400 for i in range(30))
    body["outputs"] = [{"layers": [0, 1, 2, 3]}]
    response, data = ask("POST", "/v1/models/minilm:encode", body)
    assert response.status == 500
    assert "exceeds" in json.loads(data)["message"]
    response, data = ask("POST", "/v1/models/minilm:encodeChunks", body)
    assert response.status == 200
    assert len(data) > 64 << 20
    assert "done" in json.loads(data)[-1]


def test_an_answer_in_parts_that_breaks_off(tmp_path):
    """What the page says of it: nothing but the missing "done" tells."""
    fake = Upstream()
    fake.answer = lambda request: [
        service_pb2.EncodeChunksResponse(input=0),
        fake_server.failure(grpc.StatusCode.INTERNAL, "in the midst of it"),
    ]
    with fake_server.serving(fake) as address:
        with proxied.envoy(tmp_path, [address]) as envoy:
            response, data = ask_at(
                envoy.port, "POST", "/v1/models/m:encodeChunks", {}
            )
    assert response.status == 200
    events = json.loads(data)
    assert len(events) == 1 and "done" not in events[0]


def test_the_request_id_is_the_callers(ask):
    path = "/v1/models/minilm:tokenize"
    response, _ = ask("POST", path, inputs(), {"x-request-id": "mine"})
    assert response.headers["x-request-id"] == "mine"
    response, _ = ask("POST", path, inputs())
    assert response.headers["x-request-id"]


@pytest.mark.parametrize(
    "method",
    [
        "strata.v1.ModelService/LoadModel",
        "strata.v1.ModelService/UnloadModel",
        "inference.GRPCInferenceService/RepositoryModelLoad",
        "inference.GRPCInferenceService/RepositoryModelUnload",
        "inference.GRPCInferenceService/SystemSharedMemoryRegister",
        "inference.GRPCInferenceService/SystemSharedMemoryUnregister",
    ],
)
def test_what_is_about_one_server_is_refused(envoy, method):
    with pytest.raises(strata.StrataError) as raised:
        wire.call(envoy.address, f"/{method}", b"")
    assert raised.value.code is grpc.StatusCode.PERMISSION_DENIED
    assert raised.value.reason == ""


def test_no_server(tmp_path):
    """Envoy's own error is JSON for one, and a gRPC status for another."""

    def dead(config):
        proxied.cluster(config).pop("health_checks")

    address = f"127.0.0.1:{proxied.free_port()}"
    with proxied.envoy(tmp_path, [address], dead) as envoy:
        response, data = ask_at(envoy.port, "POST", "/v1/models/m:encode", {})
        assert response.status == 503
        assert json.loads(data)["message"].startswith("upstream connect error")
        with strata.Client(envoy.address, retries=0) as client:
            with pytest.raises(strata.StrataError) as raised:
                client.models()
        assert raised.value.code is grpc.StatusCode.UNAVAILABLE
        assert raised.value.message.startswith("upstream connect error")


def test_the_page_lists_every_rule():
    """docs/envoy.md says of each RPC what is asked for it."""
    table = pages.prose(proxied.PAGE)
    told = re.findall(r"^\| `(GET|POST) (\S+?)`", table, re.MULTILINE)
    got = {path for _, path in told}
    got.add("/v1/models/{model}:detokenize")  # In one line with :tokenize.
    rules = {rule.get("get") or rule["post"] for rule in RULES}
    assert got == {path.replace("request.", "") for path in rules}


def test_every_rpc_has_a_rule():
    """But EncodeStream, whose requests are a stream, and those of one server."""
    methods = {
        f"{service.full_name}.{method.name}"
        for pool in (service_pb2, *_other_services())
        for service in pool.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    none = {
        "strata.v1.HiddenStateService.EncodeStream",
        "strata.v1.ModelService.LoadModel",
        "strata.v1.ModelService.UnloadModel",
    }
    assert {rule["selector"] for rule in RULES} == methods - none


def _other_services():
    from strata.v1 import model_service_pb2, tokenizer_service_pb2

    return model_service_pb2, tokenizer_service_pb2


def test_a_rule_of_no_rpc_is_refused(tmp_path, monkeypatch):
    import generate_descriptors

    rules = tmp_path / "rest.yaml"
    rules.write_text(
        "http: {rules: [{selector: strata.v1.Nobody.Asks, get: /v1/nobody}]}"
    )
    monkeypatch.setattr(generate_descriptors, "RULES", rules)
    monkeypatch.setattr(sys, "argv", ["", str(tmp_path / "out.pb")])
    with pytest.raises(SystemExit, match="no such RPC: strata.v1.Nobody.Asks"):
        generate_descriptors.main()


def block(language: str, holding: str, envoy: proxied.Envoy) -> str:
    """The page's code, which asks the Envoy of the test."""
    code = pages.block(proxied.PAGE, language, holding).code
    return code.replace("127.0.0.1:8080", envoy.address)


@pytest.mark.parametrize(
    ("holding", "expected"),
    [("minilm:encode", '"encodings"'), ("nobody:encode", '"code"')],
)
def test_the_pages_calls_by_curl(envoy, holding, expected):
    command = block("sh", holding, envoy)
    done = subprocess.run(
        ["bash", "-c", command], check=True, capture_output=True, text=True
    )
    answer = json.loads(done.stdout)
    assert expected.strip('"') in answer
    if "code" in answer:
        told = json.loads(block("json", "MODEL_NOT_FOUND", envoy))
        assert {**answer, "message": "..."} == told


def test_the_pages_call_from_python(envoy):
    code = block("python", "urllib", envoy)
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert done.stdout == "(1, 384)\n"


def test_the_pages_command_line(envoy, bin_dir):
    command = block("sh", "strata --server", envoy)
    command = command.replace("build/release/bin", str(bin_dir))
    done = subprocess.run(
        ["bash", "-c", command],
        check=True,
        capture_output=True,
        text=True,
        env=dict(os.environ),
    )
    assert "[1, 384]" in done.stdout


def grpc_web(message: bytes) -> bytes:
    return struct.pack(">BI", 0, len(message)) + message


def test_grpc_web(ask, client):
    request = strata.Client.encode_request(TEXTS, "minilm", pooling="mean")
    response, data = ask(
        "POST",
        ENCODE,
        grpc_web(request.SerializeToString()),
        {"content-type": "application/grpc-web+proto", "x-grpc-web": "1"},
    )
    assert response.status == 200
    flags, length = struct.unpack(">BI", data[:5])
    assert flags == 0
    answer = service_pb2.EncodeResponse.FromString(data[5 : 5 + length])
    expected = client.encode(TEXTS, "minilm", pooling="mean")
    for one, other in zip(answer.encodings, expected):
        got = np.frombuffer(one.outputs[0].tensor.data, "<f4")
        expect_close(got, other.hidden_states.ravel())
    assert b"grpc-status:0" in data[5 + length :]


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("http://127.0.0.1:8000", True), ("http://elsewhere.example", False)],
)
def test_whose_pages_may_ask(ask, origin, allowed):
    response, _ = ask(
        "OPTIONS",
        ENCODE,
        None,
        {
            "origin": origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type,x-grpc-web",
        },
    )
    told = response.headers.get("access-control-allow-origin")
    assert told == (origin if allowed else None)


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:8000", "http://elsewhere.example"]
)
@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_pages_cannot_send_json(ask, origin, kind):
    """A browser would send text/plain without asking whether it may."""
    response, data = ask(
        "POST",
        "/v1/models/minilm:encode",
        inputs(),
        {"origin": origin, "content-type": kind},
    )
    assert response.status == 403
    assert "RBAC" in json.loads(data)["message"]
