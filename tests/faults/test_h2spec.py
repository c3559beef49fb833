# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""h2spec's 145 conversations that HTTP/2 forbids, or wants answered in one way.

What it fails gRPC fails; here nothing hangs, crashes or is kept.
"""

import os
import re
import shutil
import subprocess

import harm
import pytest

H2SPEC = "github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible"
CASES = 145


@pytest.fixture(scope="module")
def h2spec(tmp_path_factory):
    """The program: of this machine, or built by its Go."""
    found = shutil.which("h2spec")
    if found:
        return found
    go = shutil.which("go")
    if not go:
        pytest.skip("there is no h2spec, and no go to build it with")
    folder = tmp_path_factory.mktemp("go")
    subprocess.run(
        [go, "install", "-modcacherw", H2SPEC],
        check=True,
        env=dict(os.environ, GOBIN=str(folder), GOPATH=str(folder / "path")),
    )
    return str(folder / "h2spec")


@pytest.mark.nightly
def test_nothing_is_harmed(serve, small, h2spec):
    # It takes a ping for an answer to whatever it has sent.
    with serve(small, "--keepalive-time=0s") as server:
        host, _, port = server.address.rpartition(":")
        with harm.unharmed(server):
            done = subprocess.run(
                [h2spec, "--host", host, "--port", port, "--timeout", "1"],
                stdout=subprocess.PIPE, text=True, timeout=1200,
            )
    print(done.stdout)
    [cases] = re.findall(r"^(\d+) tests, \d+ passed", done.stdout, re.MULTILINE)
    assert int(cases) == CASES
