# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Who may call a server that has a list of tokens."""

import json
import os
import subprocess

import grpc
import pytest
import wire
from bearer import entry
from certificates import Certificate
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

import strata
from strata.v1 import hidden_state_service_pb2 as service_pb2
from strata.v1 import model_service_pb2

READER = "reader-4f1c0c9d2b"
ADMIN = "admin-77aa01be95"
TEXT = "Seventeen quite private words."


@pytest.fixture(scope="module")
def list_of_tokens(tmp_path_factory):
    file = tmp_path_factory.mktemp("list") / "tokens.json"
    file.write_text(
        json.dumps(
            [entry("search", READER, "read"), entry("ops", ADMIN, "admin")]
        )
    )
    return file


@pytest.fixture(scope="module")
def token_server(serve, small, list_of_tokens):
    with serve(
        small, f"--tokens={list_of_tokens}", "--tokens-on-plaintext=on"
    ) as server:
        yield server


def encode(server, token):
    with strata.Client(
        server.address, timeout=60, token=token, retries=0
    ) as client:
        return client.encode([TEXT])


def expect_unknown(call) -> None:
    with pytest.raises(strata.StrataError) as raised:
        call()
    assert raised.value.code is grpc.StatusCode.UNAUTHENTICATED
    assert raised.value.reason == "NOT_AUTHENTICATED"


@pytest.mark.parametrize("token", [None, "wrong-0123", READER[:-1], ""])
def test_a_token_that_does_not_count(token_server, token):
    expect_unknown(lambda: encode(token_server, token))


def test_a_reader_reads_in_every_way(token_server):
    with strata.Client(
        token_server.address, timeout=60, token=READER, retries=0
    ) as client:
        [whole] = client.encode([TEXT])
        [parts] = client.encode([TEXT], in_parts=True)
        [streamed] = client.encode_stream([client.encode_request([TEXT])])
        assert whole.piece_count == parts.piece_count
        assert streamed.encodings[0].piece_count == whole.piece_count
        assert client.tokenize([TEXT])[0].pieces
        assert [x.name for x in client.models()] == ["m"]
        assert client.model().state == "ready"


def test_streams_and_parts_want_a_token_too(token_server):
    with strata.Client(token_server.address, timeout=60, retries=0) as client:
        expect_unknown(lambda: client.encode([TEXT], in_parts=True))
        requests = [client.encode_request([TEXT])]
        expect_unknown(lambda: list(client.encode_stream(requests)))


def load_model(server, token) -> strata.StrataError:
    method = wire.MODELS + "LoadModel"
    metadata = [("authorization", f"Bearer {token}")]
    with grpc.insecure_channel(server.address) as channel:
        with pytest.raises(grpc.RpcError) as raised:
            channel.unary_unary(method)(b"", metadata=metadata, timeout=60)
    return strata.StrataError.from_rpc_error(raised.value)


def test_what_only_an_admin_may(token_server):
    error = load_model(token_server, READER)
    assert error.code is grpc.StatusCode.PERMISSION_DENIED
    assert error.reason == "NOT_ALLOWED"
    assert "needs the role admin" in str(error)
    assert "needs the role" not in str(load_model(token_server, ADMIN))


def test_an_admin_loads_where_the_operator_allows_it(
    serve, small, list_of_tokens
):
    with serve(
        small,
        f"--tokens={list_of_tokens}",
        "--tokens-on-plaintext=on",
        "--model-control=on",
    ) as server:
        assert "needs the role admin" in str(load_model(server, READER))
        request = model_service_pb2.LoadModelRequest(model="m")
        with grpc.insecure_channel(server.address) as channel:
            answer = channel.unary_unary(wire.MODELS + "LoadModel")(
                request.SerializeToString(),
                metadata=[("authorization", f"Bearer {ADMIN}")],
                timeout=60,
            )
        loaded = model_service_pb2.LoadModelResponse.FromString(answer)
        assert loaded.summary.state == model_service_pb2.MODEL_STATE_READY


def test_health_and_reflection_are_open(token_server):
    with strata.Client(token_server.address, timeout=60, retries=0) as client:
        assert client.health("m") == "SERVING"
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    with grpc.insecure_channel(token_server.address) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        [reply] = stub.ServerReflectionInfo(iter([request]), timeout=30)
        assert reply.list_services_response.service


def test_the_command_line(bin_dir, token_server, tmp_path):
    file = tmp_path / "token"
    file.write_text(READER + "\n")
    line = [bin_dir / "strata", "--server", token_server.address, "models"]

    def run(*options, **environment):
        return subprocess.run(
            [*line, *options],
            capture_output=True,
            text=True,
            env=dict(os.environ, **environment),
        )

    assert run("--token-file", file).returncode == 0
    assert run(STRATA_TOKEN=READER).returncode == 0
    refused = run()
    assert refused.returncode == 1
    assert "UNAUTHENTICATED" in refused.stderr
    assert "--token-file, or set STRATA_TOKEN" in refused.stderr
    refused = run(STRATA_TOKEN="wrong-0123")
    assert refused.returncode == 1
    assert "wrong-0123" not in refused.stderr


