# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Envoy, started with deploy/envoy/strata.yaml in front of servers."""

from __future__ import annotations

import contextlib
import functools
import json
import pathlib
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pages
import wire
import yaml
from server_process import end_with_parent
from toolchain import ROOT, run

ENVOY = ROOT / "build" / "envoy" / "envoy" / "_bin" / "envoy"
CONFIG = ROOT / "deploy" / "envoy" / "strata.yaml"
PAGE = "docs/envoy.md"
# Two threads are enough to find what one would not.
_OPTIONS = ["--disable-hot-restart", "--concurrency", "2"]

Config = dict[str, Any]
Change = Callable[[Config], None]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cluster(config: Config) -> Config:
    [only] = config["static_resources"]["clusters"]
    return only


def listener(config: Config) -> Config:
    [only] = config["static_resources"]["listeners"]
    return only


def connection_manager(config: Config) -> Config:
    [chain] = listener(config)["filter_chains"]
    [only] = chain["filters"]
    return only["typed_config"]


def put_in(holding: str) -> Change:
    """What docs/envoy.md says to put in, by words of its block: a change.

    The first line of the block says where.
    """
    code = pages.block(PAGE, "yaml", holding).code
    places = {
        "# In the cluster.": cluster,
        "# In the listener's filter chain.": lambda config: listener(config)[
            "filter_chains"
        ][0],
    }
    place = places[code.splitlines()[0]]
    return lambda config: place(config).update(yaml.safe_load(code))


class Envoy:
    """A running Envoy: where it listens, and what it says of itself."""

    def __init__(self, port: int, admin_port: int, log: pathlib.Path) -> None:
        self.port = port
        self.address = f"127.0.0.1:{port}"
        self._admin = f"http://127.0.0.1:{admin_port}"
        self._log = log

    def admin(self, path: str) -> str:
        with urllib.request.urlopen(self._admin + path, timeout=30) as reply:
            return reply.read().decode()

    def stat(self, name: str) -> int:
        """One of its counters, by the name without "cluster.strata."."""
        full = f"cluster.strata.{name}"
        for line in self.admin(f"/stats?filter=^{full}$").splitlines():
            return int(line.removeprefix(f"{full}: "))
        return 0

    def hosts(self) -> dict[str, Config]:
        """What it knows of each server, by HOST:PORT."""
        told = json.loads(self.admin("/clusters?format=json"))
        [statuses] = [
            x["host_statuses"]
            for x in told["cluster_statuses"]
            if x["name"] == "strata"
        ]
        return {
            "{address}:{port_value}".format(
                **host["address"]["socket_address"]
            ): host
            for host in statuses
        }

    def requests(self, address: str) -> int:
        """How many have gone to a server."""
        [found] = [
            int(x.get("value", 0))
            for x in self.hosts()[address]["stats"]
            if x["name"] == "rq_total"
        ]
        return found

    def healthy(self) -> set[str]:
        """The servers that it gives requests."""
        good = {"eds_health_status": "HEALTHY"}
        return {
            address
            for address, host in self.hosts().items()
            if host["health_status"] == good
        }


@functools.cache
def write_descriptors() -> None:
    """Writes what the JSON filter reads, as docs/envoy.md says."""
    run(sys.executable, ROOT / "deploy" / "generate_descriptors.py")


@contextlib.contextmanager
def envoy(
    folder: pathlib.Path,
    servers: Sequence[str],
    *changes: Change,
    patience: float = 60,
) -> Iterator[Envoy]:
    """Runs Envoy in front of servers (HOST:PORT); it finds all of them well.

    Args:
        folder: For its configuration and its log.
        changes: Made to the configuration.
        patience: Seconds until they have to be well.
    """
    write_descriptors()
    config = yaml.safe_load(CONFIG.read_text())
    port, admin_port = free_port(), free_port()
    listener(config)["address"]["socket_address"]["port_value"] = port
    config["admin"]["address"]["socket_address"]["port_value"] = admin_port
    endpoints = cluster(config)["load_assignment"]["endpoints"][0]
    endpoints["lb_endpoints"] = [
        {
            "endpoint": {
                "address": {
                    "socket_address": {
                        "address": address.rpartition(":")[0],
                        "port_value": int(address.rpartition(":")[2]),
                    }
                }
            }
        }
        for address in servers
    ]
    for change in changes:
        change(config)
    file = folder / f"envoy-{port}.json"
    file.write_text(json.dumps(config))
    log = folder / f"envoy-{port}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [ENVOY, *_OPTIONS, "-c", file],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=end_with_parent,
        )
    running = Envoy(port, admin_port, log)

    def ready() -> bool:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError):
            return running.healthy() == set(servers)
        return False

    try:
        wire.wait_until(ready, "Envoy is ready", patience)
        yield running
    finally:
        process.terminate()
        process.wait()
