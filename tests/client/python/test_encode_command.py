# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The command strata-encode: its options, and how it tells and ends."""

import io

import grpc
import pyarrow
import pyarrow.parquet
import pytest
from strata.encode import cli, options, plan
from strata.encode.errors import ExitCode, UsageError, exit_code_of
from strata.encode.outcome import Failure
from strata.encode.plan import Plan
from strata.encode.progress import Progress

import strata
from strata.models import ModelDescription


def make_plan(**changes):
    fields = dict(
        corpus_sha256="aa",
        rows=5,
        text_field=None,
        id_field=None,
        model="m",
        version=1,
        digest="sha256:00",
        layers=[1],
        width=4,
        pooling="mean",
        normalize=False,
        dimensions=0,
        dtype="float32",
        prompt="",
        truncation="none",
        max_pieces=0,
        special_pieces=True,
        format="parquet",
    )
    return Plan(**(fields | changes))


def test_a_plan_is_what_it_was_read_from():
    assert Plan.from_json(make_plan().to_json()) == make_plan()
    with pytest.raises(TypeError):
        Plan.from_json("{}")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"layers": [0]}, ["layers was [1], is [0]"]),
        (
            {"corpus_sha256": "bb", "rows": 6},
            ["corpus sha256 was aa, is bb"],
        ),
        (
            {"digest": "sha256:11", "version": 2, "width": 8},
            ["digest was sha256:00, is sha256:11"],
        ),
        (
            {"dtype": "float16", "id_field": "n"},
            ["id field was None, is n", "dtype was float32, is float16"],
        ),
    ],
)
def test_what_a_plan_differs_in(changes, expected):
    assert make_plan(**changes).differences(make_plan()) == expected


def model(**changes):
    fields = dict(
        name="m",
        version=1,
        state="ready",
        reason="",
        digest="d",
        labels=[],
        layers=7,
        width=4,
        dtype="float32",
        vocabulary_size=9,
        logits=False,
        batch_invariant=False,
        max_pieces=8,
        devices=[],
        prompts={"query": "q: "},
        message=None,
    )
    return ModelDescription(**(fields | changes))


@pytest.mark.parametrize(
    ("wanted", "layers"),
    [
        ("-1", [6]),
        ("all", [0, 1, 2, 3, 4, 5, 6]),
        ("0,-7,3", [0, 3]),
        ("6, -2", [6, 5]),
    ],
)
def test_layers(wanted, layers):
    assert plan.layers_of(wanted, model()) == layers


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("7", "--layers names 7; m has 7 layers: 0 to 6"),
        ("-8", "--layers names -8;"),
        ("last", '--layers is "last"; expected "all", or numbers'),
        ("", "expected"),
    ],
)
def test_layers_that_there_are_not(wanted, words):
    with pytest.raises(UsageError, match=words):
        plan.layers_of(wanted, model())


@pytest.mark.parametrize(
    ("code", "reason", "expected"),
    [
        ("UNAVAILABLE", "", ExitCode.NO_ANSWER),
        ("DEADLINE_EXCEEDED", "", ExitCode.NO_ANSWER),
        ("UNAVAILABLE", "SERVER_STOPPING", ExitCode.SERVER_ERROR),
        ("UNAUTHENTICATED", "NOT_AUTHENTICATED", ExitCode.SERVER_ERROR),
    ],
)
def test_how_an_error_ends_it(code, reason, expected):
    error = strata.StrataError(getattr(grpc.StatusCode, code), "no", reason)
    assert exit_code_of(error) is expected


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["c.txt"], "required: -o/--output"),
        (["c.txt", "-o", "s.parquet", "--pooling=spans"], "invalid choice"),
        (["c.txt", "-o", "s.parquet", "--in-flight=0"], "a number from 1 up"),
        (["c.txt", "-o", "s.parquet", "--max-pieces=-1"], "a number from 0"),
    ],
)
def test_command_lines_that_are_wrong(capsys, arguments, words):
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == ExitCode.USAGE
    assert words in capsys.readouterr().err


def test_files_of_tls_from_the_environment(monkeypatch):
    def files(*flags):
        parsed = options.make_parser().parse_args(["c", "-o", "s", *flags])
        return [parsed.tls_ca, parsed.tls_certificate, parsed.tls_key]

    # The server's own.
    monkeypatch.setenv("STRATA_TLS_CERTIFICATE", "/server")
    monkeypatch.setenv("STRATA_TLS_KEY", "/server")
    for name in ("CA", "CLIENT_CERTIFICATE", "CLIENT_KEY"):
        monkeypatch.setenv(f"STRATA_TLS_{name}", "")
    assert files() == [None, None, None]
    for name in ("CA", "CLIENT_CERTIFICATE", "CLIENT_KEY"):
        monkeypatch.setenv(f"STRATA_TLS_{name}", f"/{name}")
    assert [str(file) for file in files("--tls-key=/k")] == [
        "/CA", "/CLIENT_CERTIFICATE", "/k"
    ]


def test_files_that_are_wrong(capsys, tmp_path):
    corpus = tmp_path / "c.txt"
    assert cli.main([str(corpus), "-o", "s.parquet"]) == ExitCode.USAGE
    assert f"{corpus} cannot be read" in capsys.readouterr().err
    corpus.write_text("a")
    output = ["-o", str(tmp_path / "s.parquet")]
    missing = ["--token-file", str(tmp_path / "none")]
    assert cli.main([str(corpus), *output, *missing]) == ExitCode.USAGE
    assert f"{tmp_path}/none: No such file" in capsys.readouterr().err
    elsewhere = ["--server=strata.example:1", f"--token-file={corpus}"]
    assert cli.main([str(corpus), *output, *elsewhere]) == ExitCode.USAGE
    assert "could be read on the way" in capsys.readouterr().err


def test_the_corpus_is_not_overwritten(capsys, tmp_path):
    corpus, output = tmp_path / "c.parquet", tmp_path / "s.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": ["a"]}), corpus)
    before = corpus.read_bytes()
    output.symlink_to(corpus)
    for name in (corpus, output):
        arguments = [str(corpus), "-o", str(name), "--restart"]
        assert cli.main(arguments) == ExitCode.USAGE
        assert "is the corpus itself" in capsys.readouterr().err
    assert corpus.read_bytes() == before


def test_help_tells_of_every_exit_code(capsys):
    with pytest.raises(SystemExit):
        options.make_parser().parse_args(["--help"])
    text = capsys.readouterr().out
    told = {
        int(line.split()[0])
        for line in text[text.index("exit codes:") :].splitlines()
        if line.strip() and line.split()[0].isdecimal()
    }
    assert told == {int(code) for code in ExitCode}
    assert max(map(len, text.splitlines())) <= 80


FAILED = Failure(1, "", "INVALID_ARGUMENT", "", "no")


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_progress_in_lines():
    stream, clock = io.StringIO(), Clock()
    progress = Progress(stream, done=100, total=200, clock=clock)
    for seconds in (4, 8, 12, 16, 20, 24):
        clock.now = float(seconds)
        progress.add(FAILED)
    progress.close()
    assert stream.getvalue().splitlines() == [
        "strata-encode: 103 of 200 texts, 0.2/s, 3 failed",
        "strata-encode: 106 of 200 texts, 0.2/s, 6 failed",
    ]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_on_a_terminal():
    stream = Terminal()
    progress = Progress(stream, done=1, total=3)
    progress.add(FAILED)
    progress.add(FAILED)
    progress.close()
    shown = stream.getvalue()
    assert "\r" in shown and "3/3" in shown and "failed=2" in shown
