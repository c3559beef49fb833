#!/usr/bin/env python3
# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs clang-tidy over C++ sources, those that were not clean before.

A source that was clean is left out until something changes that it is made of:
itself, the headers of this tree that it includes, its compile command, the
configuration of clang-tidy, its version, the protos or the dependencies. What
it was made of is kept in a stamp, BUILD/tidy/SOURCE.stamp; without the stamp it
is checked anew.

Prints a line for each source and what is wrong with it. Exits 1 if something
is, or if a source has no compile command and so could not be checked.
"""

import argparse
import hashlib
import json
import os
import shlex
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

CLANG_TIDY = "clang-tidy-19"


@dataclass
class Source:
    """A source file and how it is compiled."""

    path: str
    command: list[str]
    directory: str

    def inputs(self) -> list[str]:
        """The file and the headers of this tree that it includes.

        Raises CalledProcessError where it does not preprocess.
        """
        output = self.command.index("-o")
        command = self.command[:output] + self.command[output + 2 :] + ["-MM"]
        rule = subprocess.run(
            command, cwd=self.directory, check=True, capture_output=True, text=True
        ).stdout
        return shlex.split(rule.split(":", 1)[1].replace("\\\n", " "))


class Tidy:
    """clang-tidy with a memory of what was clean. Thread-safe."""

    def __init__(self, build: Path):
        self._build = build
        self._common = common_inputs(build)

    def check(self, source: Source) -> str | None:
        """What is wrong with a source, empty if nothing; None if left out."""
        stamp = self._build / "tidy" / f"{source.path}.stamp"
        if stamp.exists():
            digest, *inputs = stamp.read_text().splitlines()
            if digest == self._digest(source, inputs):
                return None
            stamp.unlink()
        try:
            inputs = source.inputs()
        except subprocess.CalledProcessError as error:
            return error.stderr
        # Taken before the check: a change while it runs is then one to check.
        digest = self._digest(source, inputs)
        run = subprocess.run(
            [CLANG_TIDY, "-p", str(self._build), "--quiet", source.path],
            capture_output=True,
            text=True,
        )
        if run.returncode != 0:
            # On standard error are counts of what is not reported, or a crash.
            return run.stdout or run.stderr or f"exit status {run.returncode}\n"
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text("\n".join([digest, *inputs]) + "\n")
        return ""

    def _digest(self, source: Source, inputs: list[str]) -> str:
        files = [Path(source.directory, name) for name in inputs]
        files += [folder / ".clang-tidy" for folder in Path(source.path).parents]
        parts = [self._common, *source.command, source.directory]
        parts += map(file_digest, files)
        return text_digest("\0".join(parts))


def text_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def file_digest(path: Path) -> str:
    """The digest of a file's name and content; an absent one has one too."""
    content = path.read_bytes() if path.exists() else b"absent"
    return f"{path} {hashlib.sha256(content).hexdigest()}"


def common_inputs(build: Path) -> str:
    """The digest of what every source's findings depend on."""
    version = subprocess.run(
        [CLANG_TIDY, "--version"], check=True, capture_output=True, text=True
    ).stdout
    # What the headers outside the tree come from, and the generated ones.
    files = [build.parent / "dependencies.cmake", *Path("proto").rglob("*.proto")]
    return text_digest("\0".join([version, *map(file_digest, sorted(files))]))


def from_here(path: str) -> str:
    return os.path.relpath(os.path.realpath(path), os.path.realpath("."))


def compiled_sources(build: Path) -> dict[str, Source]:
    """The sources of a compilation database, by their paths from here."""
    sources = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = from_here(entry["file"])
        sources[path] = Source(
            path=path,
            command=shlex.split(entry["command"]),
            directory=entry["directory"],
        )
    return sources


def check_all(tidy: Tidy, sources: list[Source], jobs: int) -> int:
    """Checks the sources, telling of each; returns how many are not clean."""
    failed = skipped = 0
    begin = time.monotonic()
    executor = ThreadPoolExecutor(jobs)
    try:
        checks = {executor.submit(tidy.check, source): source for source in sources}
        for done, check in enumerate(as_completed(checks), start=1):
            findings = check.result()
            if findings is None:
                skipped += 1
                continue
            failed += bool(findings)
            state = "NOT CLEAN" if findings else "clean"
            print(f"[{done}/{len(sources)}] {checks[check].path}: {state}", flush=True)
            print(findings, end="", flush=True)
    finally:
        executor.shutdown(cancel_futures=True)
    print(
        f"strata: clang-tidy: {len(sources)} sources, {failed} not clean, {skipped}"
        f" unchanged since they were clean; {time.monotonic() - begin:.0f} s"
    )
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=Path("build/lint"))
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("sources", nargs="+")
    arguments = parser.parse_args()
    compiled = compiled_sources(arguments.build)
    paths = [from_here(path) for path in arguments.sources]
    strays = [path for path in paths if path not in compiled]
    for path in strays:
        print(f"strata: {path} is in no target of {arguments.build}", file=sys.stderr)
    sources = [compiled[path] for path in paths if path in compiled]
    failed = check_all(Tidy(arguments.build), sources, arguments.jobs)
    return 1 if strays or failed else 0


if __name__ == "__main__":
    sys.exit(main())
