# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The command strata-encode, as tests run it and read what it writes."""

from __future__ import annotations

import os
import pathlib
import resource
import signal
import subprocess
import sys

import safetensors

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def command(corpus, output, address, *options: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "strata.encode",
        str(corpus),
        f"--output={output}",
        f"--server={address}",
        *options,
    ]


def environment(**more: str) -> dict[str, str]:
    ours = {k: v for k, v in os.environ.items() if not k.startswith("STRATA_")}
    return ours | {"PYTHONPATH": str(ROOT / "client" / "python")} | more


def run(corpus, output, address, *options: str, code: int = 0, **more: str):
    """Runs it to its end, which must be `code`; what it said."""
    done = subprocess.run(
        command(corpus, output, address, *options),
        capture_output=True,
        text=True,
        env=environment(**more),
        timeout=300,
    )
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    return done.stderr


def start(
    corpus, output, address, *options: str, most_bytes: int | None = None
) -> subprocess.Popen:
    """Starts it as a terminal would: SIGINT interrupts it.

    Where the tests run in the background, that signal is ignored, and what they
    start would inherit it. `most_bytes`: of a file.
    """

    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if most_bytes is not None:
            resource.setrlimit(
                resource.RLIMIT_FSIZE, (most_bytes, most_bytes)
            )

    return subprocess.Popen(
        command(corpus, output, address, *options),
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        preexec_fn=prepare,
    )


def kept(output: pathlib.Path) -> int:
    """Texts that an unfinished run has kept."""
    folder = output.with_name(output.name + ".partial")
    ends = [int(x.stem.split("-")[1]) for x in folder.glob("*.shard")]
    return max(ends, default=0)


def tensors(output: pathlib.Path, framework: str = "numpy") -> dict:
    with safetensors.safe_open(output, framework=framework) as file:
        return {name: file.get_tensor(name) for name in file.keys()}
