# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What became of a text."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from strata.encode.corpus import Text
from strata.errors import StrataError
from strata.results import Encoding

# As they travel: the numbers of a bfloat16 tensor have no type in NumPy.
BITS = {"float32": "<f4", "float16": "<f2", "bfloat16": "<u2"}


@dataclasses.dataclass(frozen=True)
class States:
    """A text's hidden states."""

    row: int
    id: str
    numbers: npt.NDArray[np.generic]
    """`[pieces, layers, width]`, pooled `[1, layers, width]`; see BITS."""

    @property
    def nbytes(self) -> int:
        return self.numbers.nbytes + len(self.id.encode())


@dataclasses.dataclass(frozen=True)
class Failure:
    """Why a text has none."""

    row: int
    id: str
    code: str
    """The name of a gRPC status code."""
    reason: str
    """The name of a strata.v1.ErrorReason, or MALFORMED_RECORD."""
    message: str

    @property
    def nbytes(self) -> int:
        return len(self.message.encode()) + len(self.id.encode())

    @classmethod
    def of(cls, text: Text, error: StrataError) -> Failure:
        return cls(
            text.row, text.id, error.code.name, error.reason, error.message
        )

    @classmethod
    def of_problem(cls, text: Text) -> Failure:
        """Of a record that has no text."""
        return cls(
            text.row,
            text.id,
            "INVALID_ARGUMENT",
            "MALFORMED_RECORD",
            text.problem,
        )


def states_of(text: Text, encoding: Encoding) -> States:
    """Layers come first; here pieces do, so that texts can be joined."""
    tensor = encoding.tensor
    bits = np.frombuffer(tensor.data, BITS[tensor.dtype])
    layers, width = tensor.shape[0], tensor.shape[-1]
    numbers = bits.reshape(layers, -1, width).swapaxes(0, 1)
    return States(text.row, text.id, np.ascontiguousarray(numbers))


Outcome = States | Failure
