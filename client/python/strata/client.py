# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The client of a Strata server.

A first call, from a text to the hidden states of its first and last layer:

    with strata.Client("127.0.0.1:50051") as client:
        [encoding] = client.encode(["The cat sat on the mat."], layers=[0, -1])
        print(encoding.hidden_states.shape)  # [layers, pieces, width]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from strata import connection, results, stream
from strata.errors import StrataError
from strata.parts import Reassembly
from strata.v1 import hidden_state_service_pb2 as service_pb2
from strata.v1 import hidden_state_service_pb2_grpc as service_grpc
from strata.v1 import (
    model_service_pb2,
    model_service_pb2_grpc,
    tensor_pb2,
    tokenizer_service_pb2,
    tokenizer_service_pb2_grpc,
)

# Hidden states are large, and the server has limits of its own.
_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
]


# What is encoded; see Client.encode.
Input = str | tuple[str, str] | Sequence[int] | service_pb2.Input


class Client:
    """A connection to one Strata server; threads may share it.

    Every method raises StrataError where the call fails. Nothing is retried.
    """

    def __init__(
        self,
        target: str = "127.0.0.1:50051",
        timeout: float | None = 60.0,
        *,
        tls: bool = False,
        root_certificates: bytes | None = None,
        certificate: bytes | None = None,
        key: bytes | None = None,
        token: str | None = None,
        token_on_plaintext: bool = False,
    ) -> None:
        """Does not connect yet; the first call does.

        Args:
            target: HOST:PORT of the server.
            timeout: Seconds that a call may take. None: as long as it likes.
            tls: Encrypt, and trust the authorities that gRPC comes with.
            root_certificates: Encrypt, and trust these authorities (PEM).
            certificate: Encrypt, and show this certificate (PEM), for servers
                that ask for one; with `key`.
            key: The private key (PEM) of `certificate`.
            token: Sent with every call, for servers that want one.
            token_on_plaintext: Send the token unencrypted to another machine
                too, where it can be read on the way.

        Raises:
            ValueError: The token would travel unencrypted, or one of
                `certificate` and `key` is missing.
        """
        self._timeout = timeout
        self._channel = connection.connect(
            target,
            tls=tls,
            root_certificates=root_certificates,
            certificate=certificate,
            key=key,
            token=token,
            token_on_plaintext=token_on_plaintext,
            options=_OPTIONS,
        )
        self._states = service_grpc.HiddenStateServiceStub(self._channel)
        self._tokens = tokenizer_service_pb2_grpc.TokenizerServiceStub(
            self._channel
        )
        self._models = model_service_pb2_grpc.ModelServiceStub(self._channel)
        self._health = health_pb2_grpc.HealthStub(self._channel)

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
        **options: Any,
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
        request = self.encode_request(inputs, model, **options)
        if in_parts:
            reply = self._encode_in_parts(request)
        else:
            reply = self._call(self._states.Encode, request)
        return results.encodings_of(reply, results.kind_of(request))

    def encode_stream(
        self,
        requests: Iterable[service_pb2.EncodeRequest],
        timeout: float | None = None,
    ) -> Iterator[results.StreamAnswer]:
        """Encodes many requests over one stream.

        They are taken from the iterable as the server takes them, on a thread
        of gRPC's, and answered as they complete, in any order:

            requests = (client.encode_request([text]) for text in texts)
            for answer in client.encode_stream(requests):
                print(answer.index, answer.encodings[0].hidden_states.shape)

        A request that fails is an answer with an `error`; the others go on.
        What the iterable raises is raised here, after the answers to what it
        had yielded.

        Args:
            requests: What `encode_request` builds.
            timeout: Seconds that the whole stream may take. None: as long as
                it likes; the client's own timeout is for single calls.
        """
        return stream.answers(self._states.EncodeStream, requests, timeout)

    @staticmethod
    def encode_request(
        inputs: Sequence[Input],
        model: str | None = None,
        *,
        version: int = 0,
        version_label: str = "",
        kind: str = "hidden_states",
        prompt: str = "",
        layers: Sequence[int] | None = None,
        pooling: str = "none",
        normalize: bool = False,
        dimensions: int = 0,
        dtype: str = "float32",
        truncation: str = "none",
        max_pieces: int = 0,
        return_pieces: bool = False,
        add_special_pieces: bool = True,
        priority: int = 0,
        expected_digest: str = "",
    ) -> service_pb2.EncodeRequest:
        """Builds the request that `encode` sends with these arguments.

        Args:
            inputs: Texts, pairs of texts (tuples), lists of piece
                identifiers, or `Input` messages of `strata.v1` for what else
                one may have (spans, positions, type ids); they may be mixed.
            model: Needed where the server has several.
            version: 0 is the newest that is ready.
            version_label: Names the version in place of its number, as
                "stable".
            kind: "hidden_states", or "logits" where the model has them; they
                come from no layer.
            prompt: Name of the model's prompt that goes in front of each text,
                of a pair the first; `model(...).prompts` lists them. Of an
                `Input` message its own counts.
            layers: 0 is the embedding output, negative counts from the end;
                answered in this order. None: the last.
            pooling: "none", "mean", "first", "last", "max", or "spans" for the
                mean of each span of the inputs.
            normalize: Divide each vector by its L2 norm.
            dimensions: Only the first channels of each vector. 0: all.
            dtype: "float32", "float16" or "bfloat16" (which is widened to
                float32 on arrival, and saves bytes on the way).
            truncation: Where an input that is too long is cut, "left" or
                "right"; "none": it is an error.
            max_pieces: Longest input. 0: the model's limit.
            return_pieces: Fill `Encoding.pieces`.
            add_special_pieces: Let the tokenizer add its special pieces.
            priority: Higher goes first, from -10 to 10.
            expected_digest: Fail unless the model's digest is this.
        """
        output = service_pb2.OutputSpec(
            kind=_value(service_pb2.OutputKind, "OUTPUT_KIND", kind),
            layers=layers or (),
            pooling=_value(service_pb2.Pooling, "POOLING", pooling),
            normalize=normalize,
            dimensions=dimensions,
            dtype=_value(tensor_pb2.DataType, "DATA_TYPE", dtype),
        )
        return service_pb2.EncodeRequest(
            model=model or "",
            version=version,
            version_label=version_label,
            inputs=[_input(item, prompt) for item in _several(inputs)],
            outputs=[output],
            truncation=_value(service_pb2.Truncation, "TRUNCATION", truncation),
            max_pieces=max_pieces,
            return_pieces=return_pieces,
            add_special_pieces=add_special_pieces,
            priority=priority,
            expected_digest=expected_digest,
        )

    def tokenize(
        self,
        texts: Sequence[str | tuple[str, str]],
        model: str | None = None,
        *,
        version: int = 0,
        version_label: str = "",
        prompt: str = "",
        truncation: str | None = None,
        max_pieces: int = 0,
        add_special_pieces: bool = True,
    ) -> list[results.Tokens]:
        """Splits texts, or pairs of them, into pieces, as `encode` would.

        Args:
            prompt: As `encode`'s.
            truncation: As `encode`'s; None: a text may be of any length.
        """
        request = tokenizer_service_pb2.TokenizeRequest(
            model=model or "",
            version=version,
            version_label=version_label,
            inputs=[_input(text, prompt) for text in _several(texts)],
            truncation=_value(
                service_pb2.Truncation,
                "TRUNCATION",
                truncation or "unspecified",
            ),
            max_pieces=max_pieces,
            add_special_pieces=add_special_pieces,
        )
        reply = self._call(self._tokens.Tokenize, request)
        return [
            results.Tokens(
                [results.Piece.from_proto(piece) for piece in tokens.pieces],
                tokens.truncated_pieces,
            )
            for tokens in reply.inputs
        ]

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
        request = tokenizer_service_pb2.DetokenizeRequest(
            model=model or "",
            version=version,
            version_label=version_label,
            inputs=[service_pb2.PieceIds(ids=item) for item in ids],
            skip_special_pieces=skip_special_pieces,
        )
        return list(self._call(self._tokens.Detokenize, request).texts)

    def models(self) -> list[results.Model]:
        """Every version of every model, refused ones included."""
        models: list[results.Model] = []
        request = model_service_pb2.ListModelsRequest()
        while True:
            page = self._call(self._models.ListModels, request)
            models += [results.Model.from_proto(entry) for entry in page.models]
            if not page.next_page_token:
                return models
            request.page_token = page.next_page_token

    def model(
        self,
        name: str | None = None,
        version: int = 0,
        *,
        version_label: str = "",
    ) -> results.ModelDescription:
        """One version in detail; works for a refused one too."""
        request = model_service_pb2.GetModelRequest(
            model=name or "", version=version, version_label=version_label
        )
        return results.ModelDescription.from_proto(
            self._call(self._models.GetModel, request)
        )

    def health(self, service: str = "") -> str:
        """Health of a model, or of the whole server: "SERVING" or not."""
        request = health_pb2.HealthCheckRequest(service=service)
        reply = self._call(self._health.Check, request)
        return health_pb2.HealthCheckResponse.ServingStatus.Name(reply.status)

    def _encode_in_parts(
        self, request: service_pb2.EncodeRequest
    ) -> service_pb2.EncodeResponse:
        events = self._call(
            self._states.EncodeChunks,
            service_pb2.EncodeChunksRequest(request=request),
        )
        reassembly = Reassembly(len(request.inputs))
        try:
            for event in events:
                reassembly.add(event)
        except grpc.RpcError as error:
            raise StrataError.from_rpc_error(error) from error
        finally:
            events.cancel()
        return reassembly.result()

    def _call(self, method: Callable[..., Any], request: Any) -> Any:
        try:
            return method(request, timeout=self._timeout)
        except grpc.RpcError as error:
            raise StrataError.from_rpc_error(error) from error


