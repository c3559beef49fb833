# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""A server's life: start, signals, cancellation, and what it says of itself."""

import os
import pathlib
import re
import signal
import socket
import time
import urllib.error
import urllib.request
from concurrent import futures

import grpc
import http2
import numpy as np
import pytest
import watched
import wire
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from server_process import ServerProcess

import strata
from strata.v1 import hidden_state_service_pb2 as service_pb2
from strata.v1 import hidden_state_service_pb2_grpc


def healths(address: str, *names: str) -> list[str]:
    with strata.Client(address, timeout=30, retries=0) as client:
        return [client.health(name) for name in names]


def test_the_lines_that_scripts_wait_for(serve, repository, add_model):
    add_model("m")
    add_model("n")
    with serve(repository) as server:
        pass
    metrics = [i for i, x in enumerate(server.lines) if "metrics at " in x]
    listening = [i for i, x in enumerate(server.lines) if "listening on " in x]
    ready = [i for i, x in enumerate(server.lines) if "event=model_ready" in x]
    assert len(metrics) == len(listening) == 1
    assert len(ready) == 2
    # Whoever waits for the second finds every model in its final state.
    assert metrics[0] < min(ready) and max(ready) < listening[0]
    for index in (*metrics, *listening):
        assert re.fullmatch(
            r"(metrics at|listening on) 127\.0\.0\.1:[1-9]\d*",
            server.lines[index],
        )


def test_health_says_when_every_model_is_loaded(
    bin_dir, models, repository, add_model
):
    add_model("m")
    # Whose examination takes seconds.
    (repository / "n").symlink_to(models / "minilm")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    seen = []

    def look(line: str) -> None:
        if "event=model_loading model=n" in line:
            seen.append(healths(address, "", "/started", "/live"))

    flags = [f"--listen={address}", "--intra-op-threads=1", "--lame-duck=0s"]
    with ServerProcess(bin_dir / "strata-server", repository, flags, look):
        assert seen == [["SERVING", "NOT_SERVING", "SERVING"]]
        assert healths(address, "", "/started") == ["SERVING", "SERVING"]


def test_health_knows_refused_models_from_a_dead_server(
    serve, repository, add_model
):
    (add_model("m") / "model.pt").write_text("no trace")
    with serve(repository) as server:
        names = "", "m", "/started", "/live"
        assert healths(server.address, *names) == [
            *("NOT_SERVING", "NOT_SERVING", "SERVING", "SERVING")
        ]


def test_health_says_that_a_server_lives_while_it_drains(serve, small):
    with serve(small, "--lame-duck=30s") as server:
        server.send_signal(signal.SIGTERM)
        names = "", "/live"
        drains = ["NOT_SERVING", "SERVING"]
        wire.wait_until(lambda: healths(server.address, *names) == drains)
        server.send_signal(signal.SIGINT)  # Ends the pause.
        assert server.wait() == 0


def test_a_report_is_kept_for_the_next_start(
    serve, repository, add_model, tmp_path
):
    add_model("m")
    answers = []
    for said in ('report=new', 'report="of an earlier load"'):
        reports = tmp_path / "reports"
        with serve(repository, f"--report-directory={reports}") as server:
            with strata.Client(
                server.address, timeout=60, retries=0
            ) as client:
                [encoding] = client.encode(["Seventeen words."])
                answers.append(encoding.hidden_states)
        [ready] = [x for x in server.lines if "event=model_ready" in x]
        assert said in ready
    np.testing.assert_array_equal(*answers)


def test_metrics(serve, repository, add_model):
    add_model("m")
    with serve(repository) as server:
        with strata.Client(server.address, timeout=60, retries=0) as client:
            [encoding] = client.encode(["Seventeen words."])
            with pytest.raises(strata.StrataError):
                client.encode(["x"], "no-such-model")
        text = wire.scrape(server)
    pieces = encoding.piece_count
    for line in [
        'strata_requests_total{code="OK",model="m"} 1',
        'strata_inputs_total{model="m"} 1',
        f'strata_pieces_total{{model="m"}} {pieces}',
        'strata_rejections_total{reason="MODEL_NOT_FOUND"} 1',
        'strata_forward_duration_seconds_count{model="m"} 1',
        'strata_batch_rows_sum{model="m"} 1',
        f'strata_batch_pieces_sum{{model="m"}} {pieces}',
        'strata_batch_padding_ratio_sum{model="m"} 0',
        'strata_graph_compilations_total{model="m"} 0',
        "strata_queue_depth_inputs 0",
        "strata_in_flight_requests 0",
    ]:
        assert f"\n{line}\n" in text, f"{line} is not in:\n{text}"
    for stage in ("tokenize", "queue", "compute", "total"):
        series = f'model="m",stage="{stage}"'
        name = "strata_stage_duration_seconds"
        assert f"{name}_count{{{series}}} 1\n" in text
        assert f'{name}_bucket{{{series},le="+Inf"}} 1\n' in text
    assert 'strata_model_state{model="m",state="ready",version="1"} 1\n' in text
    assert "\nstrata_build_info{version=" in text
    # A name that a caller made up must not become a label.
    assert "no-such-model" not in text


