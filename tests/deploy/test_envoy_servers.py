# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Real servers behind Envoy: their answers, and their restarts, under load."""

from __future__ import annotations

import collections
import contextlib
import signal
import threading

import grpc
import numpy as np
import proxied
import pytest
import wire
from certificates import Certificate

import strata

TEXTS = [f"Text {i} " + "of some words " * (i % 13) for i in range(40)]


@pytest.fixture(scope="module")
def pair(serve, small):
    """Two servers of one small model."""
    with serve(small) as first, serve(small) as second:
        yield first, second


@pytest.fixture(scope="module")
def envoy(pair, tmp_path_factory):
    folder = tmp_path_factory.mktemp("envoy")
    with proxied.envoy(folder, [x.address for x in pair]) as running:
        yield running


@pytest.fixture(scope="module")
def client(envoy):
    with strata.Client(envoy.address, timeout=60, retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def direct(pair):
    with strata.Client(pair[0].address, timeout=60, retries=0) as client:
        yield client


def numbers(answers) -> list[np.ndarray]:
    return [answer.hidden_states for answer in answers]


def expect_equal(got, expected) -> None:
    """But for how they were batched."""
    assert len(got) == len(expected)
    for one, other in zip(got, expected):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_answers_are_the_servers_own(client, direct):
    expect_equal(
        numbers(client.encode(TEXTS)), numbers(direct.encode(TEXTS))
    )


def test_requests_of_one_client_reach_both(envoy, client, pair):
    before = [envoy.requests(server.address) for server in pair]
    for text in TEXTS:
        client.encode([text], pooling="mean")
    after = [envoy.requests(server.address) for server in pair]
    grown = [new - old for new, old in zip(after, before)]
    assert sum(grown) == len(TEXTS)
    assert min(grown) >= 5


def test_a_long_answer_in_parts(client, direct):
    ids = [[20 + i % 100 for i in range(500)]] * 120
    got = numbers(client.encode(ids, layers=[0, 1, -1], in_parts=True))
    assert sum(x.nbytes for x in got) > 16 << 20
    few = numbers(direct.encode(ids[:2], layers=[0, 1, -1]))
    expect_equal(got, few * 60)


def test_a_stream_of_many_requests(client, direct):
    requests = (
        client.encode_request([text], pooling="mean") for text in TEXTS * 5
    )
    answers = {x.index: x.encodings[0] for x in client.encode_stream(requests)}
    assert sorted(answers) == list(range(len(TEXTS) * 5))
    expect_equal(
        numbers(answers[i] for i in range(len(TEXTS))),
        numbers(direct.encode(TEXTS, pooling="mean")),
    )


def test_errors_are_the_servers_own(client):
    with pytest.raises(strata.StrataError) as raised:
        client.encode(["A text."], model="nobody")
    assert raised.value.code is grpc.StatusCode.NOT_FOUND
    assert raised.value.reason == "MODEL_NOT_FOUND"
    with pytest.raises(strata.StrataError) as raised:
        client.encode(["A text."], layers=[99])
    assert raised.value.field == "outputs[0].layers[0]"


def test_servers_that_ask_for_a_certificate(serve, small, tmp_path):
    authority = Certificate(tmp_path, "authority")
    shown = Certificate(tmp_path, "strata.example", authority)
    envoys = Certificate(tmp_path, "envoy", authority)
    demand = f"--tls-client-ca={authority.certificate}"
    change = proxied.put_in("UpstreamTlsContext")

    def name_files(config):
        tls = proxied.cluster(config)["transport_socket"]["typed_config"]
        context = tls["common_tls_context"]
        [pair] = context["tls_certificates"]
        pair["certificate_chain"]["filename"] = str(envoys.certificate)
        pair["private_key"]["filename"] = str(envoys.key)
        trusted = context["validation_context"]["trusted_ca"]
        trusted["filename"] = str(authority.certificate)

    def want_another_name(config):
        name_files(config)
        tls = proxied.cluster(config)["transport_socket"]["typed_config"]
        context = tls["common_tls_context"]["validation_context"]
        [name] = context["match_typed_subject_alt_names"]
        name["matcher"]["exact"] = "another.example"

    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serve(small, *shown.flags, demand))
        envoy = stack.enter_context(
            proxied.envoy(tmp_path, [server.address], change, name_files)
        )
        client = stack.enter_context(
            strata.Client(envoy.address, timeout=60, retries=0)
        )
        assert client.encode(["A text."])[0].piece_count > 0
        with pytest.raises(AssertionError, match="Envoy"):
            stack.enter_context(
                proxied.envoy(
                    tmp_path,
                    [server.address],
                    change,
                    want_another_name,
                    patience=3,
                )
            )


