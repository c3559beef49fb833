# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The figures that any machine can tell; each function gives one or several.

They return {id: (value, details)}.
"""

from __future__ import annotations

import itertools
import statistics
import time

import bench_models
from bench_models import Model
from workbench import CLASSES, Workbench, column, median_ratio

SORTED_BUDGETS = (256, 512, 1024, 2048, 4096)
PACKED_FORMS = tuple(itertools.product((64, 128, 256, 512), (1, 2, 4, 8)))
# On a GPU forwards are larger.
GPU_BUDGETS = (4096, 8192, 16384, 32768, 65536)
GPU_FORMS = tuple(itertools.product((256, 512), (8, 16, 32, 64, 128)))

Figures = dict[str, tuple[float, dict]]


def best_forms(bench: Workbench, model: Model, texts) -> dict[str, str]:
    """The limit's fastest ways over the texts: "packed" and "sorted"."""
    limit = bench.limit(model, texts)
    on_gpu = bench.device != "cpu"
    budgets = GPU_BUDGETS if on_gpu else SORTED_BUDGETS
    forms = GPU_FORMS if on_gpu else PACKED_FORMS
    about = limit.ask("describe")
    ways = {"sorted": [f"sorted {budget}" for budget in budgets]}
    ways["packed"] = ways["sorted"]
    if about["packing_exact"]:
        ways["packed"] = [f"packed {length} {rows}" for length, rows in forms]
    if bench.quick:
        ways = {name: commands[:2] for name, commands in ways.items()}
    limit.ask(f"run {ways['sorted'][0]} first 32")  # Compiles.
    best = {}
    for name, commands in ways.items():
        # A quarter of the texts tells the good from the bad, all the best.
        some = f"first {about['texts'] // 4}"
        rates = {x: _rate(limit, f"{x} {some}") for x in commands}
        finalists = sorted(rates, key=rates.get)[-3:]
        best[name] = max(finalists, key=lambda x: _rate(limit, x))
        bench.note(f"the limit's best: {best[name]}")
    return best


def _rate(limit, form: str) -> float:
    return limit.ask(f"run {form}")["pieces_per_second"]


def saturated(bench: Workbench, model: Model) -> dict[str, list[dict]]:
    """Rounds of the limit, packed and sorted, and of the server."""
    texts = bench.texts(model, bench.scale.texts)
    best = best_forms(bench, model, texts)
    limit = bench.limit(model, texts)
    server = bench.server(model)

    def serve() -> dict:
        return bench.closed(
            server, model, texts, bench.scale.saturated, work=True
        )

    rounds = bench.in_rounds(
        packed=lambda: limit.ask(f"run {best['packed']}"),
        sorted=lambda: limit.ask(f"run {best['sorted']}"),
        server=serve,
    )
    for run in rounds["server"]:
        texts_done = run["texts_per_second"] * run["seconds"]
        run["cpu_seconds_per_1000_texts"] = (
            1e3 * run["server_cpu_seconds"] / max(texts_done, 1)
        )
        cpu_time = run["seconds"] * bench.cpus
        run["client_share"] = run["client_cpu_seconds"] / cpu_time
    return rounds | {"best": best}


def faster_limit(rounds: dict) -> str:
    """The way of the limit that won."""
    return max(
        ("packed", "sorted"),
        key=lambda x: statistics.median(column(rounds[x], "pieces_per_second")),
    )


def saturation(bench: Workbench) -> Figures:
    model = bench_models.MINILM
    rounds = saturated(bench, model)
    limit = rounds[faster_limit(rounds)]
    rates = column(rounds["server"], "pieces_per_second")
    left = [1 - x for x in column(rounds["server"], "client_share")]

    def accounted(theirs: list[dict]) -> float:
        limits = column(theirs, "pieces_per_second")
        scaled = [a * b for a, b in zip(limits, left, strict=True)]
        return median_ratio(rates, scaled)

    work = rounds["server"][-1]["work"]
    computed = model.work_operations(work, "computed_")
    useful = model.work_operations(work) / computed if computed else 0.0
    details = {
        "limit": rounds["best"],
        "pieces_per_second": {
            name: column(rounds[name], "pieces_per_second")
            for name in ("server", "packed", "sorted")
        },
        "client_share_of_cpu": column(rounds["server"], "client_share"),
        "raw_ratio": median_ratio(rates, column(limit, "pieces_per_second")),
    }
    key = "cpu_seconds_per_1000_texts"
    costs = {
        "server": column(rounds["server"], key),
        "limit": column(limit, key),
    }
    padding = 1 - work["pieces"] / max(work["computed_places"], 1)
    return {
        "cpu_cost": (median_ratio(costs["server"], costs["limit"]), costs),
        "throughput": (accounted(limit), details),
        "vs_sorted": (accounted(rounds["sorted"]), details),
        "useful_flops": (useful, work | {"padding_share": padding}),
    }


