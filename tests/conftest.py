# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Makes the package `strata` of this tree importable, its stubs included."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Before any test module is imported: they import strata.
sys.path.insert(0, str(ROOT / "client" / "python"))
subprocess.run(
    [sys.executable, str(ROOT / "deploy" / "generate_python_stubs.py")],
    check=True,
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "gpu: needs a CUDA device")
    config.addinivalue_line("markers", "nightly: too long for every change")
