# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""`strata encode` of files and pipes: what comes when, and how it ends."""

import json
import signal
import subprocess

import numpy as np
import pytest

OPTIONS = ["--model=minilm", "--pooling=mean", "--format=jsonl"]
TOO_LONG = "too long " * 600


@pytest.fixture
def start(bin_dir, server):
    """start(*arguments): the running process, ended by the test.

    As a terminal would start it: SIGINT interrupts it, though whoever runs the
    tests may have it ignored.
    """
    running = []

    def call(*arguments):
        process = subprocess.Popen(
            [bin_dir / "strata", "--server", server.address, "encode"]
            + list(arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        running.append(process)
        return process

    yield call
    for process in running:
        with process:  # Closes its pipes.
            process.kill()


@pytest.fixture
def run(start):
    """run(*arguments): exit code, the objects of its lines, and what it said."""

    def call(*arguments, stdin=""):
        process = start(*OPTIONS, *arguments)
        out, err = process.communicate(stdin, timeout=120)
        objects = [json.loads(line) for line in out.splitlines()]
        return process.returncode, objects, err

    return call


def states(answer):
    [output] = answer["outputs"]
    return np.array(output["tensor"]["values"], "f4")


def test_a_file_of_many_lines(run, client, tmp_path):
    texts = [f"Text {i} " + "ran " * (i % 9) for i in range(300)]
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(texts))
    code, answers, err = run(f"--file={path}", "--batch-size=7")
    assert (code, err) == (0, "")
    assert [answer["index"] for answer in answers] == list(range(300))
    expected = client.encode(texts, "minilm", pooling="mean")
    for answer, encoding in zip(answers, expected, strict=True):
        assert (answer["model"], answer["version"]) == ("minilm", 1)
        assert answer["piece_count"] == encoding.piece_count
        np.testing.assert_allclose(
            states(answer), encoding.hidden_states, rtol=1e-3, atol=1e-5
        )


def test_one_object_of_many_lines(start, tmp_path):
    lines = "".join(f"Text {i}\n" for i in range(100))
    process = start("-", "--model=minilm", "--pooling=mean", "--format=json")
    out, err = process.communicate(lines, timeout=120)
    assert (process.returncode, err) == (0, "")
    reply = json.loads(out)
    assert list(reply) == [
        "model",
        "version",
        "digest",
        "encodings",
        "timings",
    ]
    assert len(reply["encodings"]) == 100


def test_what_trickles_in_is_answered_at_once(start):
    process = start("-", *OPTIONS)
    for index in range(3):
        process.stdin.write(f"Line {index}.\n")
        process.stdin.flush()
        # Nothing more comes before the answer is there.
        assert json.loads(process.stdout.readline())["index"] == index
    process.stdin.close()
    assert process.wait(timeout=120) == 0


def test_a_line_that_is_too_long_ends_the_run(run):
    lines = "".join(f"Line {i}.\n" for i in range(40)) + TOO_LONG + "\nlast\n"
    code, answers, err = run("-", stdin=lines)
    assert code == 1
    assert [answer["index"] for answer in answers] == list(range(40))
    assert "line 41: has " in err and "--truncation" in err
    assert "inputs[" not in err


def test_or_counts_as_failed(run):
    code, answers, err = run(
        "-", "--keep-going", stdin=f"one\n{TOO_LONG}\nthree\n"
    )
    assert code == 4
    assert [answer["index"] for answer in answers] == [0, 1, 2]
    assert [answer["status"]["code"] for answer in answers] == [0, 3, 0]
    assert [len(answer["outputs"]) for answer in answers] == [1, 0, 1]
    assert "INPUT_TOO_LONG" in answers[1]["status"]["message"]
    said = err.splitlines()
    assert said[0].startswith("strata: line 2: has ")
    assert said[1:] == ["strata: 1 of 3 texts failed."]


def test_a_line_that_is_not_utf8(run, tmp_path):
    path = tmp_path / "texts.txt"
    path.write_bytes(b"one\ncaf\xe9\nthree\n")
    code, answers, err = run(f"--file={path}")
    assert code == 2 and "line 2 is not valid UTF-8 from byte 3 on" in err
    assert [answer["index"] for answer in answers] == [0]


def test_a_folder_is_no_text(run, tmp_path):
    code, answers, err = run(f"--file={tmp_path}")
    assert (code, answers) == (2, [])
    assert f"line 1 of --file {tmp_path} cannot be read: Is a directory" in err


def test_npy_for_each_line(start, tmp_path):
    process = start(
        "-", "--model=minilm", "--format=npy", f"--output={tmp_path}/s/"
    )
    out, err = process.communicate("one\ntwo\n", timeout=120)
    assert (process.returncode, out, err) == (0, "", "")
    files = sorted(path.name for path in (tmp_path / "s").iterdir())
    assert files == ["0.npy", "1.npy"]
    assert np.load(tmp_path / "s" / "1.npy").shape[-1] == 384


def test_ctrl_c_leaves_what_is_finished(start):
    process = start("-", *OPTIONS)
    process.stdin.write("Line 0.\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["index"] == 0
    # It waits for more.
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=120) == 130
    assert process.stderr.read() == "strata: interrupted; 1 text written.\n"


def test_ctrl_c_leaves_a_whole_object(start):
    process = start("-", "--model=minilm", "--pooling=mean", "--format=json")
    process.stdin.write("Line 0.\n")
    process.stdin.flush()
    begin = process.stdout.read(1)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=120) == 130
    reply = json.loads(begin + process.stdout.read())
    assert len(reply["encodings"]) == 1


def test_a_reader_that_has_seen_enough(bin_dir, server):
    # An endless file, of which one line is wanted.
    script = (
        'yes "a line" | "$0" --server "$1" encode - --model=minilm '
        "--pooling=mean --format=jsonl | head -1; "
        'echo "${PIPESTATUS[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", script, bin_dir / "strata", server.address],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    answer, codes = done.stdout.splitlines()
    assert json.loads(answer)["index"] == 0
    # 128 and SIGPIPE, as of any filter.
    assert codes.split() == ["141", "141", "0"]
    assert done.stderr == ""
