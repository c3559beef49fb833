# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What a Strata server answers, as Python values."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from google.protobuf import duration_pb2
from grpc_health.v1 import health_pb2

from strata.errors import StrataError
from strata.tensors import Array, Tensor
from strata.v1 import hidden_state_service_pb2 as service_pb2
from strata.v1 import tokenizer_service_pb2

if TYPE_CHECKING:
    import torch


@dataclasses.dataclass(frozen=True)
class Piece:
    """One piece of a tokenized text."""

    id: int
    text: str
    """The vocabulary's string for it, which need not be the text's."""
    begin: int
    """First byte (not character) of the text that it came from."""
    end: int
    """First byte after; equal to `begin` for special pieces and a prompt's."""
    in_pair: bool = False
    """Whether that text is the second of a pair."""

    @classmethod
    def from_proto(cls, piece: service_pb2.Piece) -> Piece:
        return cls(
            piece.id, piece.text, piece.begin, piece.end, piece.in_pair
        )


@dataclasses.dataclass(frozen=True)
class Timings:
    """How long each stage took in the server, in seconds."""

    tokenize: float
    queue: float
    compute: float
    total: float

    @classmethod
    def from_proto(cls, timings: service_pb2.Timings) -> Timings:
        return cls(
            _seconds(timings.tokenize),
            _seconds(timings.queue),
            _seconds(timings.compute),
            _seconds(timings.total),
        )


@dataclasses.dataclass(frozen=True)
class Batch:
    """The forward that carried an input."""

    rows: int
    pieces: int
    padded_pieces: int


@dataclasses.dataclass(frozen=True)
class Encoding:
    """The answer for one input."""

    model: str
    version: int
    digest: str
    """Of the model's trace, tokenizer and configuration."""
    error: StrataError | None
    """What failed for this input alone while computing; None if it is well."""
    pieces: list[Piece]
    """Empty unless `return_pieces` was set."""
    piece_count: int
    truncated_pieces: int
    timings: Timings
    batch: Batch
    kind: str
    """What was asked for: "hidden_states" or "logits"."""
    _tensor: Tensor | None = dataclasses.field(repr=False)

    @property
    def hidden_states(self) -> Array:
        """The numbers: `[layers, pieces, width]`, pooled `[layers, width]`.

        Read-only, the reply's own bytes; bfloat16, which NumPy lacks, becomes
        float32.

        Raises:
            StrataError: This input failed; it is `error`.
            ValueError: Logits were asked for.
        """
        return self._numbers_of("hidden_states")

    @property
    def logits(self) -> Array:
        """The numbers: `[pieces, vocabulary]`, pooled `[vocabulary]`.

        Raises:
            StrataError: This input failed; it is `error`.
            ValueError: Logits were not asked for.
        """
        return self._numbers_of("logits")

    @property
    def tensor(self) -> Tensor:
        """The hidden states or logits as they came, of their own type.

        Raises:
            StrataError: This input failed; it is `error`.
        """
        if self.error is not None:
            raise self.error
        assert self._tensor is not None
        return self._tensor

    def torch(self) -> torch.Tensor:
        """The hidden states or logits as a torch tensor on the CPU.

        Nothing is copied, and bfloat16 stays what it is. It shares its memory
        with `hidden_states`, so `clone()` it before you write to it. Imports
        torch, which nothing else here does.

        Raises:
            StrataError: This input failed; it is `error`.
        """
        return self.tensor.torch()

    def _numbers_of(self, kind: str) -> Array:
        tensor = self.tensor
        if self.kind != kind:
            raise ValueError(
                f'the answer holds {self.kind}; ask for kind="{kind}"'
            )
        return tensor.array

    @classmethod
    def from_proto(
        cls,
        encoding: service_pb2.Encoding,
        reply: service_pb2.EncodeResponse,
        kind: str,
    ) -> Encoding:
        failed = encoding.status.code != 0
        batch = encoding.batch
        return cls(
            model=reply.model,
            version=reply.version,
            digest=reply.digest,
            error=StrataError.from_status(encoding.status) if failed else None,
            pieces=[Piece.from_proto(piece) for piece in encoding.pieces],
            piece_count=encoding.piece_count,
            truncated_pieces=encoding.truncated_pieces,
            timings=Timings.from_proto(encoding.timings),
            batch=Batch(batch.rows, batch.pieces, batch.padded_pieces),
            kind=kind,
            _tensor=(
                None
                if failed
                else Tensor.from_proto(encoding.outputs[0].tensor)
            ),
        )


def kind_of(request: service_pb2.EncodeRequest) -> str:
    """What the first output of a request holds: `Encoding.kind`."""
    kind = request.outputs[0].kind if request.outputs else 0
    name = service_pb2.OutputKind.Name(
        kind or service_pb2.OUTPUT_KIND_HIDDEN_STATES
    )
    return name.removeprefix("OUTPUT_KIND_").lower()


def encodings_of(
    reply: service_pb2.EncodeResponse, kind: str
) -> list[Encoding]:
    """The answer for each input, in their order."""
    return [
        Encoding.from_proto(encoding, reply, kind)
        for encoding in reply.encodings
    ]


@dataclasses.dataclass(frozen=True)
class StreamAnswer:
    """The answer to one request of a stream."""

    index: int
    """Which request it is, from 0 in the order in which they were given."""
    error: StrataError | None
    """What failed for the whole request; None if it is well."""
    _encodings: list[Encoding] | None = dataclasses.field(repr=False)

    @property
    def encodings(self) -> list[Encoding]:
        """One answer for each input, in their order.

        Raises:
            StrataError: The request failed; it is `error`.
        """
        if self.error is not None:
            raise self.error
        assert self._encodings is not None
        return self._encodings


@dataclasses.dataclass(frozen=True)
class Tokens:
    """The pieces of one text."""

    pieces: list[Piece]
    truncated_pieces: int

    @property
    def ids(self) -> list[int]:
        return [piece.id for piece in self.pieces]

    @classmethod
    def from_proto(
        cls, tokens: tokenizer_service_pb2.TokenizedInput
    ) -> Tokens:
        return cls(
            [Piece.from_proto(piece) for piece in tokens.pieces],
            tokens.truncated_pieces,
        )


def health_of(reply: health_pb2.HealthCheckResponse) -> str:
    """The name of a health, as "SERVING"."""
    return health_pb2.HealthCheckResponse.ServingStatus.Name(reply.status)


def _seconds(duration: duration_pb2.Duration) -> float:
    return duration.seconds + duration.nanos / 1e9