def test_tokens_are_replaced_under_a_running_server(serve, small, tmp_path):
    file = tmp_path / "tokens.json"
    file.write_text(json.dumps([entry("a", "old-token-01", "read")]))
    with serve(
        small,
        f"--tokens={file}",
        "--tokens-on-plaintext=on",
        "--credentials-reload=0s",
    ) as server:
        assert encode(server, "old-token-01")
        file.write_text("not JSON, old-token-01")
        assert encode(server, "old-token-01")
        file.write_text(json.dumps([entry("a", "new-token-02", "read")]))
        assert encode(server, "new-token-02")
        expect_unknown(lambda: encode(server, "old-token-01"))
    log = "\n".join(server.lines)
    assert "event=tokens_not_reloaded" in log
    assert "old-token-01" not in log and "new-token-02" not in log


def test_neither_tokens_nor_texts_are_logged_or_counted(
    serve, small, list_of_tokens
):
    with serve(
        small, f"--tokens={list_of_tokens}", "--tokens-on-plaintext=on"
    ) as server:
        encode(server, READER)
        with pytest.raises(strata.StrataError):
            encode(server, "wrong-0123")
        metrics = wire.scrape(server)
    rejections = 'strata_rejections_total{reason="NOT_AUTHENTICATED"} 1'
    assert rejections in metrics
    for secret in (READER, "wrong-0123", "private", "Bearer"):
        assert secret not in metrics
        assert secret not in "\n".join(server.lines)


def test_a_large_header_is_refused(serve, small):
    with serve(small, "--max-header-bytes=2KiB") as server:
        request = service_pb2.EncodeRequest()
        request.inputs.add().text = TEXT
        with grpc.insecure_channel(server.address) as channel:
            call = channel.unary_unary(wire.HIDDEN_STATES + "Encode")
            data = request.SerializeToString()
            small_header = [("x-padding", "x" * 1000)]
            assert call(data, metadata=small_header, timeout=60)
            with pytest.raises(grpc.RpcError) as raised:
                call(data, metadata=[("x-padding", "x" * 4000)], timeout=60)
            code = raised.value.code()
            assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        # gRPC's server may have closed the connection.
        with strata.Client(server.address, timeout=60, retries=0) as client:
            assert client.encode([TEXT])


def start(bin_dir, small, *flags):
    """A start that fails."""
    return subprocess.run(
        [
            bin_dir / "strata-server",
            f"--repository={small}",
            "--listen=127.0.0.1:0",
            "--metrics-listen=off",
            *flags,
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_tokens_are_not_taken_unencrypted_unless_asked(
    bin_dir, small, list_of_tokens
):
    done = start(bin_dir, small, f"--tokens={list_of_tokens}")
    assert done.returncode == 2
    assert "--tokens-on-plaintext" in done.stderr


def test_a_token_in_place_of_its_hash_is_not_repeated(
    bin_dir, small, tmp_path
):
    file = tmp_path / "tokens.json"
    file.write_text('[{"subject": "a", "sha256": "' + READER + '"}]')
    flags = [f"--tokens={file}", "--tokens-on-plaintext=on"]
    done = start(bin_dir, small, *flags)
    assert done.returncode == 1
    assert str(file) in done.stderr and "entry 0" in done.stderr
    assert READER not in done.stderr


def test_a_token_over_an_encrypted_connection(
    serve, bin_dir, small, list_of_tokens, tmp_path
):
    shown = Certificate(tmp_path, "shown")
    with serve(small, f"--tokens={list_of_tokens}", *shown.flags) as server:
        roots = shown.certificate.read_bytes()
        with strata.Client(
            server.address, root_certificates=roots, token=READER, retries=0
        ) as client:
            assert client.encode([TEXT])
        with strata.Client(
            server.address, root_certificates=roots, retries=0
        ) as client:
            expect_unknown(lambda: client.encode([TEXT]))


def test_admin_calls_on_a_port_of_their_own(serve, small, list_of_tokens):
    with serve(
        small,
        f"--tokens={list_of_tokens}",
        "--tokens-on-plaintext=on",
        "--admin-listen=127.0.0.1:0",
    ) as server:
        [line] = [x for x in server.lines if x.startswith("admin calls at ")]
        assert "--admin-listen" in str(load_model(server, ADMIN))
        server.address = line.removeprefix("admin calls at ")
        assert "--admin-listen" not in str(load_model(server, ADMIN))
        assert "needs the role admin" in str(load_model(server, READER))
