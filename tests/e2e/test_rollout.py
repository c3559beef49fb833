# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Versions that come and go while the server serves."""

import collections
import contextlib
import shutil
import threading

import grpc
import pytest
import watched
import wire

import strata
from strata.v1 import hidden_state_service_pb2 as service_pb2
from strata.v1 import model_service_pb2

TEXT = "This text is fine."


class Load:
    """Callers that ask without a pause; a context manager."""

    def __init__(self, address: str, callers: int = 4, version: int = 0):
        self.versions: collections.Counter[int] = collections.Counter()
        self.failures: list[Exception] = []
        self._request = service_pb2.EncodeRequest(
            model="m",
            version=version,
            inputs=[service_pb2.Input(text=TEXT)],
            outputs=[service_pb2.OutputSpec(pooling=service_pb2.POOLING_MEAN)],
        ).SerializeToString()
        self._address = address
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask) for _ in range(callers)
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, version: int, answers: int = 20) -> None:
        """Until so many more answers are of the version, or a call fails."""
        with self._changed:
            goal = self.versions[version] + answers
            assert self._changed.wait_for(
                lambda: self.failures or self.versions[version] >= goal,
                timeout=120,
            ), f"no answers of version {version}: {self.versions}"

    def _ask(self):
        with grpc.insecure_channel(self._address) as channel:
            encode = channel.unary_unary(wire.HIDDEN_STATES + "Encode")
            while not self._stop.is_set():
                try:
                    data = encode(self._request, timeout=60)
                except grpc.RpcError as error:
                    with self._changed:
                        self.failures.append(error)
                        self._changed.notify_all()
                    continue
                version = service_pb2.EncodeResponse.FromString(data).version
                with self._changed:
                    self.versions[version] += 1
                    self._changed.notify_all()


def add_slowly(add_model, repository, version):
    """As a copy over a network would: its trace comes last, in two pieces."""
    source = add_model("other", 1)
    folder = repository / "m" / str(version)
    folder.mkdir(parents=True)
    for file in source.iterdir():
        if file.name != "model.pt":
            shutil.copy(file, folder)
    trace = (source / "model.pt").read_bytes()
    with open(folder / "model.pt", "wb") as file:
        file.write(trace[:1000])
        file.flush()
        file.write(trace[1000:])
    shutil.rmtree(repository / "other")


def states(client):
    return {m.version: m.state for m in client.models()}


def test_a_rollout_under_load_drops_nothing(
    serve, repository, add_model, tmp_path
):
    add_model("m", 1)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(
            serve(repository, "--poll=100ms", "--versions=newest")
        )
        load = stack.enter_context(Load(server.address))
        load.wait_for(1)
        for version in (2, 3):
            add_slowly(add_model, repository, version)
            load.wait_for(version)
        client = stack.enter_context(
            strata.Client(server.address, timeout=60, retries=0)
        )
        wire.wait_until(lambda: set(states(client)) == {3})
        before = load.versions[1] + load.versions[2]
        load.wait_for(3)
        assert load.versions[1] + load.versions[2] == before
        # And back: what has gone serves until the one before it is ready.
        shutil.rmtree(repository / "m" / "3")
        load.wait_for(2)
    assert load.failures == []
    assert set(load.versions) == {1, 2, 3}
    drained = [x for x in server.lines if "event=model_unloaded" in x]
    assert len(drained) == 3


def test_a_new_version_that_is_refused_leaves_the_old_one(
    serve, repository, add_model
):
    add_model("m", 1)
    with (
        serve(repository, "--poll=100ms", "--versions=newest") as server,
        strata.Client(server.address, timeout=60, retries=0) as client,
        Load(server.address) as load,
    ):
        folder = repository / "m" / "2"
        folder.mkdir()
        (folder / "model.pt").write_text("not a trace")
        wire.wait_until(lambda: states(client).get(2) == "refused")
        load.wait_for(1)
        assert load.failures == []
        # Mended in its place it serves.
        shutil.rmtree(folder)
        add_slowly(add_model, repository, 2)
        load.wait_for(2)
    assert load.failures == []


def test_for_want_of_memory_the_old_version_goes_first(
    serve, repository, add_model
):
    add_model("m", 1)
    flags = ("--poll=100ms", "--versions=newest", "--rollout=unload-first")
    with (
        serve(repository, *flags) as server,
        strata.Client(server.address, timeout=60, retries=0) as client,
    ):
        add_model("m", 2)
        wire.wait_until(lambda: states(client) == {2: "ready"})
    events = [
        event
        for line in server.lines
        for event in ("model_unloaded", "model_ready")
        if f"event={event} " in line
    ]
    assert events == ["model_ready", "model_unloaded", "model_ready"]


