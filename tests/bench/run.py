#!/usr/bin/env python3
# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Measures the server beside LibTorch's bare loop, and writes what came out.

`make bench` runs it, and `make bench-gpu` with --gpu. All of it takes about an
hour on two cores; each line says what is being measured.
"""

from __future__ import annotations

import argparse
import dataclasses
import pathlib
import subprocess
import sys
import time

import bench_models
import measures
import measures_gpu
import profiles
import report
import tools
from targets import TARGETS
from workbench import FULL, QUICK, Scale, Workbench

from printing import heading, say, table  # isort: skip
from server_process import ServerError  # isort: skip

FOLDER = pathlib.Path(__file__).resolve().parent
PROFILES = "profiles"

# In an order in which servers can be kept; by the figures that they give.
MEASURES = {
    (
        "cpu_cost",
        "throughput",
        "vs_sorted",
        "useful_flops",
    ): measures.saturation,
    ("goodput",): measures.goodput,
    ("vs_asyncio", "vs_asyncio_one"): measures.against_asyncio,
    ("after_cancel",): measures.after_cancel,
    ("overhead_ms",): measures.overhead,
    ("growth",): measures.growth,
    ("shared_prefix",): measures.shared_prefix,
    ("layer_cut",): measures.layer_cut,
    ("bytes_out",): measures.bytes_out,
    ("ready", "load_memory"): measures.loading,
}
GPU_MEASURES = {
    ("throughput_gpu", "idle_gpu"): measures_gpu.throughput,
    ("copy_gpu",): measures_gpu.copies,
    ("ready", "load_memory"): measures_gpu.loading,
    ("mfu_gpu", "vs_eager_gpu"): measures_gpu.falcon,
}
PROFILED = (
    bench_models.MINILM,
    bench_models.SMALL,
    bench_models.MEDIUM,
    bench_models.LARGE,
)
GPU_PROFILED = (bench_models.LARGE_BF16, bench_models.FALCON_7B)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    root = tools.ROOT
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="IDs: " + ", ".join([*TARGETS, PROFILES]),
    )
    parser.add_argument(
        "--only", nargs="+", metavar="ID", choices=[*TARGETS, PROFILES],
        help="measure these, and keep what the results hold of the others",
    )
    parser.add_argument(
        "--quick", action="store_true",
        help="seconds for each and small models in place of large ones: shows "
        "that all of it works, and its figures mean nothing",
    )
    parser.add_argument(
        "--rounds", type=int, metavar="N",
        help="how often all takes its turn (default: 5)",
    )
    parser.add_argument(
        "--seconds", type=float, metavar="S",
        help="how long each turn of the server lasts (default: 10)",
    )
    parser.add_argument(
        "--gpu", action="store_true",
        help="the figures that need a CUDA device, and decoders in bfloat16",
    )
    parser.add_argument(
        "--threads", type=int, default=0, metavar="N",
        help="threads of a forward, in all that is compared (default: a CPU "
        "each; the server divides them between its forwards)",
    )
    parser.add_argument(
        "--repository", type=pathlib.Path, metavar="DIR",
        default=root / "build" / "bench-models",
        help="where the models are exported to (default: build/bench-models)",
    )
    parser.add_argument(
        "--bin-dir", type=pathlib.Path, metavar="DIR",
        default=root / "build" / "release" / "bin",
        help="holds the programs (default: build/release/bin)",
    )
    parser.add_argument(
        "--output", type=pathlib.Path, metavar="FILE",
        help="the results; RESULTS.md goes beside it (default: "
        "tests/bench/results.json, or build/bench/quick.json with --quick)",
    )
    parser.add_argument(
        "--work", type=pathlib.Path, metavar="DIR",
        default=root / "build" / "bench",
        help="where texts are kept (default: build/bench)",
    )
    options = parser.parse_args(arguments)
    if options.output is None:
        quick = root / "build" / "bench" / "quick.json"
        options.output = quick if options.quick else FOLDER / "results.json"
    return options


def scale_of(options: argparse.Namespace) -> Scale:
    asked = {"rounds": options.rounds, "seconds": options.seconds}
    given = {name: x for name, x in asked.items() if x is not None}
    return dataclasses.replace(QUICK if options.quick else FULL, **given)


def wanted(name: str, options: argparse.Namespace) -> bool:
    return options.only is None or name in options.only


def measure(
    bench: Workbench, options: argparse.Namespace, results: dict
) -> int:
    """Measures what is wanted into `results`; returns how many broke off."""
    broken = 0
    machine = "gpu" if options.gpu else "cpu"
    chosen_measures = GPU_MEASURES if options.gpu else MEASURES
    for names, function in chosen_measures.items():
        chosen = [name for name in names if wanted(name, options)]
        if not chosen:
            continue
        heading(", ".join(chosen))
        begin = time.monotonic()
        try:
            figures = function(bench)
        except (tools.ToolError, ServerError) as error:
            broken += 1
            say(f"broke off: {error}")
            for name in chosen:
                results["results"][name] = report.failed(name, str(error))
            continue
        for name in chosen:
            value, details = figures[name]
            entry = report.entry(name, value, machine, details)
            results["results"][name] = entry
            shown, verdict = report.shown(entry)
            say(f"{name}: {shown}, target {entry['target']}: {verdict}")
        say(f"{time.monotonic() - begin:.0f} s")
        report.write(options.output, results)
    return broken


def measure_profiles(
    bench: Workbench, options: argparse.Namespace, results: dict
) -> None:
    models = GPU_PROFILED if options.gpu else PROFILED
    for model in dict.fromkeys(map(bench.chosen, models)):
        texts = bench.texts(model, bench.scale.texts)
        for output, asked in profiles.outputs(model).items():
            name = f"{model.name}, {output}"
            heading(name)
            rows = profiles.profile(bench, model, texts, asked)
            results["profiles"][name] = rows
            load, *numbers = rows[0]
            table(
                [load, *(f">{number}" for number in numbers)],
                [list(map(report.cell, row.values())) for row in rows],
            )
            report.write(options.output, results)


def summarise(results: dict) -> None:
    heading("Results")
    rows = [
        [name, result["target"], *report.shown(result)]
        for name, result in results["results"].items()
    ]
    table(["id", ">target", ">value", ""], rows)


def main() -> int:
    options = parse()
    subprocess.run(
        [sys.executable, str(tools.ROOT / "deploy/generate_python_stubs.py")],
        check=True,
    )
    device = "cuda:0" if options.gpu else "cpu"
    results = report.read(options.output)
    name = "gpu" if options.gpu else "cpu"
    results["machines"][name] = report.machine(device)
    bench = Workbench(
        repository=options.repository,
        folder=options.work,
        bin_dir=options.bin_dir,
        device=device,
        threads=options.threads,
        scale=scale_of(options),
        quick=options.quick,
        note=say,
    )
    try:
        broken = measure(bench, options, results)
        if wanted(PROFILES, options):
            measure_profiles(bench, options, results)
    finally:
        bench.stop()
    report.write(options.output, results)
    summarise(results)
    say(f"\n  written to {options.output}, with RESULTS.md beside it")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
