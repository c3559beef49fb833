# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Nobody takes the log: its disk is full, its reader has gone or does not read.

The server serves on, tells by a metric what is missing, and exits with 0.
"""

import contextlib
import fcntl
import os
import re
import signal
import socket
import subprocess

import harm
import pytest
import wire
from server_process import START_SECONDS, STOP_SECONDS

import strata

DROPPED = "strata_log_lines_dropped_total"


class Unheard:
    """A server whose standard error is a descriptor of the test's.

    Where it listens is not to be read there: the ports are given.
    """

    def __init__(self, binary, repository, standard_error):
        self.address, self.metrics_address = free_address(), free_address()
        self._process = subprocess.Popen(
            [
                binary, f"--repository={repository}",
                f"--listen={self.address}",
                f"--metrics-listen={self.metrics_address}",
                "--lame-duck=0s", "--intra-op-threads=1",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=standard_error,
        )
        self.pid = self._process.pid

    def __enter__(self):
        with strata.Client(self.address, timeout=60, retries=0) as client:
            wire.wait_until(
                lambda: is_serving(client), "it serves", START_SECONDS
            )
        return self

    def __exit__(self, error_type, *_):
        if error_type is not None or self._process.poll() is not None:
            self._process.kill()
        else:
            self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(STOP_SECONDS)
        if error_type is None:
            assert code == 0


def free_address():
    """An address that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        return f"127.0.0.1:{door.getsockname()[1]}"


def is_serving(client):
    try:
        return client.health("m") == "SERVING"
    except strata.StrataError:
        return False


@pytest.fixture
def unheard(bin_dir, small):
    """unheard(descriptor): a context manager of a server."""
    return lambda descriptor: Unheard(
        bin_dir / "strata-server", small, descriptor
    )


def test_a_full_disk(unheard):
    with open("/dev/full", "wb", buffering=0) as full:
        with unheard(full) as server, harm.unharmed(server):
            assert wire.metric(server, DROPPED) > 0


def test_a_reader_that_has_gone(unheard):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        with unheard(writer) as server, harm.unharmed(server):
            assert wire.metric(server, DROPPED) > 0
    finally:
        os.close(writer)


def test_a_reader_that_goes(unheard):
    reader, writer = os.pipe()
    try:
        with unheard(writer) as server, harm.unharmed(server):
            assert wire.metric(server, DROPPED) == 0
            assert b"event=model_ready" in os.read(reader, 1 << 16)
            os.close(reader)
            # It says that it stops, and nobody hears: it exits with 0.
    finally:
        os.close(writer)


def test_a_reader_that_does_not_read(unheard):
    reader, writer = os.pipe()
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, reader)
        stack.callback(os.close, writer)
        fill(writer)
        with unheard(writer) as server, harm.unharmed(server) as answer:
            dropped = wire.metric(server, DROPPED)
            # All that a start and a load say, and none of it was waited for.
            assert dropped >= 3
            assert abs(harm.ask(server) - answer).max() < 1e-4
            drain(reader)
        # What it says at its end is taken again, and how much is missing.
        text = drain(reader).decode()
    assert "event=stopping" in text
    [count] = re.findall(r"event=lines_dropped count=(\d+)\n", text)
    assert int(count) == dropped


def fill(descriptor):
    """Until a pipe takes no more; for those who write to it later, it waits."""
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(descriptor, b"." * 4096)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags)


def drain(descriptor):
    """All that a pipe holds."""
    os.set_blocking(descriptor, False)
    text = b""
    with contextlib.suppress(BlockingIOError):
        while part := os.read(descriptor, 1 << 16):
            text += part
    return text
