# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What a server tells of itself: spans, load reports, logs, `strata top`."""

import itertools
import json
import signal
import socket
import subprocess
import time

import grpc
import http2
import pytest
import wire
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc

import strata
from strata.v1 import hidden_state_service_pb2 as service_pb2

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
SPAN_ID = "b7ad6b7169203331"
ENCODE = wire.HIDDEN_STATES + "Encode"
STAGES = ["receive", "tokenize", "queue", "forward", "respond"]


def request_for(model: str) -> bytes:
    return service_pb2.EncodeRequest(
        model=model, inputs=[service_pb2.Input(text="A text.")]
    ).SerializeToString()


def encode(address, *metadata, model="m"):
    """One Encode call; its trailing metadata."""
    with grpc.insecure_channel(address) as channel:
        _, call = channel.unary_unary(ENCODE).with_call(
            request_for(model), timeout=60, metadata=metadata
        )
        return dict(call.trailing_metadata())


def report_of(address, model="m") -> bytes | None:
    """The load report that an answer carries."""
    answer = http2.call(address, ENCODE, request_for(model))
    assert answer.trailer("grpc-status") == b"0"
    return answer.trailer("endpoint-load-metrics-bin")


def traceparent(flags: str, trace_id: str = TRACE_ID):
    return ("traceparent", f"00-{trace_id}-{SPAN_ID}-{flags}")


def attributes(span) -> dict:
    return {
        x.key: x.value.int_value if x.value.HasField("int_value")
        else x.value.string_value
        for x in span.attributes
    }


def test_a_request_is_a_span_of_its_callers_trace(
    serve, repository, add_model, collector
):
    add_model("m", 3)
    with serve(repository, f"--otlp-endpoint={collector.address}") as server:
        encode(server.address, traceparent("01"), ("x-request-id", "mine"))
        message = collector.messages.get(timeout=60)
        text = wire.scrape(server)
    [resource] = message.resource_spans
    told = {x.key: x.value.string_value for x in resource.resource.attributes}
    assert told["service.name"] == "strata"
    assert told["service.version"] in text
    [scope] = resource.scope_spans
    whole, *stages = scope.spans
    assert whole.name == "strata.v1.HiddenStateService/Encode"
    assert whole.trace_id.hex() == TRACE_ID
    assert whole.parent_span_id.hex() == SPAN_ID
    assert attributes(whole) == {
        "rpc.system": "grpc",
        "rpc.service": "strata.v1.HiddenStateService",
        "rpc.method": "Encode",
        "rpc.grpc.status_code": 0,
        "strata.request_id": "mine",
        "strata.model": "m",
        "strata.model_version": 3,
    }
    assert [x.name for x in stages] == STAGES
    for stage in stages:
        assert stage.trace_id == whole.trace_id
        assert stage.parent_span_id == whole.span_id
        assert whole.start_time_unix_nano <= stage.start_time_unix_nano
        assert stage.start_time_unix_nano <= stage.end_time_unix_nano
        assert stage.end_time_unix_nano <= whole.end_time_unix_nano
    assert whole.end_time_unix_nano <= time.time_ns()


def test_the_caller_decides_whether_its_trace_is_recorded(
    serve, repository, add_model, collector
):
    add_model("m")
    with serve(repository, f"--otlp-endpoint={collector.address}") as server:
        encode(server.address, traceparent("00"))
        encode(server.address, traceparent("01", "1" * 32))
    # The server has sent all of them by its end.
    spans = collector.spans(6)
    assert {x.trace_id.hex() for x in spans} == {"1" * 32}
    assert collector.messages.empty()


def test_the_ratio_decides_for_the_others(
    serve, repository, add_model, collector
):
    add_model("m")
    flags = [
        f"--otlp-endpoint={collector.address}",
        "--trace-sample-ratio=0",
    ]
    with serve(repository, *flags) as server:
        encode(server.address)
        encode(server.address, ("traceparent", f"00-{TRACE_ID}-{SPAN_ID}-1"))
        encode(server.address, traceparent("01"))
    assert {x.trace_id.hex() for x in collector.spans(6)} == {TRACE_ID}
    assert collector.messages.empty()


