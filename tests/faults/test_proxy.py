# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The proxy breaks connections as it says, and changes nothing else."""

import contextlib
import socket
import threading

import http2
import pytest
from proxy import SLOWING, Fault, Proxy


class Echo:
    """A server that says back what it hears, and then that it ends."""

    def __enter__(self):
        self._door = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._door.getsockname()[1]}"
        self.heard_end = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._door.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._door.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self._door.accept()
                with peer, contextlib.suppress(ConnectionError):
                    while data := peer.recv(1 << 16):
                        peer.sendall(data)
                    self.heard_end.set()


@pytest.fixture
def echo():
    with Echo() as echo:
        yield echo


def converse(address, data):
    """What is said back to `data`, and whether it ended orderly."""
    heard = bytearray()
    with http2.connect(address) as connection:
        def read():
            while part := connection.recv(1 << 16):
                heard.extend(part)

        orderly = True
        writer = threading.Thread(target=send, args=(connection, data))
        writer.start()
        try:
            read()
        except ConnectionError:
            orderly = False
        writer.join()
    return bytes(heard), orderly


def send(connection, data):
    with contextlib.suppress(OSError):
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)


DATA = bytes(range(256)) * 4000


@pytest.mark.parametrize("kind", SLOWING)
def test_slow_bytes_are_the_same_bytes(echo, kind):
    fault = Fault(kind, seconds=0.001, rate=1e7)
    with Proxy(echo.address, fault) as proxy:
        assert converse(proxy.address, DATA) == (DATA, True)
        assert echo.heard_end.wait(60)


@pytest.mark.parametrize(
    ("kind", "orderly"),
    [("cut", None), ("half-close", True), ("reset", False)],
)
def test_what_was_said_before_the_break_arrives(echo, kind, orderly):
    with Proxy(echo.address, Fault(kind, after=70_001)) as proxy:
        heard, ended = converse(proxy.address, DATA)
    # Of a reset or a cut, the kernel may drop what was not read yet.
    assert DATA.startswith(heard) and len(heard) <= 70_001
    if orderly is not None:
        assert ended == orderly
    if kind == "half-close":
        assert len(heard) == 70_001


def test_a_hang_up_reaches_the_server(echo):
    with Proxy(echo.address, Fault("hang-up")) as proxy:
        with http2.connect(proxy.address):
            assert echo.heard_end.wait(60)


def test_nobody_hears_from_a_black_hole(echo):
    with Proxy(echo.address) as proxy:
        with http2.connect(proxy.address) as connection:
            connection.sendall(b"before")
            assert connection.recv(6) == b"before"
            proxy.strike("black-hole")
            connection.sendall(b"after")
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(0.2)
            with pytest.raises(TimeoutError):
                connection.recv(1)
            assert not echo.heard_end.is_set()
            assert proxy.connections == 1
    assert proxy.connections == 0


def test_a_server_that_is_not_there(echo):
    with socket.socket() as nobody:  # Holds a port, and does not listen.
        nobody.bind(("127.0.0.1", 0))
        with Proxy(f"127.0.0.1:{nobody.getsockname()[1]}") as proxy:
            assert converse(proxy.address, b"hello")[0] == b""


def test_a_fault_that_there_is_not():
    with pytest.raises(ValueError, match="expected one of none, delay"):
        Fault("gremlin")


@pytest.mark.parametrize("after", [0, 70_001])
def test_a_black_hole_swallows_all_that_comes_later(echo, after):
    """Bytes that pass after others were lost would be a changed answer."""
    fault = Fault("black-hole", after=after)
    with Proxy(echo.address, fault) as proxy:
        with http2.connect(proxy.address) as connection:
            writer = threading.Thread(target=send, args=(connection, DATA))
            writer.start()
            heard = bytearray()
            while len(heard) < after:
                heard.extend(connection.recv(1 << 16))
            connection.settimeout(0.2)
            with pytest.raises(TimeoutError):
                heard.extend(connection.recv(1))
            connection.shutdown(socket.SHUT_RDWR)
            writer.join()
        assert bytes(heard) == DATA[:after]
