# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The demo: it runs, it checks what it shows, and what it prints works."""

import contextlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading

import demo
import numpy as np
import printing
import pytest

SECONDS = 240


@pytest.fixture(scope="module")
def command(bin_dir, models):
    return [
        sys.executable,
        str(demo.ROOT / "deploy" / "demo.py"),
        f"--bin-dir={bin_dir}",
        f"--repository={models}",
    ]


def test_it_shows_and_checks(command):
    done = subprocess.run(
        command,
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    for text in [*demo.SENTENCES, *demo.DECODER_TEXTS]:
        assert text in done.stdout
    assert "RANDOM" in done.stdout
    assert "The server stopped cleanly." in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= printing.WIDTH


def test_it_fails_without_a_server(command, tmp_path):
    done = subprocess.run(
        [*command, f"--bin-dir={tmp_path}"],
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert f"there is no {tmp_path}/strata-server" in done.stderr
    assert "make build" in done.stderr and "Traceback" not in done.stderr


def start_serving(command):
    return subprocess.Popen(
        [*command, "--serve"],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        # A shell's background job has it ignored, and would pass that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.fixture(scope="module")
def serving(command):
    """The lines that `demo.py --serve` printed; it must end with 0."""
    process = start_serving(command)
    watchdog = threading.Timer(SECONDS, process.kill)
    watchdog.start()
    lines = []
    for line in process.stdout:
        lines.append(line.strip())
        if line.strip().startswith("curl "):
            break
    yield lines
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read()
    assert process.wait() == 0
    watchdog.cancel()
    assert "The server stopped cleanly." in rest


@pytest.mark.parametrize(
    ("program", "answer"),
    [
        ("strata(?: --server \\S+)? encode --model minilm", "[CLS]"),
        ("strata(?: --server \\S+)? encode --model falcon-random", ""),
        ("strata(?: --server \\S+)? models", "minilm version 1: READY"),
        ("python\\S* -c", "(2, 4, 384)"),
        ("grpcurl", '"DATA_TYPE_FLOAT32"'),
        ("curl", "strata_requests_total"),
    ],
)
def test_the_printed_commands_work(serving, tmp_path, program, answer):
    [command] = [x for x in serving if re.search(rf"(^|[ /]){program} ", x)]
    name = program.split("(")[0].split("\\")[0]
    if name in ("grpcurl", "curl") and not shutil.which(name):
        pytest.skip(f"{name} is not installed here")
    written = tmp_path / "states.npy"
    command = command.replace("states.npy", str(written))
    done = subprocess.run(
        command,
        shell=True,
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    assert answer in done.stdout
    if not answer:
        assert np.load(written).shape == (5, 4, 128)


def test_no_server_outlives_a_demo_that_is_killed(command):
    process = start_serving(command)
    address = None
    while not address:
        line = process.stdout.readline()
        assert line, "it ended before it listened"
        address = re.search(r"listening on (\S+):(\d+)", line)
    host, port = address.groups()
    with socket.create_connection((host, int(port)), SECONDS) as connection:
        process.kill()
        process.wait()
        # Says something now and then, until it ends.
        with contextlib.suppress(ConnectionResetError):
            while connection.recv(4096):
                pass


def test_a_wrong_neighbour_is_found():
    vectors = np.eye(len(demo.SENTENCES), dtype="f4")
    for index in range(0, len(vectors), 2):
        vectors[index + 1] = vectors[index]
    pairs = demo.nearest_sentences(vectors)
    assert [near for near, _ in pairs[:2]] == demo.SENTENCES[1::-1]
    assert all(cosine == 1 for _, cosine in pairs)
    vectors[[1, 2]] = vectors[[2, 1]]
    with pytest.raises(demo.DemoError, match="on money, not on cats"):
        demo.nearest_sentences(vectors)


def test_topics_are_pairs_of_different_sentences():
    assert len(demo.SENTENCES) == len(set(demo.SENTENCES)) == 8
    assert all(len(texts) == 2 for texts in demo.TOPICS.values())