def test_metrics_can_be_switched_off(serve, repository):
    with serve(repository, "--metrics-listen=off") as server:
        assert server.metrics_address == ""
        assert not any("metrics at" in line for line in server.lines)


def test_metrics_answer_nothing_else(server):
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(f"http://{server.metrics_address}/", timeout=30)
    assert raised.value.code == 404


@pytest.mark.parametrize(
    "name, value",
    [
        ("OMP_WAIT_POLICY", "passive"),
        ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64"),
        # The number of CPUs follows, and how free memory is given back.
        ("MALLOC_CONF", "narenas:"),
    ],
)
def test_settings_of_libraries(server, name, value):
    # As the loader saw them, so as OpenMP did.
    with open(f"/proc/{server.pid}/environ", "rb") as file:
        variables = file.read().decode().split("\0")
    [found] = [x for x in variables if x.startswith(f"{name}=")]
    assert found.startswith(f"{name}={os.environ.get(name, value)}")


def test_the_process_is_found_by_its_name(server):
    name = pathlib.Path(f"/proc/{server.pid}/comm").read_text()
    assert name == "strata-server\n"


def test_reflection_lists_the_services(server):
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    with grpc.insecure_channel(server.address) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        [reply] = stub.ServerReflectionInfo(iter([request]), timeout=30)
        names = {x.name for x in reply.list_services_response.service}
        assert {
            "strata.v1.HiddenStateService",
            "strata.v1.TokenizerService",
            "strata.v1.ModelService",
            "grpc.health.v1.Health",
            "inference.GRPCInferenceService",
        } <= names
        by_name = reflection_pb2.ServerReflectionRequest(
            file_containing_symbol="strata.v1.EncodeRequest"
        )
        [reply] = stub.ServerReflectionInfo(iter([by_name]), timeout=30)
        assert reply.file_descriptor_response.file_descriptor_proto


def test_versions(serve, repository, add_model):
    add_model("m", 1)
    add_model("m", 3)
    (add_model("m", 10) / "model.pt").write_bytes(b"not a trace")
    with serve(repository) as server:
        with strata.Client(server.address, timeout=60, retries=0) as client:
            states = [(x.version, x.state) for x in client.models()]
            assert states == [(1, "ready"), (3, "ready"), (10, "refused")]
            # 0 is the newest that is ready, not the newest that is there.
            [newest] = client.encode(["Which version?"])
            [older] = client.encode(["Which version?"], version=1)
            assert (newest.version, older.version) == (3, 1)
            np.testing.assert_array_equal(
                newest.hidden_states, older.hidden_states
            )
            assert client.model("m").version == 3
            assert client.model("m", 1).version == 1
            assert client.model("m", 10).state == "refused"
            assert client.health("m") == "SERVING"
            with pytest.raises(strata.StrataError) as raised:
                client.encode(["Which version?"], version=10)
            assert raised.value.reason == "MODEL_REFUSED"


def test_sigterm_under_load(serve, repository, add_model):
    """Calls that are in flight are answered; new ones are not taken."""
    add_model("m")
    with (
        serve(repository, "--lame-duck=1s") as server,
        watched.Watch(server.address) as health,
    ):
        client = strata.Client(server.address, timeout=120, retries=0)
        limit = client.model().max_pieces
        health.await_last("SERVING")
        with futures.ThreadPoolExecutor(8) as pool:
            calls = [
                pool.submit(
                    # No two alike, which would be computed as one.
                    client.encode,
                    [[7 + 6 * call + i] * limit for i in range(6)],
                    layers=[0, -1],
                )
                for call in range(8)
            ]
            wire.wait_until(
                lambda: wire.metric(server, "strata_in_flight_requests") == 8,
                "eight requests in flight",
            )
            server.send_signal(signal.SIGTERM)
            health.await_last("NOT_SERVING")
            # In the pause it still serves whoever has not noticed yet.
            assert client.encode(["late"])[0].piece_count > 0
            answers = [call.result() for call in calls]
        assert all(len(answer) == 6 for answer in answers)
        assert server.wait() == 0
        with pytest.raises(strata.StrataError) as raised:
            client.encode(["too late"])
        assert raised.value.code is grpc.StatusCode.UNAVAILABLE
        client.close()
    assert "event=stopping signal=SIGTERM pause=1s" in "\n".join(server.lines)


def test_sigint_stops_at_once(serve, repository):
    with serve(repository, "--lame-duck=20s", "--drain-timeout=30s") as server:
        begin = time.monotonic()
        server.send_signal(signal.SIGINT)
        assert server.wait() == 0
        assert time.monotonic() - begin < 15