def against_asyncio(bench: Workbench) -> Figures:
    model = bench_models.MINILM
    texts = bench.texts(model, bench.scale.texts)
    servers = {
        "server": bench.server(model),
        "asyncio": bench.asyncio_server(model),
    }
    ratios = {}
    details = {}
    for in_flight in (1, 8, 32, 64):
        rounds = bench.in_rounds(
            **{
                name: lambda server=server: bench.closed(
                    server, model, texts, in_flight
                )
                for name, server in servers.items()
            }
        )
        rates = {
            name: column(runs, "texts_per_second")
            for name, runs in rounds.items()
        }
        ratios[in_flight] = median_ratio(rates["server"], rates["asyncio"])
        details[f"{in_flight} in flight"] = rates
    one = ratios.pop(1)
    return {
        "vs_asyncio": (min(ratios.values()), details | {"ratios": ratios}),
        "vs_asyncio_one": (one, details["1 in flight"]),
    }


def after_cancel(bench: Workbench) -> Figures:
    model = bench_models.MINILM
    count = 4 if bench.quick else 48
    run = bench.load(
        "after-cancel",
        bench.server(model),
        {
            "model": model.name,
            "texts": bench.texts(model, [500] * count),
            "probes": bench.texts(model, [8] * 8),
            "rounds": 2 if bench.quick else 20,
        },
    )
    ratio = run["after"]["p50_ms"] / run["alone"]["p50_ms"]
    return {"after_cancel": (ratio, run)}


def overhead(bench: Workbench) -> Figures:
    model = bench_models.MINILM
    texts = bench.texts(model, [25])
    limit = bench.limit(model, texts)
    server = bench.server(model)
    repeat = 10 if bench.quick else 200
    rounds = bench.in_rounds(
        bare=lambda: limit.ask(f"time 0 {repeat}"),
        server=lambda: bench.closed(server, model, texts, 1)["latency"],
    )
    bare = column(rounds["bare"], "p50_ms")
    served = column(rounds["server"], "p50_ms")
    value = statistics.median(a - b for a, b in zip(served, bare, strict=True))
    return {"overhead_ms": (value, {"served_ms": served, "bare_ms": bare})}


def goodput(bench: Workbench) -> Figures:
    model = bench_models.MINILM
    texts = bench.texts(model, bench.scale.texts)
    best = best_forms(bench, model, texts)
    limit = bench.limit(model, texts)
    capacity = max(
        (limit.ask(f"run {form}") for form in best.values()),
        key=lambda run: run["texts_per_second"],
    )
    server = bench.server(model)
    alone = _alone_by_class(bench, model, server)
    low, high, share = 0.0, 1.0, 0.8
    tried = {}
    for _ in range(bench.scale.searches):
        rate = share * capacity["texts_per_second"]
        run = bench.opened(server, model, texts, rate, classes=CLASSES)
        held, worst = _holds(run, alone)
        tried[f"{share:.3f}"] = worst
        bench.note(
            f"{rate:.0f} texts/s: p99 at worst {worst:.1f} times its own "
            "latency alone"
        )
        low, high = (share, high) if held else (low, share)
        share = (low + high) / 2
    details = {"alone_ms": alone, "worst_by_share": tried}
    details["limit_texts_per_second"] = capacity["texts_per_second"]
    return {"goodput": (low, details)}


def _alone_by_class(bench: Workbench, model: Model, server) -> dict[int, float]:
    """The median latency of each length class with nothing beside it."""
    each = 2 if bench.quick else 16
    lengths = [
        most - i * most // (4 * each) for i in range(each) for most in CLASSES
    ]
    run = bench.closed(
        server, model, bench.texts(model, lengths), 1, classes=CLASSES
    )
    return {x["most_pieces"]: x["p50_ms"] for x in run["classes"]}


