# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The protos that every client is made from, and what proto/check.sh says.

Whether a change breaks clients is seen by buf, which takes minutes to compile:
nightly. No change can pass by unseen until then: the baseline is then not like
the protos any more, and the command that renews it asks buf first.
"""

import pathlib
import shutil
import subprocess

import pytest
from toolchain import ROOT, need, run

TENSOR = pathlib.Path("strata", "v1", "tensor.proto")


@pytest.fixture
def copy(tmp_path) -> pathlib.Path:
    """A copy of the protos, to be changed; buf is that of this tree."""
    shutil.copytree(ROOT / "proto", tmp_path / "proto")
    (ROOT / "build").mkdir(exist_ok=True)
    (tmp_path / "build").symlink_to(ROOT / "build")
    return tmp_path / "proto"


def change(proto: pathlib.Path, old: str, new: str) -> None:
    text = proto.read_text()
    assert text.count(old) == 1
    proto.write_text(text.replace(old, new))


def refusal(protos: pathlib.Path, *options: str) -> str:
    """Why check.sh refuses the protos."""
    done = subprocess.run(
        [protos / "check.sh", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode != 0
    return done.stdout


def need_buf() -> None:
    need("go", "version", least="1.26.7")


def test_the_baseline_is_like_the_protos():
    run("proto/check.sh", "--baseline")


def test_a_change_is_seen_without_buf(copy):
    change(copy / TENSOR, "bytes data = 3;", "bytes data = 4;")
    assert "run proto/check.sh --accept" in refusal(copy, "--baseline")


@pytest.mark.nightly
def test_buf_finds_nothing():
    need_buf()
    run("proto/check.sh")


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("// A dense array of numbers.", "", "should have a non-empty comment"),
        ("bytes data = 3;", "bytes theData = 3;", "should be lower_snake_case"),
        ("bytes data = 3;", "string data = 3;", "changed type"),
        ("bytes data = 3;", "bytes data = 4;", '"3" with name "data"'),
        ("bytes data = 3;", "bytes numbers = 3;", "changed name"),
        ("DATA_TYPE_BFLOAT16 = 3;", "DATA_TYPE_BF16 = 3;", "changed name"),
    ],
)
def test_buf_refuses(copy, old, new, why):
    need_buf()
    change(copy / TENSOR, old, new)
    before = (copy / "baseline" / TENSOR).read_text()
    assert why in refusal(copy, "--accept")
    assert (copy / "baseline" / TENSOR).read_text() == before


@pytest.mark.nightly
def test_what_is_added_is_accepted_and_then_guarded(copy):
    need_buf()
    added = "bytes data = 3;\n  // Something new.\n  bool new = 4;"
    change(copy / TENSOR, "bytes data = 3;", added)
    assert "run proto/check.sh --accept" in refusal(copy)
    run(copy / "check.sh", "--accept")
    run(copy / "check.sh")
    change(copy / TENSOR, added, "bytes data = 3;")
    assert '"4" with name "new"' in refusal(copy)
