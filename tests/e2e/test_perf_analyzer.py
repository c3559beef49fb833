# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Triton's perf_analyzer, unchanged, measures the running server."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

# The last wheel that holds the program, and the library of CUDA that it wants
# though it finds no device.
WHEELS = ["tritonclient==2.51.0", "nvidia-cuda-runtime-cu12==12.9.79"]
TEXTS = ["Where does the river rise?", "Seven herons.", "A bridge, " * 20]


@pytest.fixture(scope="module")
def perf_analyzer(tmp_path_factory):
    """The program and its environment: of this machine, or from its wheel."""
    found = shutil.which("perf_analyzer")
    if found:
        return found, dict(os.environ)
    if not shutil.which("apt-get"):
        pytest.skip("there is no perf_analyzer, and no apt-get for its libb64")
    folder = tmp_path_factory.mktemp("perf_analyzer")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps",
         "--target", folder / "wheels", *WHEELS],
        check=True,
    )
    subprocess.run(["apt-get", "download", "libb64-0d"], cwd=folder, check=True)
    [package] = folder.glob("libb64-0d_*.deb")
    subprocess.run(["dpkg", "-x", package, folder / "libb64"], check=True)
    libraries = {x.parent for x in folder.rglob("*.so.*")}
    program = folder / "wheels" / "bin" / "perf_analyzer"
    program.chmod(0o755)
    path = ":".join(str(library) for library in libraries)
    return str(program), dict(os.environ, LD_LIBRARY_PATH=path)


@pytest.mark.nightly
@pytest.mark.parametrize(
    "options",
    [
        ["--concurrency-range", "1:4:3"],
        ["-b", "3", "--concurrency-range", "2"],
        ["--streaming", "--concurrency-range", "4"],
    ],
    ids=" ".join,
)
def test_it_prints_its_table(server, perf_analyzer, tmp_path, options):
    program, environment = perf_analyzer
    texts = tmp_path / "texts.json"
    texts.write_text(json.dumps({"data": [{"text": [x]} for x in TEXTS]}))
    done = subprocess.run(
        [program, "-m", "minilm", "-u", server.address, "-i", "grpc",
         "--input-data", texts, "--measurement-mode", "count_windows",
         "--measurement-request-count", "20", "-s", "99", "-r", "3", *options],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    print(done.stdout)
    assert "Inferences/Second vs. Client" in done.stdout
    rates = re.findall(r"^Concurrency: \d+, throughput: (\S+) infer/sec",
                       done.stdout, re.MULTILINE)
    assert rates and all(float(rate) > 0 for rate in rates)
    # What the server says of the same requests, by ModelStatistics.
    counts = re.findall(r"Inference count: (\d+)", done.stdout)
    assert counts and all(int(count) > 0 for count in counts)
    assert not re.search(r"Failed|error", done.stdout), done.stdout
