# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What every measurement works with: models, texts, servers and the client."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import statistics
import sys
from collections.abc import Callable, Sequence

import bench_models
import tools
import workload
from bench_models import LONGEST, Model

CLASSES = (16, 32, 64, 128, 256, 512)


@dataclasses.dataclass(frozen=True)
class Scale:
    """How long things are measured."""

    rounds: int
    seconds: float
    warm_up: float
    texts: int
    # Of many waiting, and of few.
    crowd: tuple[int, int]
    saturated: int  # In flight.
    searches: int


FULL = Scale(5, 10.0, 2.0, 1024, (10_000, 100), 256, 6)
QUICK = Scale(1, 0.5, 0.1, 48, (64, 8), 16, 1)


class Workbench:
    """Starts what is asked for, and keeps it while the same is asked for."""

    def __init__(
        self,
        *,
        repository: pathlib.Path,
        folder: pathlib.Path,
        bin_dir: pathlib.Path,
        device: str,
        threads: int,
        scale: Scale,
        quick: bool,
        note: Callable[[str], None],
    ) -> None:
        self.scale = scale
        self.quick = quick
        self.device = device
        self.cpus = len(os.sched_getaffinity(0))
        # The server divides its CPUs itself unless it is told not to.
        self.asked_threads = threads
        self.threads = threads or self.cpus
        self.note = note
        self.bin_dir = bin_dir
        self._repository = repository
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._server = tools.Kept(self._start_server)
        self._limit = tools.Kept(self._start_limit)
        self._asyncio = tools.Kept(self._start_asyncio)
        self._echo = tools.Kept(self._start_echo)

    def stop(self) -> None:
        for kept in (self._server, self._limit, self._asyncio, self._echo):
            kept.stop()

    # Models and texts.

    def chosen(self, model: Model) -> Model:
        """The model, or in a quick run a small one in its place."""
        if self.quick and model is not bench_models.MINILM:
            return bench_models.SMALL if model.width > 128 else model
        return model

    def model_folder(self, model: Model) -> pathlib.Path:
        return bench_models.build(model, self._repository, self.note)

    def texts(
        self, model: Model, lengths: Sequence[int] | int, seed: int = 1
    ) -> pathlib.Path:
        """Texts of these lengths, or of so many log-normal ones."""
        if isinstance(lengths, int):
            lengths = workload.log_normal_lengths(lengths, LONGEST, seed)
        tokenizer = self.model_folder(model) / "tokenizer.json"
        name = f"{model.name}-{len(lengths)}-{sum(lengths)}-{seed}.jsonl"
        return workload.Writer(tokenizer).write(
            lengths, self._folder / name, seed
        )

    def prefixed(self, model: Model, *, shared: bool) -> pathlib.Path:
        return workload.write_prefixed(
            self._folder / f"{model.name}-prefix-{shared}.jsonl",
            requests=1 if self.quick else 16,
            shared=shared,
            n_pieces=1024,
        )

    # Processes.

    def server(self, model: Model, *flags: str) -> tools.Server:
        return self._server.get(model, flags)

    def empty_server(self) -> tools.Server:
        return self._server.get(None, ())

    def limit(self, model: Model, texts: pathlib.Path) -> tools.Limit:
        return self._limit.get(model, texts)

    def asyncio_server(self, model: Model) -> tools.Listener:
        return self._asyncio.get(model)

    def echo_server(self) -> tools.Listener:
        return self._echo.get("echo")

    def stop_server(self) -> None:
        self._server.stop()

    def _start_server(self, model, flags) -> tools.Server:
        name = model.name if model else "none"
        repository = self._folder / f"repository-{name}"
        repository.mkdir(exist_ok=True)
        link = repository / name
        if model and not link.exists():
            link.symlink_to(self.model_folder(model).parent.absolute())
        return tools.Server(
            self.bin_dir / "strata-server",
            repository,
            name,
            [
                f"--devices={self.device}",
                f"--intra-op-threads={self.asked_threads}",
                *flags,
            ],
        )

    def _start_limit(self, model, texts) -> tools.Limit:
        return tools.Limit(
            [
                str(self.bin_dir / "strata-bench-limit"),
                f"--model={self.model_folder(model)}",
                f"--texts={texts}",
                f"--device={self.device}",
                f"--threads={self.threads}",
            ]
        )

    def _start_asyncio(self, model) -> tools.Listener:
        script = pathlib.Path(__file__).with_name("asyncio_server.py")
        return tools.Listener(
            [
                sys.executable,
                str(script),
                f"--model={self.model_folder(model)}",
                f"--threads={self.threads}",
            ]
        )

    def _start_echo(self, _) -> tools.Listener:
        return tools.Listener(
            [str(self.bin_dir / "strata-bench-load"), "echo-server"]
        )

    # The client.

    def load(self, kind: str, server, options: dict) -> dict:
        command = [str(self.bin_dir / "strata-bench-load"), kind]
        command += tools.flags_of(
            {"server": server.address, "server_pid": server.pid} | options
        )
        answer = tools.run_json(command)
        if answer.get("failures"):
            self.note(f"note: requests failed: {answer['failures']}")
        return answer

    def closed(
        self,
        server,
        model: Model,
        texts: pathlib.Path,
        in_flight: int,
        **options,
    ) -> dict:
        """So many requests in flight; see strata-bench-load closed --help."""
        common = {
            "model": model.name,
            "texts": texts,
            "width": model.width,
            "in_flight": in_flight,
            "warm_up": self.scale.warm_up,
            "seconds": self.scale.seconds,
        }
        return self.load("closed", server, common | options)

    def opened(
        self, server, model: Model, texts: pathlib.Path, rate: float, **options
    ) -> dict:
        """So many requests a second; see strata-bench-load open --help."""
        common = {
            "model": model.name,
            "texts": texts,
            "width": model.width,
            "rate": rate,
            "seed": 1,
            "warm_up": self.scale.warm_up,
            "seconds": 3 * self.scale.seconds,
        }
        return self.load("open", server, common | options)

    def in_rounds(self, **turns: Callable[[], dict]) -> dict[str, list[dict]]:
        """Each in turn, as many rounds as the scale says."""
        results: dict[str, list[dict]] = {name: [] for name in turns}
        for _ in range(self.scale.rounds):
            for name, turn in turns.items():
                results[name].append(turn())
        return results


def median_ratio(ours: list[float], theirs: list[float]) -> float:
    """The median of the rounds' ratios; 0 where one of theirs is 0."""
    pairs = zip(ours, theirs, strict=True)
    return statistics.median(a / b if b else 0.0 for a, b in pairs)


def column(results: list[dict], key: str) -> list[float]:
    return [result[key] for result in results]
