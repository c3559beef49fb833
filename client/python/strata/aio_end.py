# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""How a stream of asyncio's has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import grpc
import grpc.aio

from strata.errors import StrataError

# What grpc.aio makes of a write that meets the end of its stream.
_HIDDEN = (grpc.StatusCode.INTERNAL, "Internal error from Core")
# For the status that it hides; gRPC does not promise that there is one.
_SECONDS = 5.0


class StreamEnd:
    """Keeps the status that the server gave a stream.

    gRPC replaces it where a write fails as the stream ends, before or after it
    has come (grpc/grpc#36066), and what is done next depends on it.
    """

    def __init__(self, call: Any) -> None:
        """`call` has just begun."""
        loop = asyncio.get_running_loop()
        self._status: asyncio.Future[grpc.RpcError] = loop.create_future()
        # Called whenever the call is given a status.
        call.add_done_callback(self._note)

    async def error(self, raised: grpc.RpcError) -> StrataError:
        """Why the stream ended; `raised` is what reading it has raised."""
        shown: Any = raised
        if (shown.code(), shown.details()) != _HIDDEN:
            return StrataError.from_rpc_error(raised)
        await asyncio.wait([self._status], timeout=_SECONDS)
        if self._status.done():
            return StrataError.from_rpc_error(self._status.result())
        return StrataError(
            grpc.StatusCode.UNAVAILABLE,
            "the stream ended while a request was sent, and gRPC does not say "
            "why",
        )

    def _note(self, call: Any) -> None:
        code, details = _now(call.code()), _now(call.details())
        if self._status.done() or (code, details) == _HIDDEN:
            return
        trailing = _now(call.trailing_metadata())
        self._status.set_result(
            grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailing, details)
        )


def _now(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What it returns; it does not wait, since the call is done."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise RuntimeError("gRPC waits for a status that has come")
