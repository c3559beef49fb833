#!/usr/bin/env python3
# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Serves for a long time while everything goes wrong that can.

Two servers are asked all kinds of requests, in part through a proxy that breaks
connections, while callers cancel, vanish and send nonsense, models come and go,
and one of the two is restarted again and again. Every answer is held against
what the model computes for that input alone. Ends with a table, and with exit
code 1 where an answer is wrong or lost, a descriptor is kept, or memory grows.

Environment:
    STRATA_BIN_DIR       holds strata-server (build/release/bin)
    STRATA_TEST_MODELS   where the models are built once (build/test-models)
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[1:1] = [
    str(ROOT / folder)
    for folder in ("client/python", "deploy", "tests/e2e", "tests/faults",
                   "tests")
]

subprocess.run(
    [sys.executable, str(ROOT / "deploy" / "generate_python_stubs.py")],
    check=True,
)
# Else gRPC's threads begin anew between fork and exec of the processes that are
# started here, and take bytes off connections that are not theirs.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"

import questions  # noqa: E402
import served  # noqa: E402
import upheavals  # noqa: E402
import watch  # noqa: E402
from gate import Gate  # noqa: E402
from load import Caller, Way  # noqa: E402
from proxy import Proxy, roll  # noqa: E402
from server_process import ServerProcess  # noqa: E402
from switch_model import NO_MARK, Switch  # noqa: E402
from tally import Tally, show, table  # noqa: E402

from strata import demo_models  # noqa: E402

# Models that stay, and two of the decoder that come and go.
STAYING = ("minilm", "falcon-random", "falcon-random-dict")
ROLLING, CONTROLLED = "rolling", "controlled"
# One of the decoder, too, that fails when it is told to.
SWITCHED = "switched"
CASES = 40

# What a call may end with besides an answer, by what is done to it.
FULL = frozenset({"RESOURCE_EXHAUSTED"})
BROKEN = frozenset({"UNAVAILABLE", "CANCELLED", "DEADLINE_EXCEEDED"})

# After its end, for what has not happened a single time by then.
_LONGEST_WAIT = 300.0

FLAGS = [
    "--poll=500ms",
    "--model-control=on",
    "--intra-op-threads=1",
    # So that the bursts are above it.
    "--max-requests=128",
    # Clients that are gone without a word are found within the soak.
    "--keepalive-time=5s",
    "--keepalive-timeout=20s",
    "--lame-duck=1s",
    # So that what vanishing clients leave behind is small beside a leak.
    "--max-stream-buffer-bytes=32MiB",
]


def main() -> int:
    options = _options()
    dice = random.Random(options.seed)
    print(f"soak: {options.seconds:.0f} s, seed {options.seed}", flush=True)
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(
            stack.enter_context(tempfile.TemporaryDirectory())
        )
        passed = _soak(options.seconds, dice, folder, stack)
    return 0 if passed else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--seconds", type=float, default=1800,
        help="how long (default: 1800; memory is judged from 600 on)",
    )
    parser.add_argument(
        "--seed", type=int, default=1,
        help="what is asked and done follows from it, not when (default: 1)",
    )
    return parser.parse_args()


def _soak(
    seconds: float,
    dice: random.Random,
    folder: pathlib.Path,
    stack: contextlib.ExitStack,
) -> bool:
    models = served.folder_from("STRATA_TEST_MODELS", "build/test-models")
    demo_models.build(models)
    repository = _repository(models, folder / "repository")
    known = {x: questions.learn(models, x, CASES) for x in STAYING[:2]}
    known["falcon-random-dict"] = known["falcon-random"]
    known[ROLLING] = known[CONTROLLED] = known["falcon-random"]
    known[SWITCHED] = dataclasses.replace(
        known["falcon-random"], failures=upheavals.Faults.REASONS
    )
    switch = Switch(
        repository / SWITCHED / "1", models / "falcon-random" / "1", NO_MARK
    )

    def start(repository: pathlib.Path, *flags: str) -> ServerProcess:
        binary = served.folder_from("STRATA_BIN_DIR", "build/release/bin")
        reports = f"--report-directory={folder / 'reports'}"
        return ServerProcess(
            binary / "strata-server", repository, [*FLAGS, reports, *flags]
        )

    server = stack.enter_context(start(repository))
    tally, gate = Tally(lambda text: print(text, flush=True)), Gate()
    watcher = watch.Watcher(server, CONTROLLED)
    watcher.look()
    restarts = upheavals.Restarts(
        lambda address: start(
            _only(models, folder / "second"), f"--listen={address}"
        ),
        tally,
    )
    stack.callback(restarts.kill)
    proxies = [
        stack.enter_context(Proxy(server.address, _rolling_dice(dice)))
        for _ in range(2)
    ]
    callers = [
        Caller(way, tally, _dice(dice))
        for way in _ways(server, restarts, proxies, known)
    ]
    for caller in callers:
        gate.start(caller.round, _dice(dice))
    for upheaval, pause in _upheavals(
        server, repository, switch, known, tally, dice, restarts,
        min(1, seconds / 60),
    ):
        tally.expect(upheaval.EVENT)
        gate.start(upheaval.round, _dice(dice), pause)
    _wait(seconds, gate, watcher, tally)
    gate.end()
    for caller in callers:
        caller.close()
    restarts.stop()
    for proxy in proxies:
        proxy.strike("reset")
    if gate.failure is not None:
        tally.lose(f"the soak itself broke off: {gate.failure!r}")
    watcher.look(last=True)
    server.stop()
    defects = watcher.defects()
    return show(table(tally, watcher.looks, defects), defects)


