# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What a client asks, as messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, TypedDict

import numpy as np
import numpy.typing as npt

from strata.v1 import hidden_state_service_pb2 as service_pb2
from strata.v1 import tensor_pb2, tokenizer_service_pb2

Input: TypeAlias = (
    str
    | tuple[str, str]
    | Sequence[int]
    | npt.NDArray[np.integer[Any]]
    | service_pb2.Input
)
"""What is encoded: a text, a pair of texts, piece identifiers, or a message."""


class EncodeOptions(TypedDict, total=False):
    """The options of `encode_request`, which describes them."""

    version: int
    version_label: str
    kind: str
    prompt: str
    layers: Sequence[int] | None
    pooling: str
    normalize: bool
    dimensions: int
    dtype: str
    truncation: str
    max_pieces: int
    return_pieces: bool
    add_special_pieces: bool
    priority: int
    expected_digest: str


class TokenizeOptions(TypedDict, total=False):
    """The options of `tokenize_request`, which describes them."""

    version: int
    version_label: str
    prompt: str
    truncation: str | None
    max_pieces: int
    add_special_pieces: bool


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
        dtype: "float32", "float16" or "bfloat16" (which NumPy lacks: it is
            widened to float32 on arrival, and saves bytes on the way).
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


def tokenize_request(
    texts: Sequence[str | tuple[str, str]],
    model: str | None = None,
    *,
    version: int = 0,
    version_label: str = "",
    prompt: str = "",
    truncation: str | None = None,
    max_pieces: int = 0,
    add_special_pieces: bool = True,
) -> tokenizer_service_pb2.TokenizeRequest:
    """What `tokenize` sends.

    Args:
        texts: Texts, or pairs of them (tuples).
        truncation: As `encode_request`'s; None: a text may be of any length.

    The others are `encode_request`'s.
    """
    return tokenizer_service_pb2.TokenizeRequest(
        model=model or "",
        version=version,
        version_label=version_label,
        inputs=[_input(text, prompt) for text in _several(texts)],
        truncation=_value(
            service_pb2.Truncation, "TRUNCATION", truncation or "unspecified"
        ),
        max_pieces=max_pieces,
        add_special_pieces=add_special_pieces,
    )


def detokenize_request(
    ids: Sequence[Sequence[int]],
    model: str | None,
    *,
    version: int,
    version_label: str,
    skip_special_pieces: bool,
) -> tokenizer_service_pb2.DetokenizeRequest:
    """What `detokenize` sends."""
    return tokenizer_service_pb2.DetokenizeRequest(
        model=model or "",
        version=version,
        version_label=version_label,
        inputs=[service_pb2.PieceIds(ids=item) for item in ids],
        skip_special_pieces=skip_special_pieces,
    )


def _several(inputs: Sequence[Any]) -> Sequence[Any]:
    """Catches the lone text, whose characters would be taken for texts."""
    if isinstance(inputs, (str, bytes)):
        raise TypeError(
            f"got one {type(inputs).__name__}, expected a list of texts; "
            "put it in brackets"
        )
    return inputs


def _input(item: Any, prompt: str) -> service_pb2.Input:
    """Of an `Input`."""
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


def _value(enum: Any, prefix: str, name: str) -> Any:
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
