# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What is served: of the repository only, of its list only, by any user."""

import pathlib
import shutil
import subprocess

import pytest
import wire
from server_process import ServerProcess

import strata
from strata.v1 import hidden_state_service_pb2 as service_pb2
from strata.v1 import model_service_pb2, tokenizer_service_pb2

NAMES = ["../outside", "..", ".", "/", "m/../../outside", "m/1", "m\0x"]


@pytest.fixture(scope="module")
def enclosed(serve, models, tmp_path_factory):
    """A server whose repository lies beside another model."""
    folder = tmp_path_factory.mktemp("bounds")
    for name in ("outside", "repository/m"):
        shutil.copytree(models / "falcon-random", folder / name)
    with serve(folder / "repository", "--model-control=on") as server:
        yield server


@pytest.mark.parametrize("name", NAMES)
def test_no_name_leads_out_of_the_repository(enclosed, name):
    inputs = [service_pb2.Input(text="A text.")]
    calls = {
        wire.HIDDEN_STATES + "Encode": service_pb2.EncodeRequest(
            model=name, inputs=inputs
        ),
        wire.TOKENIZER + "Tokenize": tokenizer_service_pb2.TokenizeRequest(
            model=name, inputs=inputs
        ),
        wire.MODELS + "GetModel": model_service_pb2.GetModelRequest(
            model=name
        ),
    }
    for method, request in calls.items():
        with pytest.raises(strata.StrataError) as raised:
            wire.call(enclosed.address, method, request)
        assert raised.value.reason == "MODEL_NOT_FOUND", method
        # In place of the version, too.
        if hasattr(request, "version_label"):
            request.model, request.version_label = "m", name
            with pytest.raises(strata.StrataError) as raised:
                wire.call(enclosed.address, method, request)
            assert raised.value.reason == "MODEL_NOT_FOUND", method
    for method in ("LoadModel", "UnloadModel"):
        request = model_service_pb2.LoadModelRequest(model=name)
        with pytest.raises(strata.StrataError) as raised:
            wire.call(enclosed.address, wire.MODELS + method, request)
        assert raised.value.reason in ("MODEL_NOT_FOUND", "INVALID_FIELD")
    with strata.Client(enclosed.address, timeout=60, retries=0) as client:
        assert [x.name for x in client.models()] == ["m"]


def test_only_models_of_the_list_are_served(
    serve, repository, add_model, tmp_path
):
    add_model("good")
    with serve(repository) as server:
        with strata.Client(server.address, timeout=60, retries=0) as client:
            digest = client.model("good").digest
    other = add_model("other")
    (other / "strata.json").write_text('{"max_pieces": 16}')
    # What is not on the list is not even opened as a trace.
    broken = add_model("broken")
    (broken / "model.pt").write_bytes(b"not a trace")
    manifest = tmp_path / "digests"
    manifest.write_text(f"# Reviewed.\n{digest}  good/1\n")
    with serve(repository, f"--digests={manifest}") as server:
        with strata.Client(server.address, timeout=60, retries=0) as client:
            states = {x.name: x.state for x in client.models()}
            assert states == {
                "good": "ready",
                "other": "refused",
                "broken": "refused",
            }
            assert client.encode(["A text."], "good")
            for name in ("other", "broken"):
                with pytest.raises(strata.StrataError) as raised:
                    client.encode(["A text."], name)
                assert raised.value.reason == "MODEL_REFUSED"
                refused = client.model(name)
                for part in (refused.digest, str(manifest)):
                    assert part in str(raised.value)
    assert not any("check=loads" in line for line in server.lines)


@pytest.mark.parametrize("text", [None, "sha256:0123\n"])
def test_a_list_that_is_none_keeps_the_server_from_starting(
    bin_dir, repository, tmp_path, text
):
    manifest = tmp_path / "digests"
    if text is not None:
        manifest.write_text(text)
    done = subprocess.run(
        [
            bin_dir / "strata-server",
            f"--repository={repository}",
            "--listen=127.0.0.1:0",
            "--metrics-listen=off",
            f"--digests={manifest}",
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert str(manifest) in done.stderr


# Runs its arguments as nobody, in an own mount namespace where nothing can be
# written to. What a process of another user may not read on this machine
# (a checkout below /root) it may: that is not what is tested.
_CONFINED = """#!/bin/sh
exec unshare --mount --propagation private sh -c '
  for place in $(awk "{print \\$5}" /proc/self/mountinfo); do
    case $place in /proc*|/sys*|/dev*) ;; *)
      mount -o remount,bind,ro "$place" || exit 77 ;;
    esac
  done
  cd /
  exec setpriv --reuid=65534 --regid=65534 --clear-groups \\
    --inh-caps=-all,+dac_read_search --ambient-caps=-all,+dac_read_search \\
    env --unset=HOME "$@"' confined {binary} "$@"
"""


@pytest.fixture
def confined(bin_dir, tmp_path) -> pathlib.Path:
    script = tmp_path / "confined"
    script.write_text(
        _CONFINED.replace("{binary}", str(bin_dir / "strata-server"))
    )
    script.chmod(0o755)
    tried = subprocess.run(
        [script, "--version"], capture_output=True, text=True
    )
    if tried.returncode != 0:
        pytest.skip(
            "needs a user who may mount and change users: " + tried.stderr
        )
    return script


def test_another_user_on_a_read_only_file_system(
    confined, repository, add_model
):
    add_model("m")
    with ServerProcess(
        confined, repository, ["--lame-duck=0s", "--intra-op-threads=1"]
    ) as server:
        status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
        assert "Uid:\t65534\t65534\t65534\t65534\n" in status
        mounts = pathlib.Path(f"/proc/{server.pid}/mounts").read_text()
        [root] = [x for x in mounts.splitlines() if x.split()[1] == "/"][-1:]
        assert "ro" in root.split()[3].split(",")
        with strata.Client(server.address, timeout=60, retries=0) as client:
            assert client.encode(["A text."])[0].piece_count > 0
