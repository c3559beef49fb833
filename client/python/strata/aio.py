# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The client of a Strata server, for asyncio.

async with strata.AsyncClient("127.0.0.1:50051") as client:
    [encoding] = await client.encode(["The cat sat on the mat."])
    print(encoding.hidden_states.shape)  # [layers, pieces, width]
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2

from strata import aio_stream, files, requests, results
from strata.base import ClientBase
from strata.connection import Connection
from strata.errors import StrataError
from strata.models import Model, ModelDescription
from strata.parts import Reassembly
from strata.requests import Input
from strata.v1 import hidden_state_service_pb2 as service_pb2
from strata.v1 import model_service_pb2

if TYPE_CHECKING:
    from typing_extensions import Unpack


class AsyncClient(ClientBase):
    """A connection to one Strata server, of the event loop that it is made in.

    Its methods are strata.Client's, to be awaited; many may be under way at
    once, and a task that is cancelled cancels its call. Every one raises
    StrataError where the call fails, after the `retries` that its constructor
    describes.
    """

    def _open(self, connection: Connection) -> grpc.aio.Channel:
        self._channel = connection.aio_channel()
        return self._channel

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connection; calls in flight are cancelled."""
        await self._channel.close()

    async def encode(
        self,
        inputs: Sequence[Input],
        model: str | None = None,
        *,
        in_parts: bool = False,
        **options: Unpack[requests.EncodeOptions],
    ) -> list[results.Encoding]:
        """As `Client.encode`."""
        request = requests.encode_request(inputs, model, **options)
        if in_parts:
            reply = await self._call(self._encode_in_parts, request)
        else:
            reply = await self._call(self._states.Encode, request)
        return results.encodings_of(reply, results.kind_of(request))

    async def encode_to_file(
        self,
        inputs: Sequence[Input],
        file: str,
        model: str | None = None,
        **options: Unpack[requests.EncodeOptions],
    ) -> files.WrittenFile:
        """As `Client.encode_to_file`."""
        request = requests.encode_request(inputs, model, **options)
        reply = await self._call(
            self._states.EncodeToFile, files.file_request(request, file)
        )
        return files.written_file(reply, file)

    def encode_stream(
        self,
        requests: aio_stream.Requests,
        timeout: float | None = None,
    ) -> AsyncIterator[results.StreamAnswer]:
        """As `Client.encode_stream`; also takes an asynchronous iterable.

            async for answer in client.encode_stream(requests):
                print(answer.index, answer.encodings[0].hidden_states.shape)

        A plain iterable must not block: the event loop would, too.
        """
        return aio_stream.answers(
            self._open_stream, requests, self._policy, timeout
        )

    async def tokenize(
        self,
        texts: Sequence[str | tuple[str, str]],
        model: str | None = None,
        **options: Unpack[requests.TokenizeOptions],
    ) -> list[results.Tokens]:
        """As `Client.tokenize`."""
        request = requests.tokenize_request(texts, model, **options)
        reply = await self._call(self._tokens.Tokenize, request)
        return [results.Tokens.from_proto(tokens) for tokens in reply.inputs]

    async def detokenize(
        self,
        ids: Sequence[Sequence[int]],
        model: str | None = None,
        *,
        version: int = 0,
        version_label: str = "",
        skip_special_pieces: bool = False,
    ) -> list[str]:
        """As `Client.detokenize`."""
        request = requests.detokenize_request(
            ids,
            model,
            version=version,
            version_label=version_label,
            skip_special_pieces=skip_special_pieces,
        )
        reply = await self._call(self._tokens.Detokenize, request)
        return list(reply.texts)

    async def models(self) -> list[Model]:
        """As `Client.models`."""
        found: list[Model] = []
        request = model_service_pb2.ListModelsRequest()
        while True:
            page = await self._call(self._models.ListModels, request)
            found += [Model.from_proto(entry) for entry in page.models]
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    async def model(
        self,
        name: str | None = None,
        version: int = 0,
        *,
        version_label: str = "",
    ) -> ModelDescription:
        """As `Client.model`."""
        request = model_service_pb2.GetModelRequest(
            model=name or "", version=version, version_label=version_label
        )
        return ModelDescription.from_response(
            await self._call(self._models.GetModel, request)
        )

    async def health(self, service: str = "") -> str:
        """As `Client.health`."""
        request = health_pb2.HealthCheckRequest(service=service)
        return results.health_of(await self._call(self._health.Check, request))

    async def _encode_in_parts(
        self, request: service_pb2.EncodeRequest, **call: Any
    ) -> service_pb2.EncodeResponse:
        events = self._states.EncodeChunks(
            service_pb2.EncodeChunksRequest(request=request), **call
        )
        reassembly = Reassembly(len(request.inputs))
        try:
            async for event in events:
                reassembly.add(event)
        finally:
            events.cancel()
        return reassembly.result()

    def _open_stream(
        self,
        messages: AsyncIterator[service_pb2.EncodeStreamRequest],
        timeout: float | None,
    ) -> Any:
        return self._states.EncodeStream(
            messages, timeout=timeout, metadata=self._metadata
        )

    async def _call(self, method: Callable[..., Any], request: Any) -> Any:
        attempts = self._attempts()
        while True:
            timeout = attempts.begin()
            try:
                return await method(
                    request, timeout=timeout, metadata=self._metadata
                )
            except grpc.RpcError as raised:
                error = StrataError.from_rpc_error(raised)
                delay = attempts.delay_after(error)
                if delay is None:
                    raise error from raised
            await asyncio.sleep(delay)