def test_where_the_old_version_went_first_a_refused_one_leaves_none(
    serve, repository, add_model
):
    """Health tells, and a better one is picked up."""
    add_model("m", 1)
    flags = ("--poll=100ms", "--versions=newest", "--rollout=unload-first")
    with (
        serve(repository, *flags) as server,
        strata.Client(server.address, timeout=60, retries=0) as client,
        watched.Watch(server.address, "m") as health,
    ):
        health.await_last("SERVING")
        draft = repository / "m" / "draft"
        add_model("other").rename(draft)
        (draft / "model.pt").write_bytes(b"not a trace")
        draft.rename(repository / "m" / "2")
        health.await_last("NOT_SERVING")
        wire.wait_until(lambda: states(client) == {2: "refused"})
        add_model("m", 3)
        wire.wait_until(lambda: states(client).get(3) == "ready")
        health.await_last("SERVING")


def call(server, method, request, response):
    return response.FromString(
        wire.call(server.address, wire.MODELS + method, request)
    )


def test_versions_are_loaded_and_unloaded_on_request(
    serve, repository, add_model
):
    add_model("m", 1)
    with (
        serve(repository, "--model-control=on") as server,
        strata.Client(server.address, timeout=60, retries=0) as client,
    ):
        add_model("m", 2)
        loaded = call(
            server,
            "LoadModel",
            model_service_pb2.LoadModelRequest(model="m"),
            model_service_pb2.LoadModelResponse,
        ).summary
        assert (loaded.version, loaded.state) == (
            2,
            model_service_pb2.MODEL_STATE_READY,
        )
        with Load(server.address) as load:
            load.wait_for(2)
            unloaded = call(
                server,
                "UnloadModel",
                model_service_pb2.UnloadModelRequest(model="m", version=2),
                model_service_pb2.UnloadModelResponse,
            ).summary
            assert unloaded.state == model_service_pb2.MODEL_STATE_DRAINING
            load.wait_for(1)
        assert load.failures == []
        wire.wait_until(lambda: set(states(client)) == {1})
        assert client.encode([TEXT], "m")[0].piece_count > 0


@pytest.mark.parametrize(
    "method, request_of, code",
    [
        ("LoadModel", dict(model="nope"), "NOT_FOUND"),
        ("LoadModel", dict(model="../m"), "NOT_FOUND"),
        ("LoadModel", dict(model="m", version=9), "NOT_FOUND"),
        ("LoadModel", dict(model="m", version=-1), "INVALID_ARGUMENT"),
        ("UnloadModel", dict(model="m"), "INVALID_ARGUMENT"),
        ("UnloadModel", dict(version=1), "INVALID_ARGUMENT"),
        ("UnloadModel", dict(model="m", version=9), "NOT_FOUND"),
    ],
)
def test_what_cannot_be_loaded_or_unloaded(controlled, method, request_of, code):
    message = getattr(model_service_pb2, f"{method}Request")(**request_of)
    with pytest.raises(strata.StrataError) as raised:
        wire.call(controlled.address, wire.MODELS + method, message)
    assert raised.value.code.name == code


@pytest.fixture(scope="module")
def controlled(serve, models):
    with serve(models, "--model-control=on") as process:
        yield process


def test_health_follows(serve, repository, add_model):
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    add_model("m", 1)
    with (
        serve(repository, "--model-control=on") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        watch = health_pb2_grpc.HealthStub(channel).Watch(
            health_pb2.HealthCheckRequest(service="m"), timeout=60
        )
        serving = health_pb2.HealthCheckResponse
        assert next(watch).status == serving.SERVING
        wire.call(
            server.address,
            wire.MODELS + "UnloadModel",
            model_service_pb2.UnloadModelRequest(model="m", version=1),
        )
        assert next(watch).status == serving.NOT_SERVING
        # Until it is gone it cannot be loaded.
        with strata.Client(server.address, timeout=60, retries=0) as client:
            wire.wait_until(lambda: client.models() == [])
        wire.call(
            server.address,
            wire.MODELS + "LoadModel",
            model_service_pb2.LoadModelRequest(model="m", version=1),
        )
        assert next(watch).status == serving.SERVING


def test_a_load_under_way_does_not_hold_a_stop(serve, repository, add_model):
    """It cannot be interrupted, so whoever waits for it is told at once.

    A terabyte of nothing takes longer to be read than anybody waits here, and
    the drain has an hour.
    """
    add_model("m", 1)
    message = model_service_pb2.LoadModelRequest(model="m", version=2)
    with (
        serve(repository, "--model-control=on", "--drain-timeout=1h") as server,
        strata.Client(server.address, timeout=60, retries=0) as client,
        grpc.insecure_channel(server.address) as channel,
    ):
        with (add_model("m", 2) / "model.pt").open("wb") as trace:
            trace.truncate(1 << 40)
        load = channel.unary_unary(wire.MODELS + "LoadModel").future(
            message.SerializeToString(), timeout=300
        )
        wire.wait_until(lambda: states(client).get(2) == "loading")
        server.stop()
        with pytest.raises(grpc.RpcError) as raised:
            load.result(timeout=60)
    error = strata.StrataError.from_rpc_error(raised.value)
    assert error.code is grpc.StatusCode.UNAVAILABLE
    assert error.reason == "SERVER_STOPPING"