def test_clients_that_come_over_tls(pair, tmp_path):
    shown = Certificate(tmp_path, "strata.example")
    change = proxied.put_in("DownstreamTlsContext")

    def name_files(config):
        [chain] = proxied.listener(config)["filter_chains"]
        tls = chain["transport_socket"]["typed_config"]["common_tls_context"]
        [files] = tls["tls_certificates"]
        files["certificate_chain"]["filename"] = str(shown.certificate)
        files["private_key"]["filename"] = str(shown.key)

    address = pair[0].address
    with proxied.envoy(tmp_path, [address], change, name_files) as envoy:
        with strata.Client(
            envoy.address,
            timeout=60,
            retries=0,
            root_certificates=shown.certificate.read_bytes(),
        ) as client:
            assert client.encode(["A text."])[0].piece_count > 0


def test_a_full_server_is_passed_over(serve, small, tmp_path):
    """Its refusal says when to come back; another has room at once."""
    with contextlib.ExitStack() as stack:
        servers = [
            stack.enter_context(serve(small, "--max-requests=1"))
            for _ in range(2)
        ]
        envoy = stack.enter_context(
            proxied.envoy(tmp_path, [x.address for x in servers])
        )
        busy = stack.enter_context(
            strata.Client(servers[0].address, retries=0)
        )
        client = stack.enter_context(strata.Client(envoy.address, retries=0))
        stop = threading.Event()

        def keep_busy():
            while not stop.is_set():
                with contextlib.suppress(strata.StrataError):
                    busy.encode([[30] * 400] * 60, pooling="mean")

        thread = threading.Thread(target=keep_busy)
        thread.start()
        try:
            wire.wait_until(
                lambda: client.encode(["A text."])[0].piece_count > 0
                and envoy.stat("upstream_rq_retry_success") > 0
            )
        finally:
            stop.set()
            thread.join()


@pytest.mark.parametrize("weighted", [True, False])
def test_the_slower_of_two_gets_less(serve, models, tmp_path, weighted):
    """By the load reports of real servers, of which one has more to compute.

    With one call at a time, both have as many under way without them.
    """
    weights = proxied.put_in("ClientSideWeightedRoundRobin")
    with contextlib.ExitStack() as stack:
        servers = []
        for model in ("falcon-random", "minilm"):
            repository = tmp_path / model
            repository.mkdir()
            (repository / "m").symlink_to(models / model)
            servers.append(stack.enter_context(serve(repository)))
        quick, slow = (server.address for server in servers)
        envoy = stack.enter_context(
            proxied.envoy(tmp_path, [quick, slow], *([weights] if weighted else []))
        )
        client = stack.enter_context(strata.Client(envoy.address, retries=3))

        def share_of_quick() -> float:
            before = envoy.requests(quick), envoy.requests(slow)
            for _ in range(150):
                client.encode([TEXTS[-2]], pooling="mean")
            grown = envoy.requests(quick) - before[0]
            return grown / (grown + envoy.requests(slow) - before[1])

        if weighted:
            wire.wait_until(lambda: share_of_quick() > 0.7)
        else:
            assert 0.3 < share_of_quick() < 0.7


