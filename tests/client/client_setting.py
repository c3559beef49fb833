# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What the clients in other languages are tested against.

Three servers of one small model, and what the Python client is answered, in a
JSON file: STRATA_CLIENT_TEST names it to each language's own tests.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import socket
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import wire
from bearer import entry
from certificates import Certificate
from deaf import DeafClient

import strata
from strata.v1 import hidden_state_service_pb2 as service_pb2

LAYERS = [0, 2, -1]
TEXTS = [
    "Hello world!",
    "This is a test",
    "Ein längerer Satz, dessen Umlaute mehr Bytes als Zeichen haben.",
]
# What each example asks first.
EXAMPLE_TEXTS = TEXTS[:2]
# A client makes so many calls of a server that is full.
ATTEMPTS = 3
_TOKEN = "reader-4f1c0c9d2b"
_HELD = "strata_unsent_reply_bytes"
_REFUSED = 'strata_rejections_total{reason="SERVER_FULL"}'
# Parts that are small, and end inside a number.
_PART_BYTES = 1001


class Setting:
    """The servers, and the file that describes them."""

    def __init__(
        self, file: pathlib.Path, described: dict[str, Any], full: Any
    ) -> None:
        self.file = file
        self.address: str = described["address"]
        self.tls_address: str = described["tls_address"]
        self.root_certificates: str = described["root_certificates"]
        self.token: str = described["token"]
        self._full = full

    def refusals(self) -> float:
        """How many calls the full server has refused."""
        return wire.metric(self._full, _REFUSED)

    def shapes(self) -> list[list[int]]:
        """Of hidden states and pooled vectors of the texts of an example."""
        with strata.Client(self.address, timeout=120) as client:
            shapes = []
            for text in EXAMPLE_TEXTS:
                [states] = client.encode([text], layers=[0, -1])
                [pooled] = client.encode([text], pooling="mean")
                shapes.append(list(states.hidden_states.shape))
                shapes.append(list(pooled.hidden_states.shape))
            return shapes


@contextlib.contextmanager
def running(
    serve: Callable[..., Any],
    repository: pathlib.Path,
    folder: pathlib.Path,
) -> Iterator[Setting]:
    """The setting, while the block runs; its files are in `folder`."""
    authority = Certificate(folder, "authority")
    shown = Certificate(folder, "shown", authority)
    tokens = folder / "tokens.json"
    tokens.write_text(json.dumps([entry("search", _TOKEN, "read")]))
    with contextlib.ExitStack() as stack:
        plain = stack.enter_context(
            serve(repository, f"--part-bytes={_PART_BYTES}")
        )
        encrypted = stack.enter_context(
            serve(repository, *shown.flags, f"--tokens={tokens}")
        )
        # One who does not read holds all that there is, and answers no ping.
        full = stack.enter_context(
            serve(repository, "--max-unsent-bytes=1KiB", "--keepalive-time=0s")
        )
        deaf = stack.enter_context(DeafClient(full.address))
        request = strata.Client.encode_request(["Not read."], layers=[1] * 9)
        deaf.call(
            wire.HIDDEN_STATES + "EncodeChunks",
            service_pb2.EncodeChunksRequest(
                request=request
            ).SerializeToString(),
        )
        wire.wait_until(lambda: wire.metric(full, _HELD) > 1024, _HELD)
        _expect_full(full.address)
        closed = stack.enter_context(socket.socket())
        closed.bind(("127.0.0.1", 0))
        described = {
            "address": plain.address,
            "tls_address": encrypted.address,
            "root_certificates": str(authority.certificate),
            "token": _TOKEN,
            "full_address": full.address,
            "closed_address": f"127.0.0.1:{closed.getsockname()[1]}",
            "attempts": ATTEMPTS,
            **expected(plain.address),
        }
        file = folder / "setting.json"
        file.write_text(json.dumps(described))
        yield Setting(file, described, full)


def _expect_full(address: str) -> None:
    """That it is, and so counts its refusals."""
    with strata.Client(address, timeout=120) as client:
        with pytest.raises(strata.StrataError, match="SERVER_FULL"):
            client.encode(TEXTS)


def expected(address: str) -> dict[str, Any]:
    """What the Python client is answered."""
    with strata.Client(address, timeout=120) as client:
        [model] = client.models()
        states = client.encode(TEXTS, layers=LAYERS)
        pooled = client.encode(TEXTS, pooling="mean", normalize=True)
    return {
        "model": model.name,
        "texts": TEXTS,
        "layers": LAYERS,
        "hidden_states": [_numbers(x.hidden_states) for x in states],
        "pooled": [_numbers(x.hidden_states) for x in pooled],
    }


def _numbers(array: np.ndarray) -> dict[str, Any]:
    return {"shape": list(array.shape), "values": array.ravel().tolist()}
