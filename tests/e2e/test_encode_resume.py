# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""strata-encode goes on where it was stopped, and through what breaks.

The model is batch_invariant: its numbers are the same bit by bit, so outputs
are compared byte by byte.
"""

import json
import pathlib
import shutil
import signal
import sys

import encoder
import pytest
import wire

sys.path.append(str(pathlib.Path(__file__).parent.parent / "faults"))
from proxy import Fault, Proxy  # noqa: E402

TEXTS = 160
# Every outcome is kept at once, and few are under way.
OPTIONS = ["--checkpoint=0", "--in-flight=4", "--batch-size=2", "--layers=all"]
# Slow enough to be caught in the middle; a fault of none of the runs.
SLOW = Fault("throttle", rate=150e3)


@pytest.fixture(scope="module")
def invariant(models, tmp_path_factory):
    """A repository of one batch-invariant model, "m"."""
    folder = tmp_path_factory.mktemp("invariant") / "repository" / "m" / "1"
    shutil.copytree(models / "falcon-random" / "1", folder)
    config = folder / "strata.json"
    known = json.loads(config.read_text()) if config.exists() else {}
    config.write_text(json.dumps(known | {"batch_invariant": True}))
    return folder.parent.parent


@pytest.fixture(scope="module")
def server(serve, invariant):
    with serve(invariant) as process:
        yield process


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "corpus.txt"
    lines = [f"Text {i} " + "ran " * (i * 7 % 40) for i in range(TEXTS)]
    lines[50] = "much too long " * 9000
    path.write_text("\n".join(lines))
    return path


@pytest.fixture(scope="module")
def whole(server, corpus, tmp_path_factory):
    """Of a run that nothing interrupts: the bytes of both its files."""
    output = tmp_path_factory.mktemp("whole") / "states.safetensors"
    encoder.run(corpus, output, server.address, *OPTIONS, code=4)
    return written(output)


def written(output: pathlib.Path) -> list[bytes]:
    """Of what there is, which must be no more than two files."""
    failures = output.with_name(output.name + ".failures.jsonl")
    assert set(output.parent.iterdir()) == {output, failures}
    return [output.read_bytes(), failures.read_bytes()]


def stalling(server, whole, texts):
    """A proxy that stops passing answers on after some more than so many texts.

    However slow the test is to look, the run does not end meanwhile. They must
    come before the text that is much too long: while that is asked for alone,
    it is those behind it whose answers pass.
    """
    size = len(whole[0]) // TEXTS
    return Proxy(server.address, Fault("black-hole", (texts + 20) * size))


def stop_at(process, output, texts, number):
    """Sends a signal when so many texts are kept."""
    wire.wait_until(
        lambda: encoder.kept(output) >= texts or process.poll() is not None,
        f"{texts} texts are kept",
    )
    assert process.poll() is None, process.stderr.read()
    process.send_signal(number)
    return process.wait(60)


def test_killed_again_and_again(server, corpus, whole, tmp_path):
    output = tmp_path / "states.safetensors"
    for texts in (1, 15, 30):
        missing = texts - encoder.kept(output)
        with stalling(server, whole, missing) as proxy:
            process = encoder.start(corpus, output, proxy.address, *OPTIONS)
            code = stop_at(process, output, texts, signal.SIGKILL)
        assert code == -signal.SIGKILL
        assert not output.exists()
    kept = encoder.kept(output)
    assert 30 <= kept < TEXTS
    said = encoder.run(corpus, output, server.address, *OPTIONS, code=4)
    assert f"going on after {kept} of {TEXTS} texts" in said
    assert written(output) == whole


def test_killed_near_the_end(server, tmp_path):
    """Of a corpus without a text that is too long, any place will do."""
    corpus = tmp_path / "corpus" / "corpus.txt"
    corpus.parent.mkdir()
    lines = [f"Text {i} " + "ran " * (i * 7 % 40) for i in range(TEXTS)]
    corpus.write_text("\n".join(lines))
    outputs = [tmp_path / x / "states.safetensors" for x in ("once", "twice")]
    for output in outputs:
        output.parent.mkdir()
    encoder.run(corpus, outputs[0], server.address, *OPTIONS)
    expected = outputs[0].read_bytes()
    with stalling(server, [expected], TEXTS - 40) as proxy:
        process = encoder.start(corpus, outputs[1], proxy.address, *OPTIONS)
        stop_at(process, outputs[1], TEXTS - 40, signal.SIGKILL)
    said = encoder.run(corpus, outputs[1], server.address, *OPTIONS)
    assert "going on after" in said
    assert outputs[1].read_bytes() == expected


def test_a_disk_that_is_full(server, corpus, whole, tmp_path):
    """As a limit on files, which any user can set, has it."""
    output = tmp_path / "states.safetensors"
    half = len(whole[0]) // 2
    process = encoder.start(
        corpus, output, server.address, *OPTIONS, most_bytes=half
    )
    said = process.communicate(timeout=300)[1]
    # The shards fit, the whole does not.
    assert process.returncode == 2, said
    assert "File too large" in said and "Traceback" not in said
    assert not output.exists()
    assert encoder.kept(output) == TEXTS
    encoder.run(corpus, output, server.address, *OPTIONS, code=4)
    assert written(output) == whole


@pytest.mark.parametrize("place", ["output", "partial"])
def test_killed_while_the_output_is_written(
    server, corpus, whole, tmp_path, place
):
    """Before it is in its place, and after, with the folder still there."""
    output = tmp_path / "states.safetensors"
    with stalling(server, whole, 25) as proxy:
        process = encoder.start(corpus, output, proxy.address, *OPTIONS)
        stop_at(process, output, 25, signal.SIGKILL)
    if place == "output":
        draft = output.with_name(output.name + ".tmp")
        draft.write_bytes(whole[0][:1000])
        encoder.run(corpus, output, server.address, *OPTIONS, code=4)
    else:
        output.write_bytes(whole[0])
        failures = output.with_name(output.name + ".failures.jsonl")
        failures.write_bytes(whole[1])
        said = encoder.run(corpus, output, server.address, *OPTIONS, code=4)
        assert "was finished before" in said
    assert written(output) == whole


def test_interrupted_from_the_keyboard(server, corpus, whole, tmp_path):
    output = tmp_path / "states.safetensors"
    with stalling(server, whole, 20) as proxy:
        process = encoder.start(corpus, output, proxy.address, *OPTIONS)
        assert stop_at(process, output, 20, signal.SIGINT) == 130
        said = process.stderr.read()
    assert f"{encoder.kept(output)} of {TEXTS} texts are kept" in said
    assert "Traceback" not in said
    encoder.run(corpus, output, server.address, *OPTIONS, code=4)
    assert written(output) == whole


def test_connections_that_break(server, corpus, whole, tmp_path):
    output = tmp_path / "states.safetensors"
    with Proxy(server.address, SLOW) as proxy:
        process = encoder.start(corpus, output, proxy.address, *OPTIONS)
        for texts, kind in ((10, "reset"), (40, "cut"), (80, "reset")):
            wire.wait_until(
                lambda n=texts: (
                    encoder.kept(output) >= n or process.poll() is not None
                ),
                f"{texts} texts are kept",
            )
            assert process.poll() is None, process.stderr.read()
            proxy.strike(kind)
        assert process.wait(300) == 4, process.stderr.read()
    assert written(output) == whole


def test_a_server_that_restarts(serve, invariant, corpus, whole, tmp_path):
    output = tmp_path / "states.safetensors"
    with serve(invariant) as first:
        port = first.address
        with Proxy(port, SLOW) as proxy:
            process = encoder.start(corpus, output, proxy.address, *OPTIONS)
            wire.wait_until(
                lambda: (
                    encoder.kept(output) >= 30 or process.poll() is not None
                ),
                "30 texts are kept",
            )
            assert process.poll() is None, process.stderr.read()
            first.stop()
            with serve(invariant, f"--listen={port}"):
                assert process.wait(300) == 4, process.stderr.read()
    assert written(output) == whole


def test_a_server_that_moves_streams_on(
    serve, invariant, corpus, whole, tmp_path
):
    output = tmp_path / "states.safetensors"
    with serve(invariant, "--max-connection-age=1s") as server:
        with Proxy(server.address, Fault("throttle", rate=100e3)) as proxy:
            encoder.run(corpus, output, proxy.address, *OPTIONS, code=4)
            # One to ask for the model, and more than one to encode.
            assert proxy.accepted > 2
    assert written(output) == whole


@pytest.fixture
def begun(server, corpus, whole, tmp_path):
    """An output whose run was killed."""
    output = tmp_path / "states.safetensors"
    with stalling(server, whole, 5) as proxy:
        process = encoder.start(corpus, output, proxy.address, *OPTIONS)
        stop_at(process, output, 5, signal.SIGKILL)
    return output


def test_what_changed_is_refused(server, corpus, whole, begun, tmp_path):
    def refused(corpus, *options):
        return encoder.run(
            corpus, begun, server.address, *OPTIONS, *options, code=2
        )

    kept = encoder.kept(begun)
    assert "layers was [0, 1, 2, 3, 4], is [4];" not in refused(
        corpus, "--normalize"
    )
    assert "normalize was False, is True" in refused(corpus, "--normalize")
    said = refused(corpus, "--layers=-1", "--truncation=right")
    assert "layers was [0, 1, 2, 3, 4], is [4]; truncation was none" in said
    assert "--restart" in said
    other = tmp_path / "other" / "corpus.txt"
    other.parent.mkdir()
    other.write_text(corpus.read_text() + "\none more")
    assert "corpus sha256 was" in refused(other)
    assert encoder.kept(begun) == kept
    shutil.rmtree(other.parent)
    options = [*OPTIONS, "--restart"]
    encoder.run(corpus, begun, server.address, *options, code=4)
    assert written(begun) == whole


def test_another_model_is_refused(serve, begun, corpus, models, tmp_path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "m").symlink_to(models / "falcon-planted")
    with serve(tmp_path / "r") as server:
        said = encoder.run(corpus, begun, server.address, *OPTIONS, code=2)
    assert "digest was sha256:" in said and "--restart" in said


def test_two_at_once_are_refused(server, corpus, whole, tmp_path):
    output = tmp_path / "states.safetensors"
    with Proxy(server.address, SLOW) as proxy:
        process = encoder.start(corpus, output, proxy.address, *OPTIONS)
        wire.wait_until(lambda: encoder.kept(output) > 0, "it has begun")
        process.send_signal(signal.SIGSTOP)
        try:
            said = encoder.run(
                corpus, output, server.address, *OPTIONS, code=2
            )
        finally:
            process.send_signal(signal.SIGCONT)
        assert "another strata-encode is writing" in said
        assert process.wait(300) == 4, process.stderr.read()
    assert written(output) == whole


def test_an_output_of_another_kind_is_not_overwritten(
    server, corpus, tmp_path
):
    output = tmp_path / "states.safetensors"
    output.write_bytes(b"somebody's own")
    said = encoder.run(corpus, output, server.address, *OPTIONS, code=2)
    assert "strata-encode did not write it" in said
    assert output.read_bytes() == b"somebody's own"


def test_no_server(corpus, tmp_path):
    output = tmp_path / "states.safetensors"
    said = encoder.run(corpus, output, "127.0.0.1:1", code=3)
    assert "127.0.0.1:1" in said
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_does_not_come_back(serve, invariant, corpus, tmp_path):
    output = tmp_path / "states.safetensors"
    options = [*OPTIONS, "--retries=2"]
    with serve(invariant) as server:
        with Proxy(server.address, SLOW) as proxy:
            process = encoder.start(corpus, output, proxy.address, *options)
            wire.wait_until(lambda: encoder.kept(output) > 0, "it has begun")
            server.stop()
            assert process.wait(300) == 3
    assert "the same command goes on from there" in process.stderr.read()
    assert 0 < encoder.kept(output) < TEXTS
