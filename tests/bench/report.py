# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Writes what was measured: results.json, and its table in RESULTS.md."""

from __future__ import annotations

import json
import os
import pathlib
import platform
import re

from targets import TARGETS

_BEGIN = "<!-- written by run.py from results.json: begin -->"
_END = "<!-- end -->"
_PAGE = f"# Results of the benchmark\n\n{_BEGIN}\n{_END}\n"
_NOT_RUN = "not measured yet"
_NO_GPU = "needs a CUDA device: make bench-gpu on a machine that has one"


def machine(device: str) -> dict:
    """What the figures were taken on."""
    import torch

    cpu = re.search(
        r"^model name\s*:\s*(.*)$",
        pathlib.Path("/proc/cpuinfo").read_text(),
        re.MULTILINE,
    )
    description = {
        "cpu": cpu[1] if cpu else platform.machine(),
        "cpus": len(os.sched_getaffinity(0)),
        "memory_gib": round(
            os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1
        ),
        "system": platform.platform(terse=True),
        "torch": torch.__version__,
    }
    if device.startswith("cuda"):
        description["gpu"] = torch.cuda.get_device_name(device)
    return description


def read(file: pathlib.Path) -> dict:
    """What is there from earlier runs, every target with it."""
    results = {"machines": {}, "results": {}, "profiles": {}}
    if file.exists():
        results |= json.loads(file.read_text())
    results["results"] = {
        name: results["results"].get(name, _missing(name)) for name in TARGETS
    }
    return results


def entry(name: str, value: float, machine_name: str, details: dict) -> dict:
    target = TARGETS[name]
    return {
        "what": target.what,
        "value": value,
        "target": str(target),
        "met": target.met(value),
        "machine": machine_name,
        "how": target.how,
        "details": details,
    }


def failed(name: str, why: str) -> dict:
    return _missing(name) | {"why": why}


def _missing(name: str) -> dict:
    target = TARGETS[name]
    return {
        "what": target.what,
        "value": None,
        "target": str(target),
        "met": None,
        "how": target.how,
        "why": _NO_GPU if target.gpu else _NOT_RUN,
    }


def write(file: pathlib.Path, results: dict) -> None:
    """Writes the file, and RESULTS.md beside it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(_rounded(results), indent=1) + "\n")
    page = file.with_name("RESULTS.md")
    text = page.read_text() if page.exists() else _PAGE
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    table = _markdown(results)
    page.write_text(f"{before}{_BEGIN}\n{table}\n{_END}{after}")


def _rounded(value):
    """Numbers with four significant digits: the others are noise."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value


def shown(result: dict) -> tuple[str, str]:
    """A result's value and verdict, in words."""
    if result["value"] is None:
        return "–", result["why"]
    return f"{result['value']:.3g}", "met" if result["met"] else "MISSED"


def _markdown(results: dict) -> str:
    lines = [""]
    for name, description in results["machines"].items():
        facts = ", ".join(f"{key} {x}" for key, x in description.items())
        lines.append(f"Machine `{name}`: {facts}.")
    lines += [
        "",
        "| id | what | target | value | |",
        "|---|---|---|---|---|",
    ]
    for name, result in results["results"].items():
        value, verdict = shown(result)
        lines.append(
            f"| {name} | {result['what']} | {result['target']} | {value} | "
            f"{verdict} |"
        )
    for name, profile in results["profiles"].items():
        lines += ["", *_profile_lines(name, profile)]
    return "\n".join([*lines, ""])


def _profile_lines(name: str, profile: list[dict]) -> list[str]:
    columns = list(profile[0])
    return [
        f"**{name}**",
        "",
        "| " + " | ".join(columns) + " |",
        "|" + "---|" * len(columns),
        *(
            "| " + " | ".join(cell(row[x]) for x in columns) + " |"
            for row in profile
        ),
    ]


def cell(value) -> str:
    """A number with four significant digits, or a word."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
