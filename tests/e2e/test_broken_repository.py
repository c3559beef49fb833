# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Repositories that are wrong: a broken model harms no other, and says why."""

import socket
import subprocess

import grpc
import pytest
from server_process import ServerError, ServerProcess

import strata


def corrupt(folder):
    data = (folder / "model.pt").read_bytes()
    (folder / "model.pt").write_bytes(data[: len(data) // 2])


def remove_trace(folder):
    (folder / "model.pt").unlink()


def remove_tokenizer(folder):
    (folder / "tokenizer.json").unlink()


def damage_tokenizer(folder):
    (folder / "tokenizer.json").write_text('{"version": "1.0", "model": 5}')


def damage_config(folder):
    (folder / "strata.json").write_text('{"max_pieces": ')


def misspell_config(folder):
    (folder / "strata.json").write_text('{"max_peices": 5}')


def link_config_to_nothing(folder):
    (folder / "strata.json").unlink(missing_ok=True)
    (folder / "strata.json").symlink_to("gone.json")


def overflow_config(folder):
    (folder / "strata.json").write_text('{"max_pieces": 1e400}')


# How each model is broken, and what the reason must say.
BROKEN = {
    "corrupt-trace": (corrupt, ["model.pt"]),
    "no-trace": (remove_trace, ["model.pt"]),
    "no-tokenizer": (remove_tokenizer, ["tokenizer.json", "tokenizer.model"]),
    "damaged-tokenizer": (damage_tokenizer, ["tokenizer.json"]),
    "damaged-config": (damage_config, ["strata.json"]),
    "linked-config": (link_config_to_nothing, ["strata.json"]),
    "overflown-config": (overflow_config, ["strata.json", "larger than any"]),
    "misspelt-config": (misspell_config, ["max_peices", "max_pieces"]),
}


def add_strays(repository):
    """What an operator may leave in a repository, and the server ignores."""
    (repository / "README.txt").write_text("not a model")
    (repository / "empty-model").mkdir()
    (repository / ".hidden" / "1").mkdir(parents=True)
    (repository / "good" / "notes").mkdir()
    (repository / "good" / "007").mkdir()
    (repository / "good" / "2.txt").write_text("not a version")
    (repository / "good" / "1" / "NOTES").write_text("not of the model")


@pytest.fixture
def client(serve, repository, add_model):
    add_model("good")
    for name, (damage, _) in BROKEN.items():
        damage(add_model(name))
    add_strays(repository)
    with serve(repository) as server:
        with strata.Client(server.address, timeout=120, retries=0) as client:
            client.log = server.lines
            yield client


def test_one_good_model_among_broken_ones(client):
    listed = {model.name: model for model in client.models()}
    assert listed.keys() == {"good", *BROKEN}
    assert (listed["good"].state, listed["good"].reason) == ("ready", "")
    assert client.health() == client.health("good") == "SERVING"
    [encoding] = client.encode(["This text is fine."], "good")
    assert encoding.hidden_states.shape[1] == encoding.piece_count

    for name, (_, words) in BROKEN.items():
        model = client.model(name)
        assert model.state == listed[name].state == "refused"
        assert model.reason == listed[name].reason
        assert model.max_pieces == 0 and model.devices == []
        for word in words:
            assert word in model.reason, name
        assert client.health(name) == "NOT_SERVING"
        assert_refuses(client, name, model.reason)
        logged = [line for line in client.log if f"model={name} " in line]
        assert any("event=model_refused" in line for line in logged)

    with pytest.raises(strata.StrataError) as raised:
        client.health("empty-model")
    assert raised.value.code is grpc.StatusCode.NOT_FOUND


def assert_refuses(client, name, reason):
    with pytest.raises(strata.StrataError) as raised:
        client.encode(["a"], name)
    error = raised.value
    assert error.code is grpc.StatusCode.FAILED_PRECONDITION
    assert error.reason == "MODEL_REFUSED"
    assert f'model "{name}" version 1 was refused' in error.message
    assert reason in error.message
    with pytest.raises(strata.StrataError) as raised:
        client.tokenize(["a"], name)
    assert raised.value.reason == "MODEL_REFUSED"


def test_a_repository_of_broken_models_only(serve, repository, add_model):
    remove_trace(add_model("m"))
    with serve(repository) as server:
        with strata.Client(server.address, timeout=60, retries=0) as client:
            assert client.health() == "NOT_SERVING"
            assert [model.state for model in client.models()] == ["refused"]


def test_an_empty_repository(serve, repository):
    with serve(repository) as server:
        with strata.Client(server.address, timeout=60, retries=0) as client:
            assert client.health() == "NOT_SERVING"
            assert client.models() == []
            with pytest.raises(strata.StrataError) as raised:
                client.encode(["a"])
            assert raised.value.reason == "MODEL_NOT_FOUND"
            assert "this server has no models" in raised.value.message


def fails_to_start(*arguments):
    """Starts a server that must not; what it said."""
    with pytest.raises(ServerError) as raised:
        ServerProcess(*arguments).kill()
    return str(raised.value)


def test_a_repository_that_does_not_exist(bin_dir, tmp_path):
    missing = tmp_path / "missing"
    text = fails_to_start(bin_dir / "strata-server", missing)
    assert "it ended with code 1" in text
    assert f'strata-server: cannot read the repository "{missing}"' in text
    assert "<model>/<version>/model.pt" in text


def test_no_repository(bin_dir):
    done = subprocess.run(
        [bin_dir / "strata-server", "--listen=127.0.0.1:0"],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "--repository is required" in done.stderr
    assert "--help" in done.stderr


def test_a_device_that_is_not_there(bin_dir, repository):
    text = fails_to_start(
        bin_dir / "strata-server", repository, ["--devices=abacus"]
    )
    assert "it ended with code 1" in text
    assert "abacus" in text and "cpu" in text


@pytest.mark.parametrize("flag", ["--listen", "--metrics-listen"])
def test_a_port_that_is_taken(bin_dir, repository, flag):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        text = fails_to_start(
            bin_dir / "strata-server", repository, [f"{flag}={address}"]
        )
    assert "it ended with code 1" in text
    assert f"on {address}: the port is taken" in text
    assert f"choose another with {flag}" in text
    assert "listening on" not in text


def test_a_server_that_runs_keeps_its_port(serve, bin_dir, repository):
    with serve(repository) as server:
        text = fails_to_start(
            bin_dir / "strata-server",
            repository,
            [f"--listen={server.address}"],
        )
        assert f"cannot listen on {server.address}" in text
