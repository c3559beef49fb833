# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Makes the package `strata` of this tree importable, its stubs included."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Tests start processes while channels are open. With it, gRPC's threads start
# anew between fork and exec, find their descriptors closed, and abort the child
# (grpc/grpc#43055).
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"
# Before any test module is imported: they import strata.
sys.path.insert(0, str(ROOT / "client" / "python"))
subprocess.run(
    [sys.executable, str(ROOT / "deploy" / "generate_python_stubs.py")],
    check=True,
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "gpu: needs a CUDA device")
    config.addinivalue_line("markers", "nightly: too long for every change")