def _holds(run: dict, alone: dict[int, float]) -> tuple[bool, float]:
    """Whether every class keeps its bound, and the worst p99 ÷ alone."""
    ratios = [
        x["p99_ms"] / alone[x["most_pieces"]]
        for x in run["classes"]
        if x["count"] and alone[x["most_pieces"]]
    ]
    worst = max(ratios, default=0.0)
    return bool(ratios) and worst <= 5 and not run["failures"], worst


def shared_prefix(bench: Workbench) -> Figures:
    model = bench.chosen(bench_models.MEDIUM)
    server = bench.server(model)

    def run(shared: bool) -> dict:
        texts = bench.prefixed(model, shared=shared)
        answer = bench.closed(server, model, texts, 1, ids=True, inputs=64)
        return answer["latency"]

    rounds = bench.in_rounds(
        shared=lambda: run(True), distinct=lambda: run(False)
    )
    times = {name: column(runs, "p50_ms") for name, runs in rounds.items()}
    value = median_ratio(times["shared"], times["distinct"])
    return {"shared_prefix": (value, times | {"model": model.name})}


def layer_cut(bench: Workbench) -> Figures:
    model = bench.chosen(bench_models.MEDIUM)
    texts = bench.texts(model, bench.scale.texts)
    server = bench.server(model)

    def turn(layer: int):
        return lambda: bench.closed(
            server, model, texts, 8, ids=True, inputs=8, layers=[layer]
        )

    layers = range(1, model.layers + 1)
    rounds = bench.in_rounds(**{str(k): turn(k) for k in layers})
    rates = {k: column(rounds[str(k)], "pieces_per_second") for k in layers}
    excess = {
        # Time is the inverse of the rate.
        k: median_ratio(rates[model.layers], rates[k]) - k / model.layers
        for k in layers
    }
    value = max(excess[k] for k in layers if k < model.layers)
    details = {
        "model": model.name,
        "excess": excess,
        "pieces_per_second": rates,
    }
    return {"layer_cut": (value, details)}


def growth(bench: Workbench) -> Figures:
    model = bench_models.MINILM
    many, few = bench.scale.crowd
    texts = bench.texts(model, many + 2000, seed=2)
    server = bench.server(
        model, "--max-requests=20000", "--max-waiting-pieces=2097152"
    )
    common = {"connections": 8}
    rounds = bench.in_rounds(
        many=lambda: bench.closed(server, model, texts, many, **common),
        few=lambda: bench.closed(server, model, texts, few, **common),
    )
    rates = {x: column(runs, "pieces_per_second") for x, runs in rounds.items()}
    value = median_ratio(rates["few"], rates["many"])
    return {"growth": (value, rates | {"waiting": [many, few]})}


def bytes_out(bench: Workbench) -> Figures:
    model = bench_models.WIDE
    count = 4 if bench.quick else 64
    texts = bench.texts(model, [500] * count)
    server = bench.server(model)
    echo = bench.echo_server()
    layers = list(range(model.layers + 1))
    size = 500 * len(layers) * model.width * 4

    def serve() -> dict:
        return bench.closed(
            server, model, texts, 4, ids=True, every_piece=True, layers=layers
        )

    def answer_ready() -> dict:
        return bench.closed(echo, model, texts, 4, echo_bytes=size)

    rounds = bench.in_rounds(server=serve, echo=answer_ready)
    rates = {x: column(runs, "bytes_per_second") for x, runs in rounds.items()}
    value = median_ratio(rates["server"], rates["echo"])
    return {"bytes_out": (value, rates | {"answer_bytes": size})}


def loading(bench: Workbench) -> Figures:
    model = bench.chosen(bench_models.LARGE)
    return load_figures(bench, model, copy_seconds=lambda size: 0.0)


def load_figures(bench: Workbench, model: Model, copy_seconds) -> Figures:
    file = bench.model_folder(model) / "model.pt"
    size = file.stat().st_size
    file.read_bytes()  # Into the page cache.
    begin = time.perf_counter()
    file.read_bytes()
    reading = time.perf_counter() - begin
    own = bench.empty_server().peak_bytes()
    bench.stop_server()
    server = bench.server(model)
    seconds = server.seconds_to_ready
    peak = server.peak_bytes() - own
    copying = copy_seconds(size)
    details = {"model": model.name, "file_bytes": size}
    times = {
        "seconds_to_ready": seconds,
        "reading_seconds": reading,
        "copying_seconds": copying,
    }
    return {
        "ready": (seconds / (reading + copying), details | times),
        "load_memory": (
            peak / size,
            details | {"peak_bytes": peak, "own_bytes": own},
        ),
    }
