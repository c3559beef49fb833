# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The numbers of an answer, as NumPy and torch take them."""

from __future__ import annotations

import dataclasses
import functools
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from strata.v1 import tensor_pb2

if TYPE_CHECKING:
    import torch

Array = npt.NDArray[np.floating[Any]]

_DTYPES = {
    tensor_pb2.DATA_TYPE_FLOAT32: "float32",
    tensor_pb2.DATA_TYPE_FLOAT16: "float16",
    tensor_pb2.DATA_TYPE_BFLOAT16: "bfloat16",
}


@dataclasses.dataclass(frozen=True)
class Tensor:
    """A dense array of numbers, as it came."""

    dtype: str
    """"float32", "float16" or "bfloat16"."""
    shape: tuple[int, ...]
    data: bytes = dataclasses.field(repr=False)
    """Little-endian, row-major, without gaps."""

    @classmethod
    def from_proto(cls, tensor: tensor_pb2.Tensor) -> Tensor:
        """Raises ValueError where the type of its numbers is not known."""
        if tensor.dtype not in _DTYPES:
            raise ValueError(
                f"the server sent a tensor of data type {tensor.dtype}, which "
                "this client does not know; use a newer client"
            )
        return cls(_DTYPES[tensor.dtype], tuple(tensor.shape), tensor.data)

    @functools.cached_property
    def array(self) -> Array:
        """For NumPy: read-only, these very bytes.

        But for bfloat16, which NumPy lacks: it becomes float32, a copy.
        """
        if self.dtype == "bfloat16":
            halves = np.frombuffer(self.data, "<u2")
            return widened(halves).reshape(self.shape)
        form = "<f4" if self.dtype == "float32" else "<f2"
        return np.frombuffer(self.data, form).reshape(self.shape)

    def torch(self) -> torch.Tensor:
        """For torch, on the CPU: these very bytes, of their own type.

        Not to be written to: the tensor shares its memory with `data` and
        `array`; `clone()` it first.
        """
        import torch

        dtype: torch.dtype = getattr(torch, self.dtype)
        if not self.data:  # Which frombuffer refuses.
            return torch.empty(self.shape, dtype=dtype)
        with warnings.catch_warnings():
            # That the bytes are read-only, which is said above.
            warnings.filterwarnings("ignore", "The given buffer is not writ")
            flat = torch.frombuffer(self.data, dtype=dtype)
        return flat.reshape(self.shape)


def widened(halves: npt.NDArray[np.uint16]) -> Array:
    """bfloat16 numbers, each the upper half of a float32, as float32."""
    return (halves.astype("<u4") << 16).view("<f4")


def to_array(tensor: tensor_pb2.Tensor) -> Array:
    """The message's numbers, as `Tensor.array`."""
    return Tensor.from_proto(tensor).array