class Load:
    """Callers without retries of their own, who check each answer.

    One of them asks by streams. What is right, `direct` tells.
    """

    def __init__(self, address: str, direct: strata.Client) -> None:
        self.answers = 0
        self.wrong: list[str] = []
        self.failures: collections.Counter[str] = collections.Counter()
        self._address = address
        self._expected = numbers(direct.encode(TEXTS, pooling="mean"))
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=ask)
            for ask in (self._call, self._call, self._call, self._stream)
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def more(self, answers: int = 100) -> None:
        """Waits for so many more answers."""
        goal = self.answers + answers
        wire.wait_until(lambda: self.answers >= goal, "answers", 120)

    def _check(self, i: int, encoding) -> None:
        right = np.allclose(
            encoding.hidden_states, self._expected[i], rtol=1e-4, atol=1e-5
        )
        with self._lock:
            self.answers += 1
            if not right:
                self.wrong.append(TEXTS[i])

    def _failed(self, error: strata.StrataError, kind: str) -> None:
        with self._lock:
            self.failures[f"{kind}: {error.code.name}"] += 1

    def _call(self) -> None:
        with strata.Client(self._address, timeout=60, retries=0) as client:
            i = 0
            while not self._stop.is_set():
                i = (i + 1) % len(TEXTS)
                try:
                    [answer] = client.encode([TEXTS[i]], pooling="mean")
                except strata.StrataError as error:
                    self._failed(error, "call")
                else:
                    self._check(i, answer)

    def _stream(self) -> None:
        """Short streams, which nothing opens anew."""
        with strata.Client(self._address, timeout=60, retries=0) as client:
            while not self._stop.is_set():
                requests = (
                    client.encode_request([text], pooling="mean")
                    for text in TEXTS[:10]
                )
                try:
                    for answer in client.encode_stream(requests):
                        [encoding] = answer.encodings
                        self._check(answer.index, encoding)
                except strata.StrataError as error:
                    self._failed(error, "stream")


@pytest.fixture
def serve_at(serve, small):
    """serve_at(address, *flags): a server where one was before."""
    return lambda address, *flags: serve(small, f"--listen={address}", *flags)


@pytest.fixture
def addresses() -> list[str]:
    return [f"127.0.0.1:{proxied.free_port()}" for _ in range(2)]


def test_servers_are_restarted_in_turn_under_load(
    serve_at, addresses, direct, tmp_path
):
    """By SIGTERM, with the pause that is the default: no call fails."""
    with contextlib.ExitStack() as stack:
        servers = [
            stack.enter_context(serve_at(address, "--lame-duck=2s"))
            for address in addresses
        ]
        envoy = stack.enter_context(proxied.envoy(tmp_path, addresses))
        with Load(envoy.address, direct) as load:
            load.more()
            for i, address in enumerate(addresses):
                servers[i].send_signal(signal.SIGTERM)
                others = {addresses[1 - i]}
                wire.wait_until(lambda: envoy.healthy() == others)
                sent = envoy.requests(address)
                load.more()
                assert servers[i].wait() == 0
                assert envoy.requests(address) == sent, "nothing new"
                stack.enter_context(serve_at(address, "--lame-duck=2s"))
                wire.wait_until(lambda: envoy.healthy() == set(addresses))
                load.more()
    assert load.failures == {}
    assert load.wrong == []


def test_servers_are_killed_under_load(serve_at, addresses, direct, tmp_path):
    """What is lost is told as UNAVAILABLE; nothing is wrong or hangs."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(serve_at(x)) for x in addresses]
        envoy = stack.enter_context(proxied.envoy(tmp_path, addresses))
        with Load(envoy.address, direct) as load:
            load.more()
            for i in (0, 1):
                servers[i].kill()
                load.more()
                servers[i] = stack.enter_context(serve_at(addresses[i]))
                wire.wait_until(lambda: envoy.healthy() == set(addresses))
                load.more()
    assert load.wrong == []
    # Calls had not been answered in part, so another server took them.
    assert set(load.failures) <= {"stream: UNAVAILABLE"}
