# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The client of a Strata server.

A first call, from a text to the hidden states of its first and last layer:

    with strata.Client("127.0.0.1:50051") as client:
        [encoding] = client.encode(["The cat sat on the mat."], layers=[0, -1])
        print(encoding.hidden_states.shape)  # [layers, pieces, width]
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import grpc
from grpc_health.v1 import health_pb2

from strata import files, requests, results, stream
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

__all__ = ["Client", "Input"]


class Client(ClientBase):
    """A connection to one Strata server; threads may share it.

    Every method raises StrataError where the call fails, after the `retries`
    that its constructor describes. `strata.AsyncClient` is the same for
    asyncio.
    """

    def _open(self, connection: Connection) -> grpc.Channel:
        self._channel = connection.channel()
        return self._channel

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection; calls in flight are cancelled."""
        self._channel.close()

    def encode(
        self,
        inputs: Sequence[Input],
        model: str | None = None,
        *,
        in_parts: bool = False,
        **options: Unpack[requests.EncodeOptions],
    ) -> list[results.Encoding]:
        """Encodes texts, pairs of them, or sequences of piece identifiers.

        Args:
            inputs: Texts, pairs of texts (tuples), lists of piece
                identifiers, or `Input` messages of `strata.v1` for what else
                one may have (spans, positions, type ids); they may be mixed.
            model: Needed where the server has several.
            in_parts: Let the answer come in parts, for one that is too large
                for a single message (StrataError, reason REPLY_TOO_LARGE).
            options: Those of `encode_request`: layers, pooling, dtype, ...

        Returns:
            One answer for each input, in their order.
        """
        request = requests.encode_request(inputs, model, **options)
        if in_parts:
            reply = self._call(self._encode_in_parts, request)
        else:
            reply = self._call(self._states.Encode, request)
        return results.encodings_of(reply, results.kind_of(request))

    def encode_to_file(
        self,
        inputs: Sequence[Input],
        file: str,
        model: str | None = None,
        **options: Unpack[requests.EncodeOptions],
    ) -> files.WrittenFile:
        """Encodes as `encode` does, into a file on the server's side.

        For answers that are kept and not received, as all layers of a corpus,
        a shard a call. Nothing of them crosses the network. The server has to
        allow it (--output-directory). The file is there, whole, when this
        returns; the tensors of input 3 are in it as "3.hidden_states" (or
        "3.logits"), and with `return_pieces` there are `piece_ids` and
        `piece_offsets`. The same call again finds the file, and costs nothing.

        Args:
            file: Where, as "corpus/shard-0001.safetensors", below the server's
                folder. A file that holds something else is never replaced.
        """
        request = requests.encode_request(inputs, model, **options)
        reply = self._call(
            self._states.EncodeToFile, files.file_request(request, file)
        )
        return files.written_file(reply, file)

    def encode_stream(
        self,
        requests: Iterable[service_pb2.EncodeRequest],
        timeout: float | None = None,
    ) -> Iterator[results.StreamAnswer]:
        """Encodes many requests over one stream.

        They are taken from the iterable as the server takes them, on a thread
        of its own, and answered as they complete, in any order:

            requests = (client.encode_request([text]) for text in texts)
            for answer in client.encode_stream(requests):
                print(answer.index, answer.encodings[0].hidden_states.shape)

        A request that fails is an answer with an `error`; the others go on.
        What the iterable raises is raised here, after the answers to what it
        had yielded.

        A stream that breaks, or that the server asks to move on, is opened
        anew, and what has no answer yet is sent again, as is a request that
        failed and may pass later: each is answered exactly once. `retries`
        counts what fails without an answer in between.

        Args:
            requests: What `encode_request` builds.
            timeout: Seconds that the whole stream may take. None: as long as
                it likes; the client's own timeout is for single calls.
        """
        return stream.answers(
            self._open_stream, requests, self._policy, timeout
        )

    def tokenize(
        self,
        texts: Sequence[str | tuple[str, str]],
        model: str | None = None,
        **options: Unpack[requests.TokenizeOptions],
    ) -> list[results.Tokens]:
        """Splits texts, or pairs of them, into pieces, as `encode` would.

        Args:
            options: version, version_label, prompt, truncation, max_pieces and
                add_special_pieces, as `encode_request`'s. Without a truncation
                a text may be of any length.
        """
        request = requests.tokenize_request(texts, model, **options)
        reply = self._call(self._tokens.Tokenize, request)
        return [results.Tokens.from_proto(tokens) for tokens in reply.inputs]

    def detokenize(
        self,
        ids: Sequence[Sequence[int]],
        model: str | None = None,
        *,
        version: int = 0,
        version_label: str = "",
        skip_special_pieces: bool = False,
    ) -> list[str]:
        """Joins pieces to texts."""
        request = requests.detokenize_request(
            ids,
            model,
            version=version,
            version_label=version_label,
            skip_special_pieces=skip_special_pieces,
        )
        return list(self._call(self._tokens.Detokenize, request).texts)

    def models(self) -> list[Model]:
        """Every version of every model, refused ones included."""
        found: list[Model] = []
        request = model_service_pb2.ListModelsRequest()
        while True:
            page = self._call(self._models.ListModels, request)
            found += [Model.from_proto(entry) for entry in page.models]
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    def model(
        self,
        name: str | None = None,
        version: int = 0,
        *,
        version_label: str = "",
    ) -> ModelDescription:
        """One version in detail; works for a refused one too."""
        request = model_service_pb2.GetModelRequest(
            model=name or "", version=version, version_label=version_label
        )
        return ModelDescription.from_response(
            self._call(self._models.GetModel, request)
        )

    def health(self, service: str = "") -> str:
        """Health of a model, or of the whole server: "SERVING" or not."""
        request = health_pb2.HealthCheckRequest(service=service)
        return results.health_of(self._call(self._health.Check, request))

    def _encode_in_parts(
        self, request: service_pb2.EncodeRequest, **call: Any
    ) -> service_pb2.EncodeResponse:
        events = self._states.EncodeChunks(
            service_pb2.EncodeChunksRequest(request=request), **call
        )
        reassembly = Reassembly(len(request.inputs))
        try:
            for event in events:
                reassembly.add(event)
        finally:
            events.cancel()
        return reassembly.result()

    def _open_stream(
        self,
        messages: Iterator[service_pb2.EncodeStreamRequest],
        timeout: float | None,
    ) -> Any:
        return self._states.EncodeStream(
            messages, timeout=timeout, metadata=self._metadata
        )

    def _call(self, method: Callable[..., Any], request: Any) -> Any:
        attempts = self._attempts()
        while True:
            timeout = attempts.begin()
            try:
                return method(
                    request, timeout=timeout, metadata=self._metadata
                )
            except grpc.RpcError as raised:
                error = StrataError.from_rpc_error(raised)
                delay = attempts.delay_after(error)
                if delay is None:
                    raise error from raised
            time.sleep(delay)
