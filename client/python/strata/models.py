# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What a Strata server says of its models, as Python values."""

from __future__ import annotations

import dataclasses
from typing import Any

from strata.v1 import model_service_pb2


@dataclasses.dataclass(frozen=True)
class Model:
    """One version of a model, as a list shows it."""

    name: str
    version: int
    state: str
    """"loading", "ready", "refused" or "draining"."""
    reason: str
    """Why it is in that state; empty when ready."""
    digest: str
    labels: list[str]
    """That name this version in requests."""

    @classmethod
    def from_proto(cls, summary: model_service_pb2.ModelSummary) -> Model:
        return cls(**_summary_fields(summary))


@dataclasses.dataclass(frozen=True)
class ModelDescription(Model):
    """One version of a model in detail."""

    layers: int
    """Hidden states, the embedding output included."""
    width: int
    dtype: str
    """What the model computes in, as "float32"."""
    vocabulary_size: int
    logits: bool
    """Whether it gives scores over the vocabulary."""
    batch_invariant: bool
    """Whether equal inputs have bitwise equal answers whatever the load."""
    max_pieces: int
    """Longest input, in pieces; 0 unless ready."""
    devices: list[str]
    prompts: dict[str, str]
    """The texts that `prompt` of `encode` puts in front, by name."""
    message: model_service_pb2.GetModelResponse = dataclasses.field(repr=False)
    """All that the server said: every check of the trace, every limit."""

    @classmethod
    def from_response(
        cls, response: model_service_pb2.GetModelResponse
    ) -> ModelDescription:
        report = response.trace_report
        return cls(
            **_summary_fields(response.summary),
            layers=report.layers,
            width=report.width,
            dtype=report.dtype,
            vocabulary_size=report.vocabulary_size,
            logits=report.logits,
            batch_invariant=response.batch_invariant,
            max_pieces=response.limits.max_pieces,
            devices=list(response.devices),
            prompts=dict(response.prompts),
            message=response,
        )


def _summary_fields(
    summary: model_service_pb2.ModelSummary,
) -> dict[str, Any]:
    state = model_service_pb2.ModelState.Name(summary.state)
    return {
        "name": summary.name,
        "version": summary.version,
        "state": state.removeprefix("MODEL_STATE_").lower(),
        "reason": summary.reason,
        "digest": summary.digest,
        "labels": list(summary.labels),
    }
