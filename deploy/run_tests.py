#!/usr/bin/env python3
# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs CTest and pytest and ends with the line "N passed, N failed, N skipped".

Exits 1 if a test failed, a runner broke off, or no test ran.
"""

import argparse
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Count:
    """Tests by how they ended."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0


def count_junit(report: Path) -> Count:
    """Counts the test cases of a JUnit report; an absent one counts as failed."""
    if not report.exists():
        print(f"strata: the test runner wrote no {report.name}", file=sys.stderr)
        return Count(failed=1)
    count = Count()
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            count.failed += 1
        elif case.find("skipped") is not None or case.get("status") == "notrun":
            count.skipped += 1
        else:
            count.passed += 1
    return count


def run(command: list[str], report: Path, environment: dict[str, str]) -> Count:
    """Runs one test runner; a broken runner that names no test is a failure."""
    report.unlink(missing_ok=True)
    print("strata: " + " ".join(command), flush=True)
    status = subprocess.run(command, cwd=ROOT, env=environment).returncode
    count = count_junit(report)
    if status != 0 and count.failed == 0:
        print(f"strata: {command[0]} ended with {status}", file=sys.stderr)
        count.failed = 1
    return count


def pytest_marks(arguments: argparse.Namespace) -> str:
    if arguments.gpu:
        return "gpu"
    return "nightly" if arguments.nightly else "not nightly"


def preset_environment(preset: str) -> dict[str, str]:
    """What CTest would set for the preset: the options of its sanitizer."""
    presets = json.loads((ROOT / "CMakePresets.json").read_text())
    return {
        name: value.replace("${sourceDir}", str(ROOT))
        for entry in presets["testPresets"] if entry["name"] == preset
        for name, value in entry.get("environment", {}).items()
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="release", help="the CMake preset that was built")
    parser.add_argument("--nightly", action="store_true", help="only the nightly tests")
    parser.add_argument("--faults", action="store_true",
                        help="only tests/faults and the short soak, against the preset's server")
    parser.add_argument("--gpu", action="store_true", help="only the tests labelled gpu")
    arguments = parser.parse_args()

    build = ROOT / "build" / arguments.preset
    environment = {
        **os.environ,
        **preset_environment(arguments.preset),
        "STRATA_BIN_DIR": str(build / "bin"),
    }
    counts = []
    if not arguments.nightly and not arguments.faults:
        report = build / "ctest.xml"
        command = ["ctest", "--preset", arguments.preset, "-j", str(os.cpu_count()),
                   "--progress", "--output-junit", str(report)]
        if arguments.gpu:
            command += ["-L", "gpu"]
        counts.append(run(command, report, environment))
    report = build / "pytest.xml"
    folders = ["tests/faults", "tests/soak"] if arguments.faults else ["tests"]
    counts.append(run([sys.executable, "-m", "pytest", *folders, "-q", "-m",
                       pytest_marks(arguments), f"--junitxml={report}"],
                      report, environment))

    passed = sum(count.passed for count in counts)
    failed = sum(count.failed for count in counts)
    skipped = sum(count.skipped for count in counts)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