def test_a_stop_sends_what_waits(serve, repository, add_model, collector):
    add_model("m")
    with serve(repository, f"--otlp-endpoint={collector.address}") as server:
        with strata.Client(server.address, timeout=60, retries=0) as client:
            for _ in range(20):
                client.encode(["A text."])
    assert len(collector.spans(120)) == 120


def test_a_collector_that_is_not_there_costs_no_request(
    serve, repository, add_model
):
    add_model("m")
    with socket.socket() as nobody:  # Holds a port, and does not listen.
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        flags = [f"--otlp-endpoint=127.0.0.1:{port}", "--drain-timeout=2s"]
        # What waits is given up at the end, and the server ends well.
        with serve(repository, *flags) as server:
            for _ in range(3):
                encode(server.address)


def test_the_request_id_comes_back(server):
    trailers = encode(server.address, ("x-request-id", "a/b"), model="minilm")
    assert trailers["x-request-id"] == "a/b"
    trailers = encode(server.address, model="minilm")
    assert len(trailers["x-request-id"]) == 16


def test_the_request_id_comes_back_with_an_error(server):
    with grpc.insecure_channel(server.address) as channel:
        with pytest.raises(grpc.RpcError) as raised:
            channel.unary_unary(ENCODE)(
                b"\xff", timeout=60, metadata=[("x-request-id", "mine")]
            )
    assert dict(raised.value.trailing_metadata())["x-request-id"] == "mine"


def test_an_error_comes_without_initial_metadata(server):
    """Envoy retries it only so."""
    answer = http2.call(server.address, ENCODE, b"\xff")
    assert answer.trailer("grpc-status") == b"3"
    assert answer.trailers_only
    assert len(answer.trailer("x-request-id")) == 16
    answer = http2.call(server.address, ENCODE, request_for("minilm"))
    assert not answer.trailers_only and answer.data


