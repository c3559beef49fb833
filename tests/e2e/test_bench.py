# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The benchmark runs and writes what it should; no timing is looked at."""

import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BENCH = ROOT / "tests" / "bench"
sys.path.insert(0, str(BENCH))

from targets import TARGETS  # noqa: E402

CPU_IDS = {name for name, target in TARGETS.items() if not target.gpu}


@pytest.fixture(scope="module")
def run(bin_dir, built, tmp_path_factory):
    """run(*arguments): the benchmark, quick, on one thread."""
    folder = tmp_path_factory.mktemp("bench")
    repository = built.with_name(built.name + "-bench")

    def bench(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [
                sys.executable,
                str(BENCH / "run.py"),
                "--quick",
                "--threads=1",
                f"--bin-dir={bin_dir}",
                f"--repository={repository}",
                f"--work={folder / 'work'}",
                f"--output={folder / 'results.json'}",
                *arguments,
            ],
            capture_output=True,
            text=True,
        )

    bench.output = folder / "results.json"
    return bench


@pytest.fixture(scope="module")
def results(run) -> dict:
    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(run.output.read_text())


def test_every_figure_has_a_value_and_how_it_was_got(results):
    assert set(results["results"]) == set(TARGETS)
    for name in CPU_IDS:
        result = results["results"][name]
        assert isinstance(result["value"], float), name
        assert result["target"] == str(TARGETS[name])
        assert result["met"] is TARGETS[name].met(result["value"]), name
        assert result["machine"] == "cpu"
        assert result["how"] and result["details"], name
    assert results["machines"]["cpu"]["cpus"] >= 1


def test_figures_that_were_not_measured_say_why(results):
    for name in set(TARGETS) - CPU_IDS:
        result = results["results"][name]
        assert result["value"] is None
        assert "needs a CUDA device" in result["why"]


def test_profiles_hold_every_load_without_failures(results):
    assert "minilm, mean" in results["profiles"]
    assert "falcon-random, all layers" in results["profiles"]
    for name, rows in results["profiles"].items():
        assert [row["load"] for row in rows] == [
            "1 in flight",
            "8 in flight",
            "32 in flight",
            "128 in flight",
            "50% of capacity",
            "90% of capacity",
        ]
        assert [row["failures"] for row in rows] == [0] * len(rows), name


def test_a_part_keeps_the_rest_and_the_page_shows_all(run, results):
    page = run.output.with_name("RESULTS.md")
    page.write_text("By hand.\n\n" + page.read_text())
    done = run("--only", "overhead_ms")
    assert done.returncode == 0, done.stdout + done.stderr
    again = json.loads(run.output.read_text())
    assert again["results"]["growth"] == results["results"]["growth"]
    text = page.read_text()
    assert text.startswith("By hand.\n")
    for name in TARGETS:
        assert text.count(f"| {name} |") == 1


def test_an_unknown_figure_is_named(run):
    done = run("--only", "speed")
    assert done.returncode == 2
    assert "'speed'" in done.stderr
