# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What happens to the servers of the soak, beside being asked.

Each has rounds, which the gate starts. The watched server is never restarted:
its memory tells of leaks. A second one beside it is, under load.
"""

from __future__ import annotations

import itertools
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import frames
import grpc
import load
import malformed
import questions
import wire
from calls import Call, connect
from server_process import ServerError, ServerProcess
from switch_model import Fault, Switch
from tally import Tally

import strata
from strata.v1 import model_service_pb2

FAULTS = pathlib.Path(__file__).resolve().parent.parent / "faults"

# All of them have an EVENT: the table's row that counts their rounds.


class Rollout:
    """A new version appears in the repository, and takes over."""

    EVENT = "rollouts of a version"

    def __init__(
        self, model: pathlib.Path, address: str, tally: Tally
    ) -> None:
        """`model` is a folder of one version, served with "newest"."""
        self._model = model
        self._address = address
        self._tally = tally
        [self._version] = [
            int(x.name) for x in model.iterdir() if x.is_dir()
        ]

    def round(self) -> None:
        """Ends when the old version is gone."""
        old = self._model / str(self._version)
        self._version += 1
        draft = self._model.parent / f".{self._version}"
        shutil.copytree(old, draft)
        draft.rename(self._model / str(self._version))
        with strata.Client(self._address, retries=0) as client:
            wire.wait_until(
                lambda: self._served(client) == {self._version: "ready"},
                f"version {self._version} serves alone",
                240,
            )
        shutil.rmtree(old)
        self._tally.count(self.EVENT)

    def _served(self, client: strata.Client) -> dict[int, str]:
        return {
            x.version: x.state
            for x in client.models()
            if x.name == self._model.name
        }


class Control:
    """A caller unloads a model, and loads it again."""

    EVENT = "models unloaded and loaded by a caller"

    # What its callers may be told meanwhile.
    ALLOWED = frozenset({"NOT_FOUND", "UNAVAILABLE"})

    def __init__(self, model: str, address: str, tally: Tally) -> None:
        self._model = model
        self._address = address
        self._tally = tally

    def round(self) -> None:
        for request in (
            model_service_pb2.UnloadModelRequest(model=self._model, version=1),
            model_service_pb2.LoadModelRequest(model=self._model, version=1),
        ):
            name = type(request).__name__.removesuffix("Request")
            wire.wait_until(lambda: self._done(name, request), name, 240)
        self._tally.count(self.EVENT)

    def _done(self, name: str, request) -> bool:
        try:
            wire.call(self._address, wire.MODELS + name, request, 240)
        except strata.StrataError as error:
            # It is still being unloaded: to be tried again.
            if error.code is not grpc.StatusCode.UNAVAILABLE:
                raise
            return False
        return True


class Restarts:
    """A server that is stopped under load, and started again."""

    EVENT = "restarts under load"

    # Whoever calls it while it is away. What reaches gRPC after it was told to
    # stop, from callers who have not heard of it yet, it cancels by itself:
    # callers who look at health have left in the pause before.
    ALLOWED = frozenset({"UNAVAILABLE", "CANCELLED"})

    def __init__(
        self, start: Callable[[str], ServerProcess], tally: Tally
    ) -> None:
        """`start` is given the address to listen at."""
        self._start = start
        self._tally = tally
        self._server = start("127.0.0.1:0")
        self.address = self._server.address

    def round(self) -> None:
        self.stop()
        self._server = self._start(self.address)
        self._tally.count(self.EVENT)

    def stop(self) -> None:
        """It must answer what it has taken, and exit with 0."""
        try:
            self._server.stop()
        except ServerError as error:
            self._tally.lose(f"a restart: {error}")

    def kill(self) -> None:
        """Where the soak breaks off."""
        self._server.kill()


class Burst:
    """More requests at once than the server takes."""

    EVENT = "bursts above what the server takes"

    def __init__(
        self,
        way: load.Way,
        tally: Tally,
        dice: random.Random,
        requests: int,
    ) -> None:
        self._way = way
        self._tally = tally
        self._dice = dice
        self._requests = requests

    def round(self) -> None:
        model = self._dice.choice(sorted(self._way.models))
        known = self._way.models[model]
        asked = [
            questions.Question(model, known, self._dice, 2)
            for _ in range(self._requests)
        ]
        with connect(self._way.address) as channel:
            calls = [Call(channel, self._way.timeout) for _ in asked]
            for call, question in zip(calls, asked, strict=True):
                call.begin(question.request)
            for call, question in zip(calls, asked, strict=True):
                try:
                    answers = call.end(question.request)
                except strata.StrataError as error:
                    self._tally.failure(error, {"RESOURCE_EXHAUSTED"}, "burst")
                else:
                    self._tally.answer(question.mistake(answers))
        self._tally.count(self.EVENT)


class Vanishing:
    """A client that is killed in the middle of its answers."""

    EVENT = "clients killed in mid-answer"

    def __init__(self, address: str, model: str, tally: Tally) -> None:
        script = str(FAULTS / "vanishing.py")
        self._command = [sys.executable, script, address, model, "both", "30"]
        self._tally = tally

    def round(self) -> None:
        with subprocess.Popen(
            self._command, stdout=subprocess.PIPE, text=True
        ) as client:
            begun = client.stdout.readline()
            client.send_signal(signal.SIGKILL)
        if begun != "begun\n":
            self._tally.lose("a client that was to vanish got no answer")
        self._tally.count(self.EVENT)


class Malformed:
    """Messages that are none: each is refused for that."""

    EVENT = "rounds of malformed messages"

    def __init__(
        self, address: str, model: str, tally: Tally, dice: random.Random
    ) -> None:
        self._address = address
        self._model = model
        self._tally = tally
        self._dice = dice

    def round(self) -> None:
        method = self._dice.choice(sorted(malformed.METHODS))
        good = malformed.good_message(method, self._model)
        for name, message in malformed.messages(good):
            what = f"{method} with {name}"
            try:
                malformed.send(self._address, method, message)
            except strata.StrataError as error:
                self._tally.failure(error, {"INVALID_ARGUMENT"}, what)
            else:
                self._tally.answer(f"{what} was taken for a message")
        self._tally.count(self.EVENT)


class Faults:
    """A model whose forwards fail, find no memory or stand still for long."""

    EVENT = "faults within a model"

    # What its inputs may fail with by themselves.
    REASONS = frozenset({"FORWARD_FAILED", "SERVER_FULL"})

    def __init__(
        self, switch: Switch, model: str, address: str, tally: Tally
    ) -> None:
        self._switch = switch
        self._model = model
        self._address = address
        self._tally = tally
        self._next = itertools.cycle((Fault.FAIL, Fault.HANG, Fault.NO_MEMORY))

    def round(self) -> None:
        """Ends when the model has computed again."""
        fault = next(self._next)
        self._switch.set(fault)
        with strata.Client(self._address, timeout=120, retries=0) as client:
            if fault is Fault.HANG:
                # Callers wait, no longer than most have patience.
                time.sleep(0.5)
            else:
                wire.wait_until(
                    lambda: self._fails(client), "the model fails", 120
                )
            self._switch.set(Fault.NONE)
            wire.wait_until(
                lambda: not self._fails(client), "the model is well again", 120
            )
        self._tally.count(self.EVENT)

    def _fails(self, client: strata.Client) -> bool:
        try:
            [encoding] = client.encode(["A text."], self._model)
        except strata.StrataError as error:
            # The server is full: to be tried again.
            if error.code is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                raise
            return self._fails(client)
        return encoding.error is not None


class Frames:
    """Connections that are no good HTTP/2."""

    EVENT = "connections of malformed frames"

    def __init__(
        self, address: str, tally: Tally, dice: random.Random
    ) -> None:
        self._address = address
        self._tally = tally
        self._dice = dice

    def round(self) -> None:
        name = self._dice.choice(sorted(frames.ATTACKS))
        frames.ATTACKS[name](self._address, self._dice)
        self._tally.count(self.EVENT)
