# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Starts and stops a strata-server, for the demo and the end-to-end tests.

It is ready when the block begins, and has exited with 0 when it has ended:

    with ServerProcess(binary, repository) as server:
        client = strata.Client(server.address)
"""

from __future__ import annotations

import ctypes
import os
import pathlib
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

# A trace is examined by running it; on a busy machine that takes a while.
START_SECONDS = 240.0
STOP_SECONDS = 60.0
_LOG_LINES = 40

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1  # prctl(2)


def end_with_parent() -> None:
    """Has the kernel stop this process when the one that started it dies."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class ServerError(Exception):
    """The server did not start or did not stop; the text ends with its log."""


class ServerProcess:
    """A strata-server on free ports of the loopback.

    Its environment holds no STRATA_* variable but those of `environment`, so
    that it starts as it is told and nothing else.
    """

    def __init__(
        self,
        binary: pathlib.Path,
        repository: pathlib.Path,
        flags: Sequence[str] = (),
        on_line: Callable[[str], None] = lambda line: None,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Starts it and returns once every model is ready or refused.

        Args:
            flags: More flags, as "--window=64"; a --listen or a
                --metrics-listen among them is taken instead of a free port.
            on_line: Called with each line of its log, from another thread.
            environment: More variables, as STRATA_MAX_REQUESTS.

        Raises:
            ServerError: It ended, or does not listen in time.
        """
        free = [
            f"{name}=127.0.0.1:0"
            for name in ("--listen", "--metrics-listen")
            if not any(flag.startswith(f"{name}=") for flag in flags)
        ]
        self.command = [
            str(binary),
            f"--repository={repository}",
            *free,
            *flags,
        ]
        self.lines: list[str] = []
        self.address = ""
        self.metrics_address = ""
        self._on_line = on_line
        self._environment = environment
        self._settled = threading.Event()
        self._process = self._start()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._settled.wait(START_SECONDS):
            self.kill()
            raise ServerError(
                f"it did not listen within {START_SECONDS:.0f} s{self._log()}"
            )
        if not self.address:
            code = self.wait()
            raise ServerError(f"it ended with code {code}{self._log()}")

    def __enter__(self) -> ServerProcess:
        return self

    def __exit__(self, error_type: type | None, *_: object) -> None:
        if error_type is not None:
            self.kill()  # The error that is on its way says more than ours.
        elif self._process.poll() is None:
            self.stop()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send_signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self, timeout: float | None = STOP_SECONDS) -> int:
        """Waits for its end; returns the exit code, with `lines` complete.

        Args:
            timeout: Seconds. None: as long as it takes.
        """
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerError(
                f"it did not end within {timeout:.0f} s{self._log()}"
            ) from None
        self._reader.join()
        return code

    def stop(self) -> None:
        """Asks it to stop. Raises ServerError unless it exits with code 0."""
        self.send_signal(signal.SIGTERM)
        code = self.wait()
        if code != 0:
            raise ServerError(
                f"asked to stop, it ended with code {code}{self._log()}"
            )

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def _start(self) -> subprocess.Popen[str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("STRATA_")
        }
        try:
            return subprocess.Popen(
                self.command,
                env=inherited | dict(self._environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                # Ctrl-C is ours to pass on.
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        except FileNotFoundError:
            raise ServerError(
                f"there is no {self.command[0]}; build it with `make build`"
            ) from None

    def _read(self) -> None:
        with self._process.stderr as log:
            for line in log:
                line = line.rstrip("\n")
                self.lines.append(line)
                kind, _, address = line.rpartition(" ")
                if kind == "metrics at":
                    self.metrics_address = address
                elif kind == "listening on":
                    self.address = address
                    self._settled.set()
                self._on_line(line)
        self._settled.set()

    def _log(self) -> str:
        command = "$ " + " ".join(self.command)
        tail = self.lines[-_LOG_LINES:]
        return "".join(f"\n  {line}" for line in [command, *tail])
