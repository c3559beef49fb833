# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The processes of the benchmark: the limit, servers, and the client."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "deploy"))
sys.path.insert(0, str(ROOT / "client" / "python"))

from server_process import ServerProcess  # noqa: E402

# Threads that wait sleep, in every process alike, as the server has it.
_ENVIRONMENT = {
    "OMP_WAIT_POLICY": "passive",
    "PYTHONPATH": str(ROOT / "client" / "python"),
}
_SERIES = re.compile(r'^(\w+)\{([^}]*)\} (\S+)$')


class ToolError(Exception):
    """One of the processes did not do what it is for."""


class Helper:
    """A process that serves until its standard input ends."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._process = subprocess.Popen(
            command,
            env=os.environ | _ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def read(self) -> str:
        line = self._process.stdout.readline()
        if not line:
            raise ToolError(f"{' '.join(self._command)}: ended early")
        return line

    def write(self, line: str) -> None:
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def stop(self) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


class Limit(Helper):
    """strata-bench-limit over one model and its texts."""

    def ask(self, command: str) -> dict:
        self.write(command)
        answer = json.loads(self.read())
        if "error" in answer:
            raise ToolError(f"limit: {command}: {answer['error']}")
        return answer


class Listener(Helper):
    """One that says where it listens."""

    def __init__(self, command: list[str]) -> None:
        super().__init__(command)
        self.address = self.read().removeprefix("listening on ").strip()


class Server:
    """A strata-server of one model, or of none."""

    def __init__(
        self,
        binary: pathlib.Path,
        repository: pathlib.Path,
        model: str,
        flags: list[str],
    ) -> None:
        begin = time.monotonic()
        self._process = ServerProcess(
            binary, repository, [*flags, "--lame-duck=0s"]
        )
        self.seconds_to_ready = time.monotonic() - begin
        self.address = self._process.address
        self.pid = self._process.pid
        self._model = model

    def stop(self) -> None:
        self._process.stop()

    def counts(self) -> dict[str, float]:
        """The model's metrics without labels; "…_sum" and "…_count" too."""
        url = f"http://{self._process.metrics_address}/metrics"
        with urllib.request.urlopen(url) as answer:
            lines = answer.read().decode().splitlines()
        counts = {}
        for line in lines:
            series = _SERIES.match(line)
            if series and series[2] == f'model="{self._model}"':
                counts[series[1]] = float(series[3])
        return counts

    def peak_bytes(self) -> int:
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) << 10


def batches_between(before: dict, after: dict) -> dict[str, float]:
    """What batches were like on average between two Server.counts()."""

    def mean(name: str) -> float:
        name = f"strata_batch_{name}"
        count = after[f"{name}_count"] - before[f"{name}_count"]
        total = after[f"{name}_sum"] - before[f"{name}_sum"]
        return total / count if count else 0.0

    return {
        "mean_rows": mean("rows"),
        "mean_pieces": mean("pieces"),
        "padding_share": mean("padding_ratio"),
    }


def run_json(command: list[str]) -> dict:
    """Runs a program that prints one JSON object."""
    run = subprocess.run(
        command,
        env=os.environ | _ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if run.returncode != 0:
        raise ToolError(f"{' '.join(command)}: {run.stderr.strip()}")
    return json.loads(run.stdout)


def flags_of(options: dict) -> list[str]:
    """{"in_flight": 8, "ids": True} as ["--in-flight=8", "--ids"]."""
    flags = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            flags.append(flag)
        elif isinstance(value, (list, tuple)):
            flags.append(f"{flag}={','.join(map(str, value))}")
        elif value is not False and value is not None:
            flags.append(f"{flag}={value}")
    return flags


class Kept:
    """Keeps one process running as long as the same is asked for."""

    def __init__(self, start: Callable) -> None:
        self._start = start
        self._key: object = None
        self._process = None

    def get(self, *key):
        if key != self._key:
            self.stop()
            self._process = self._start(*key)
            self._key = key
        return self._process

    def stop(self) -> None:
        process, self._process, self._key = self._process, None, None
        if process is not None:
            process.stop()