def _several(inputs: Sequence[Any]) -> Sequence[Any]:
    """Catches the lone text, whose characters would be taken for texts."""
    if isinstance(inputs, (str, bytes)):
        raise TypeError(
            f"got one {type(inputs).__name__}, expected a list of texts; "
            "put it in brackets"
        )
    return inputs


def _input(item: Input, prompt: str) -> service_pb2.Input:
    if isinstance(item, service_pb2.Input):
        return item  # Which says itself what its prompt is.
    if isinstance(item, str):
        return service_pb2.Input(text=item, prompt=prompt)
    if isinstance(item, bytes):  # A sequence of integers, too.
        raise TypeError("got bytes, expected str or piece identifiers")
    if isinstance(item, tuple) and any(isinstance(x, str) for x in item):
        if len(item) != 2:
            raise ValueError(
                f"got a tuple of {len(item)} texts, expected a pair"
            )
        text, pair = item
        return service_pb2.Input(text=text, text_pair=pair, prompt=prompt)
    pieces = service_pb2.PieceIds(ids=item)
    return service_pb2.Input(pieces=pieces, prompt=prompt)


def _value(enum: Any, prefix: str, name: str) -> int:
    """The enum's value for a name in lower case without its prefix."""
    try:
        return enum.Value(f"{prefix}_{name.upper()}")
    except ValueError:
        names = [
            key.removeprefix(f"{prefix}_").lower()
            for key, number in enum.items()
            if number != 0
        ]
        raise ValueError(
            f'{prefix.lower()} is "{name}"; expected one of: '
            + ", ".join(names)
        ) from None
