# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Answers that the server keeps, in files on its own side."""

from __future__ import annotations

import dataclasses

from strata import results
from strata.v1 import hidden_state_service_pb2 as service_pb2


@dataclasses.dataclass(frozen=True)
class WrittenFile:
    """A safetensors file that a server wrote."""

    file: str
    """Where it is, below the server's --output-directory."""
    model: str
    version: int
    digest: str
    """Of the model's trace, tokenizer and configuration."""
    bytes: int
    """Its size."""
    existed: bool
    """Whether it was there already, written for the same request."""


def file_request(
    request: service_pb2.EncodeRequest, file: str
) -> service_pb2.EncodeToFileRequest:
    """The request that writes what `request` asks for.

    Its output, where it has no name, is called what it holds: input 3's is the
    tensor "3.hidden_states", or "3.logits".
    """
    message = service_pb2.EncodeToFileRequest(request=request, file=file)
    for output in message.request.outputs:
        output.name = output.name or results.kind_of(request)
    return message


def written_file(
    response: service_pb2.EncodeToFileResponse, file: str
) -> WrittenFile:
    return WrittenFile(
        file=file,
        model=response.model,
        version=response.version,
        digest=response.digest,
        bytes=response.file_bytes,
        existed=response.existed,
    )
