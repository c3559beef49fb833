# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What every Python test needs: the package `strata`, the server's fixtures."""

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
# The fixtures, and what end-to-end tests and tests of faults share.
sys.path[1:1] = [str(ROOT / "tests"), str(ROOT / "tests" / "e2e")]
subprocess.run(
    [sys.executable, str(ROOT / "deploy" / "generate_python_stubs.py")],
    check=True,
)

pytest_plugins = ["served"]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "gpu: needs a CUDA device")
    config.addinivalue_line("markers", "nightly: too long for every change")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session):
    """Ends the process when all is reported.

    sentencepiece's module, which SWIG made, may crash while the interpreter
    takes its modules apart: it makes an object of a type that has gone.
    """
    yield
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(int(session.exitstatus))
