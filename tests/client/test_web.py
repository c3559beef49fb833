# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""client/web in a real browser, which asks real servers through a real Envoy.

What its README says to run is what is run here, on ports of the test's own.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator

import client_setting
import proxied
import pytest
import wire
from server_process import end_with_parent
from toolchain import ROOT, copy_of, need, npm_ci, run

README = (ROOT / "client" / "web" / "README.md").read_text()
# A MiB at once; parts that end inside a number.
FLAGS = ["--max-reply-bytes=1MiB", "--part-bytes=65537"]

pytestmark = pytest.mark.nightly


def told(holding: str) -> list[str]:
    """The words of the README's one command that holds a text."""
    [block] = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    [line] = [line for line in block.splitlines() if holding in line]
    return shlex.split(line.removesuffix(" &"))


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def listening(command: list, port: int, log: pathlib.Path) -> Iterator[None]:
    """Runs a program that listens on a port of the loopback."""
    with log.open("w") as file:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            preexec_fn=end_with_parent,
        )
    try:
        wire.wait_until(
            lambda: listens(port) or process.poll() is not None, command[0]
        )
        assert process.poll() is None, log.read_text()
        yield
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def chromium() -> str:
    need("chromium", "--version", least="116")
    return shutil.which("chromium")


@contextlib.contextmanager
def proxy(server, origin: str, folder: pathlib.Path) -> Iterator[str]:
    """Envoy in front of a server, for pages of an origin; its URL."""

    def allow(config):
        [host] = proxied.connection_manager(config)["route_config"][
            "virtual_hosts"
        ]
        policy = host["typed_per_filter_config"]["envoy.filters.http.cors"]
        policy["allow_origin_string_match"] = [{"exact": origin}]

    with proxied.envoy(folder, [server.address], allow) as envoy:
        yield f"http://{envoy.address}"


def test_the_commands_for_envoy():
    """The tests start it themselves, on ports of their own."""
    assert told("generate_descriptors.py") == [
        "build/python-environment/bin/python",
        "deploy/generate_descriptors.py",
    ]
    assert told("--disable-hot-restart") == [
        *(str(proxied.ENVOY.relative_to(ROOT)), "-c"),
        *(str(proxied.CONFIG.relative_to(ROOT)), "--disable-hot-restart"),
    ]


def test_the_page(serve, small, chromium, tmp_path):
    need("node", "--version", least="20")
    need("npm", "--version", least="9")
    need("protoc", "--version", least="3.21")
    folder = copy_of("web")
    npm_ci(folder)
    run("npm", "run", "build", folder=folder, STRATA_PROTO=ROOT / "proto")
    port = proxied.free_port()
    page = f"http://127.0.0.1:{port}"
    replacements = {
        "python3": sys.executable,
        "client/web/dist": str(folder / "dist"),
        "8000": str(port),
    }
    pages = [replacements.get(x, x) for x in told("http.server")]
    with contextlib.ExitStack() as stack:
        stack.enter_context(listening(pages, port, tmp_path / "pages.log"))
        server = stack.enter_context(serve(small, *FLAGS))
        doomed = stack.enter_context(serve(small))
        closed = stack.enter_context(socket.socket())
        closed.bind(("127.0.0.1", 0))
        setting = {
            "chromium": chromium,
            "page": page,
            "foreign_page": f"http://localhost:{port}",
            "url": stack.enter_context(proxy(server, page, tmp_path)),
            "metrics": f"http://{server.metrics_address}/metrics",
            "doomed_url": stack.enter_context(proxy(doomed, page, tmp_path)),
            "doomed_pid": doomed.pid,
            "closed_url": f"http://127.0.0.1:{closed.getsockname()[1]}",
            **client_setting.expected(server.address),
        }
        file = tmp_path / "setting.json"
        file.write_text(json.dumps(setting))
        printed = run("npm", "test", folder=folder, STRATA_WEB_TEST=file)
    assert re.search(r"^# pass 1\d$", printed, re.M), printed
    assert "# skipped 0" in printed