def test_a_second_signal_hurries(serve, repository):
    with serve(repository, "--lame-duck=50s", "--drain-timeout=59s") as server:
        begin = time.monotonic()
        server.send_signal(signal.SIGTERM)
        wire.wait_until(
            lambda: any("event=stopping" in x for x in server.lines),
            "the server says that it stops",
        )
        server.send_signal(signal.SIGTERM)
        assert server.wait() == 0
        assert time.monotonic() - begin < 30


def test_a_drain_says_goodbye(serve, small):
    """GOAWAY, so that clients go elsewhere, then the end of each stream."""
    request = service_pb2.EncodeStreamRequest(
        request_id="1",
        request=service_pb2.EncodeRequest(
            inputs=[service_pb2.Input(text="A text.")]
        ),
    )
    body = http2.prefixed(request.SerializeToString())
    head = http2.headers(wire.HIDDEN_STATES + "EncodeStream")
    with (
        serve(small) as server,
        http2.connect(server.address) as connection,
    ):
        # Its stream stays open.
        connection.sendall(
            http2.greeting()
            + http2.frame(http2.HEADERS, http2.END_HEADERS, 1, head)
            + http2.frame(http2.DATA, 0, 1, body)
        )
        goodbyes, stopping, answer = 0, False, http2.Answer()
        for kind, flags, _, payload in http2.frames(connection):
            if kind == http2.DATA and not stopping:
                server.send_signal(signal.SIGTERM)
                stopping = True
            elif kind == http2.GOAWAY:
                goodbyes += 1
                # NO_ERROR, as RFC 9113 numbers it.
                assert payload[4:8] == bytes(4)
            elif kind == http2.HEADERS:
                answer.headers.append(payload)
                answer.ended = bool(flags & http2.END_STREAM)
        assert goodbyes >= 1
        assert answer.ended
        # UNAVAILABLE
        assert answer.trailer("grpc-status") == b"14"
        assert server.wait() == 0


def _taken(server) -> float:
    """How many requests the server has taken, those that are done included."""
    return sum(
        float(value)
        for value in re.findall(
            r"^strata_(?:requests_total\{.*\}|in_flight_requests) (\S+)$",
            wire.scrape(server),
            re.MULTILINE,
        )
    )


def test_a_second_signal_in_the_drain_drops_what_waits(
    serve, repository, add_model
):
    add_model("m")
    with serve(repository, "--instances=1", "--drain-timeout=59s") as server:
        with strata.Client(server.address, timeout=120, retries=0) as client:
            limit = client.model().max_pieces
            with futures.ThreadPoolExecutor(64) as pool:
                calls = [
                    pool.submit(
                        # No two alike, which would be computed as one.
                        client.encode,
                        [[7 + 16 * call + i] * limit for i in range(16)],
                        layers=[-1],
                        pooling="mean",
                    )
                    for call in range(56)
                ]
                # One that comes later is not taken at all.
                wire.wait_until(
                    lambda: _taken(server) == len(calls), "all have come"
                )
                server.send_signal(signal.SIGTERM)
                wire.wait_until(
                    lambda: any("event=stopping" in x for x in server.lines),
                    "the server says that it stops",
                )
                server.send_signal(signal.SIGTERM)
                assert server.wait() == 0
                errors = [call.exception() for call in calls]
    dropped = [x for x in errors if x is not None]
    assert dropped
    assert {x.reason for x in dropped} == {"SERVER_STOPPING"}
    assert any("waiting calls dropped" in line for line in server.lines)


def test_cancelled_texts_cost_no_compute(serve, repository, add_model):
    """48 long texts, cancelled: a short one need not wait for them."""
    add_model("m")
    with serve(repository) as server:
        with strata.Client(server.address, timeout=120, retries=0) as client:
            limit = client.model().max_pieces
            pieces = service_pb2.PieceIds(ids=[7] * limit)
            request = service_pb2.EncodeRequest(
                inputs=[service_pb2.Input(pieces=pieces)] * 32
            )
            with grpc.insecure_channel(server.address) as channel:
                stub = hidden_state_service_pb2_grpc.HiddenStateServiceStub(
                    channel
                )
                calls = [stub.Encode.future(request) for _ in range(48)]
                in_flight = "strata_in_flight_requests"
                wire.wait_until(
                    lambda: wire.metric(server, in_flight) > 40,
                    "the requests are in flight",
                )
                for call in calls:
                    call.cancel()
            [short] = client.encode(["A short text."])
            assert short.hidden_states.shape[1] == short.piece_count
            wire.wait_until(
                lambda: wire.metric(server, in_flight) == 0,
                "the cancelled requests have left",
            )
            computed = wire.metric(server, 'strata_pieces_total{model="m"}')
            # Some were done, or under way, before the cancellation came.
            assert computed < 48 * 32 * limit / 2
            assert 'reason="CALLER_CANCELLED"' in wire.scrape(server)