def _dice(dice: random.Random) -> random.Random:
    return random.Random(dice.getrandbits(64))


def _rolling_dice(dice: random.Random):
    own = _dice(dice)
    return lambda: roll(own)


def _only(models: pathlib.Path, repository: pathlib.Path) -> pathlib.Path:
    """A repository of one model that stays, for a server that starts soon."""
    if not repository.exists():
        repository.mkdir()
        (repository / "falcon-random").symlink_to(models / "falcon-random")
    return repository


def _repository(
    models: pathlib.Path, repository: pathlib.Path
) -> pathlib.Path:
    repository.mkdir()
    for name in STAYING:
        (repository / name).symlink_to(models / name)
    for name in (ROLLING, CONTROLLED):
        shutil.copytree(models / "falcon-random", repository / name)
    policy = repository / ROLLING / "strata.json"
    policy.write_text(json.dumps({"versions": "newest"}))
    return repository


def _ways(server, restarts, proxies, known) -> list[Way]:
    """One for each caller."""
    at_watched = {
        "": FULL, CONTROLLED: upheavals.Control.ALLOWED,
    }
    direct = Way("direct", server.address, known, at_watched)
    broken = [
        Way(
            "over a proxy",
            proxy.address,
            known,
            at_watched | {"": FULL | BROKEN},
            timeout=8,
            fresh=0.2,
        )
        for proxy in proxies
    ]
    restarted = Way(
        "at the server that is restarted",
        restarts.address,
        {"falcon-random": known["falcon-random"]},
        {"": FULL | upheavals.Restarts.ALLOWED},
    )
    return [direct] * 4 + broken * 2 + [restarted] * 2


def _upheavals(
    server, repository, switch, known, tally, dice, restarts, scale
):
    """Each with its pause on average, in seconds."""
    address = server.address
    staying = {x: known[x] for x in STAYING}
    return [
        (upheavals.Rollout(repository / ROLLING, address, tally), 20 * scale),
        (upheavals.Control(CONTROLLED, address, tally), 15 * scale),
        (restarts, 30 * scale),
        (
            upheavals.Burst(
                Way("in a burst", address, staying, {}),
                tally,
                _dice(dice),
                400,
            ),
            20 * scale,
        ),
        (upheavals.Vanishing(address, "falcon-random", tally), 15 * scale),
        (
            upheavals.Malformed(
                address, "falcon-random", tally, _dice(dice)
            ),
            5 * scale,
        ),
        (upheavals.Frames(address, tally, _dice(dice)), 2 * scale),
        (upheavals.Faults(switch, SWITCHED, address, tally), 10 * scale),
    ]


def _wait(
    seconds: float, gate: Gate, watcher: watch.Watcher, tally: Tally
) -> None:
    """Until the time is over, with a look every now and then."""
    begin = time.monotonic()
    pause = max(10.0, seconds / 30)
    while gate.failure is None:
        left = begin + seconds - time.monotonic()
        if left <= 0 and tally.missing() and left > -_LONGEST_WAIT:
            left = 1.0
        if left <= 0:
            return
        gate.wait(min(pause, left))
        if gate.failure is None and left > pause:
            with gate.rest():
                watcher.look()
        print(f"{watcher.line()}; {tally.line()}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
