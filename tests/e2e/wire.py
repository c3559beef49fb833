# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Calls as they go over the wire, for what strata.Client cannot say."""

from __future__ import annotations

import pathlib
import re
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import grpc

import strata

HIDDEN_STATES = "/strata.v1.HiddenStateService/"
TOKENIZER = "/strata.v1.TokenizerService/"
MODELS = "/strata.v1.ModelService/"


def call(
    address: str, method: str, request: Any, timeout: float = 60
) -> bytes:
    """One unary call; `request` is a message, or the bytes of one.

    Raises:
        strata.StrataError: The call failed.
    """
    data = request
    if not isinstance(data, bytes):
        data = request.SerializeToString()
    with grpc.insecure_channel(address) as channel:
        try:
            return channel.unary_unary(method)(data, timeout=timeout)
        except grpc.RpcError as error:
            raise strata.StrataError.from_rpc_error(error) from error


def first_of_stream(address: str, method: str, data: bytes) -> bytes:
    """The first answer of a call whose answers are a stream."""
    with grpc.insecure_channel(address) as channel:
        try:
            return next(channel.unary_stream(method)(data, timeout=60))
        except grpc.RpcError as error:
            raise strata.StrataError.from_rpc_error(error) from error


def scrape(server) -> str:
    """What Prometheus is told."""
    url = f"http://{server.metrics_address}/metrics"
    with urllib.request.urlopen(url, timeout=30) as reply:
        return reply.read().decode()


def metric(server, series: str) -> float:
    """The value of one series, as 'strata_inputs_total{model="m"}'."""
    pattern = rf"^{re.escape(series)} (\S+)$"
    found = re.search(pattern, scrape(server), re.MULTILINE)
    assert found, f"no {series} in the metrics"
    return float(found[1])


def resident_mib(pid: int) -> float:
    """The memory that a process holds, without pages of files."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    [line] = [x for x in status.splitlines() if x.startswith("RssAnon:")]
    return int(line.split()[1]) / 1024


def settled_mib(pid: int, patience: float = 120.0) -> float:
    """`resident_mib` when no more of it goes back to the system.

    The allocator gives back what has been free for seconds.
    """
    end = time.monotonic() + patience
    least, since = resident_mib(pid), time.monotonic()
    while time.monotonic() < min(end, since + 8):
        time.sleep(0.5)
        now = resident_mib(pid)
        # What comes and goes is below a thousandth.
        if now < 0.999 * least:
            least, since = now, time.monotonic()
    return least


def wait_until(
    condition: Callable[[], bool], what: str = "", seconds: float = 60
) -> None:
    """Looks again and again; fails the test after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.01)