def orca_report():
    """A class for xds.data.orca.v3.OrcaLoadReport, as it is published."""
    file = descriptor_pb2.FileDescriptorProto(
        name="orca.proto", package="xds.data.orca.v3", syntax="proto3"
    )
    message = file.message_type.add(name="OrcaLoadReport")
    double = descriptor_pb2.FieldDescriptorProto.TYPE_DOUBLE
    for number, name in [
        (1, "cpu_utilization"),
        (6, "rps_fractional"),
        (7, "eps"),
        (9, "application_utilization"),
    ]:
        message.field.add(name=name, number=number, type=double, label=1)
    entry = message.nested_type.add(name="UtilizationEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=9, label=1)
    entry.field.add(name="value", number=2, type=double, label=1)
    message.field.add(
        name="utilization",
        number=5,
        type=11,
        label=3,
        type_name=".xds.data.orca.v3.OrcaLoadReport.UtilizationEntry",
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(
        pool.FindMessageTypeByName("xds.data.orca.v3.OrcaLoadReport")
    )


def test_answers_carry_a_load_report(server):
    report = None
    while report is None:  # There is none in the first second.
        report = report_of(server.address, "minilm")
    load = orca_report().FromString(report)
    assert load.cpu_utilization > 0
    assert load.application_utilization >= load.cpu_utilization
    assert load.rps_fractional > 0
    assert load.eps == 0
    assert set(load.utilization) == {"queue"}
    assert 0 <= load.utilization["queue"] <= 1


def test_load_reports_can_be_switched_off(serve, repository, add_model):
    add_model("m")
    with serve(repository, "--orca=off") as without:
        # Younger, so that the other would have one by then.
        with serve(repository) as server:
            while report_of(server.address) is None:
                pass
            assert report_of(without.address) is None


def test_logs_as_json(serve, repository, add_model):
    add_model("m")
    with serve(repository, "--log-format=json") as server:
        pass
    events = []
    for line in server.lines:
        if line.startswith(("metrics at ", "listening on ")):
            continue  # What scripts wait for is the same in both formats.
        fields = json.loads(line)
        assert list(fields)[:3] == ["time", "level", "event"]
        assert all(isinstance(value, str) for value in fields.values())
        events.append(fields["event"])
    assert {"starting", "model_ready", "stopping", "stopped"} <= set(events)


def test_top(server, bin_dir):
    encode(server.address, model="minilm")
    done = subprocess.run(
        [bin_dir / "strata", "top", "--once", "--metrics",
         server.metrics_address],
        check=True, capture_output=True, text=True,
    )
    headline, empty, heading, _, *rows = done.stdout.splitlines()
    assert headline.startswith("strata ")
    assert f" at {server.metrics_address}: " in headline
    assert headline.endswith("since it started")
    assert empty == "" and heading.split()[:2] == ["model", "versions"]
    [row] = [row for row in rows if row.startswith("minilm ")]
    assert "1 ready" in row
    cells = row.split()
    assert int(cells[3]) >= 1, "requests"
    assert "ms" in row and "\x1b" not in done.stdout


def endless_requests():
    """Larger than what a connection takes unread."""
    name = "x" * 4096
    for number in itertools.count():
        yield service_pb2.EncodeStreamRequest(
            request_id=str(number),
            request=service_pb2.EncodeRequest(
                inputs=[service_pb2.Input(text=f"Text {number}.")],
                outputs=[service_pb2.OutputSpec(name=name)],
            ),
        ).SerializeToString()


@pytest.mark.parametrize("why", ["age", "drain"])
def test_a_busy_stream_is_asked_to_move_on(serve, repository, add_model, why):
    """What it had taken is answered; the rest can be sent again, elsewhere."""
    add_model("m")
    age = "--max-connection-age=" + ("1s" if why == "age" else "0s")
    begun, done, told = set(), set(), False
    with serve(repository, age, "--lame-duck=2s") as server:
        with grpc.insecure_channel(server.address) as channel:
            stream = channel.stream_stream(
                wire.HIDDEN_STATES + "EncodeStream",
                response_deserializer=service_pb2.EncodeStreamResponse.FromString,
            )(endless_requests(), timeout=120)
            with pytest.raises(grpc.RpcError) as raised:
                for event in stream:
                    begun.add(event.request_id)
                    if event.HasField("done"):
                        assert event.done.code == 0
                        done.add(event.request_id)
                    if why == "drain" and not told:
                        server.send_signal(signal.SIGTERM)
                        told = True
        error = strata.StrataError.from_rpc_error(raised.value)
        assert error.code is grpc.StatusCode.UNAVAILABLE
        assert error.reason == "SERVER_STOPPING", str(error)
        what = {"age": "as old as a connection may be", "drain": "is stopping"}
        assert what[why] in str(error)
        assert done and begun == done, "an answer was cut off"
        if why == "age":
            with strata.Client(
                server.address, timeout=60, retries=0
            ) as client:
                assert client.encode(["A text."])[0].piece_count > 0
        else:
            assert server.wait() == 0


def test_an_old_connection_is_closed_after_its_grace(serve, repository):
    """A watch of health stays open for as long as its connection does."""
    flags = ["--max-connection-age=1s", "--max-connection-age-grace=6s"]
    with serve(repository, *flags) as server:
        with grpc.insecure_channel(server.address) as channel:
            watch = health_pb2_grpc.HealthStub(channel).Watch(
                health_pb2.HealthCheckRequest(), timeout=120
            )
            with pytest.raises(grpc.RpcError) as raised:
                for _ in watch:
                    pass
        # Without an end it would be DEADLINE_EXCEEDED.
        assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
