# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""A machine whose NVIDIA driver is older than LibTorch's CUDA."""

import os
import pathlib
import subprocess

import pytest

# A driver that knows CUDA 9.0, with a device; older than any LibTorch needs.
DRIVER = """
int cuInit(unsigned flags) { return 0; }
int cuDeviceGetCount(int* count) { *count = 1; return 0; }
int cuDriverGetVersion(int* version) { *version = 9000; return 0; }
"""


@pytest.fixture(scope="module")
def driver(tmp_path_factory) -> pathlib.Path:
    """A folder that holds it."""
    folder = tmp_path_factory.mktemp("driver")
    (folder / "driver.c").write_text(DRIVER)
    name = "libcuda.so.1"
    subprocess.run(
        ["cc", "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", name,
         "driver.c"],
        cwd=folder, check=True,
    )
    return folder


@pytest.mark.parametrize("devices", ["cuda", "auto"])
def test_the_server_says_so_and_does_not_start(
    bin_dir, repository, driver, devices
):
    done = subprocess.run(
        [bin_dir / "strata-server", f"--repository={repository}",
         "--listen=127.0.0.1:0", "--metrics-listen=off", "--lame-duck=0s",
         f"--devices={devices}"],
        env=dict(os.environ, LD_LIBRARY_PATH=str(driver)),
        capture_output=True, text=True, timeout=60,
    )
    if "CUDA part does not load" in done.stderr:
        pytest.skip("this LibTorch is without CUDA")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(
        "strata-server: the NVIDIA driver is too old: it knows CUDA 9.0, and "
        "this LibTorch, built for CUDA 1"
    )
    assert last.endswith(
        "update the driver, take a LibTorch built for CUDA 9, or use "
        "--devices=cpu"
    )
