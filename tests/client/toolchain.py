# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The compilers and package managers of other languages."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# What is built for the tests, kept for the next run.
BUILD = ROOT / "build" / "clients"


def need(*command: str, least: str) -> None:
    """Skips the test unless a tool is there, of this version or a newer one.

    In CI, where none may be missing, it fails.

    Args:
        command: Prints the tool's version, as ("go", "version").
        least: As "1.26".
    """
    found = "none"
    if shutil.which(command[0]):
        printed = run(*command)
        match = re.search(r"\d+(\.\d+)+", printed)
        found = match[0] if match else printed.strip()
        if _numbers(found) >= _numbers(least):
            return
    missing(f"{command[0]} {least} or newer is needed; found {found}")


def missing(why: str) -> None:
    """Skips the test; in CI, where nothing may be missing, it fails."""
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


def run(
    *command: str | pathlib.Path,
    folder: pathlib.Path = ROOT,
    **environment: str | pathlib.Path,
) -> str:
    """What a command prints; it must exit with 0.

    Args:
        folder: Where it runs.
        environment: Variables beside the inherited ones, without STRATA_*.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("STRATA_")
    }
    done = subprocess.run(
        command,
        cwd=folder,
        env=inherited | {k: str(v) for k, v in environment.items()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    line = " ".join(str(word) for word in command)
    assert done.returncode == 0, f"{line}: {done.returncode}\n{done.stdout}"
    return done.stdout


def copy_of(client: str) -> pathlib.Path:
    """A copy of a client's folder, for tools that write beside their sources.

    What they wrote there before is still there.
    """
    copy = BUILD / client
    listed = run("git", "ls-files", "-co", "--exclude-standard", "-z", ".",
                 folder=ROOT / "client" / client)
    names = {name for name in listed.split("\0") if name}
    former = copy / ".names"
    if former.exists():
        for name in set(former.read_text().split("\0")) - names:
            (copy / name).unlink(missing_ok=True)
    for name in names:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        # With its time, by which tools see what is new.
        shutil.copy2(ROOT / "client" / client / name, copy / name)
    former.write_text("\0".join(names))
    return copy


def npm_ci(folder: pathlib.Path) -> None:
    """Installs what a copy's lock file names, unless that is done already."""
    lock = (folder / "package-lock.json").read_text()
    installed = folder / "node_modules" / ".installed"
    if not installed.exists() or installed.read_text() != lock:
        run("npm", "ci", "--ignore-scripts", "--no-audit", folder=folder)
        installed.write_text(lock)
    shutil.rmtree(folder / "dist", ignore_errors=True)


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]
