# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The archive of `make bundle`, unpacked elsewhere."""

import os
import pathlib
import subprocess
import sys
import tarfile

import pytest
from server_process import ServerProcess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


@pytest.mark.nightly
def test_the_bundle_serves(models, tmp_path, monkeypatch):
    for old in (ROOT / "build").glob("strata-*.tar.gz"):
        old.unlink()
    subprocess.run([ROOT / "deploy" / "bundle.sh"], check=True)
    [archive] = (ROOT / "build").glob("strata-*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    [folder] = tmp_path.iterdir()

    # Its launcher asks python3 where LibTorch is.
    python = pathlib.Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{python}:{os.environ['PATH']}")
    flags = ["--intra-op-threads=1", "--lame-duck=0s"]
    binary = folder / "bin" / "strata-server"
    with ServerProcess(binary, models, flags) as server:
        mapped = pathlib.Path(f"/proc/{server.pid}/maps").read_text()
        assert f"{folder}/lib/libgrpc++.so" in mapped
        done = subprocess.run(
            [folder / "bin" / "strata", "encode", "--model=minilm", "A text."],
            check=True,
            capture_output=True,
            text=True,
            env=dict(os.environ, STRATA_SERVER=server.address),
        )
        assert "[1, 5, 384]" in done.stdout
