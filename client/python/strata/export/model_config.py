# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Reading what a directory's strata.json says of calling its trace."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Optional

import torch

from strata.export.errors import ExportError
from strata.export.signature import (
    MASK,
    MASK_FORMS,
    PIECE_IDS,
    POSITIONS,
    TYPE_IDS,
    Signature,
)

_ROLES = (PIECE_IDS, MASK, POSITIONS, TYPE_IDS)
_MASK_DTYPES = {
    "bool": torch.bool,
    "int64": torch.int64,
    "float32": torch.float32,
}
_MOST = 2**31 - 1


@dataclass(frozen=True)
class ModelConfig:
    """Of strata.json, what it takes to call the trace."""

    signature: Signature
    padding_id: int = 0
    max_pieces: Optional[int] = None
    layers: Optional[int] = None  # Of the outputs; None: told by their form.


def read_model_config(path: Path) -> ModelConfig:
    """Reads strata.json; ExportError naming the key that is off."""
    if not path.exists():
        raise ExportError(
            f"there is no strata.json in {path.parent}; expected one as "
            "strata-export writes it (the server itself needs none)"
        )
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        arguments = tuple(read["arguments"])
        form = read["mask_form"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ExportError(f"cannot read {path}: {error!r}") from error
    names = [name for name, x in MASK_FORMS.items() if x == form]
    if not names or any(x not in _ROLES for x in arguments):
        raise ExportError(
            f"{path} has the arguments {list(arguments)} and the mask form "
            f"{form!r}; expected arguments of {', '.join(_ROLES)} and a form "
            f"of {', '.join(MASK_FORMS.values())}"
        )
    if (MASK in arguments) != (form != "none"):
        raise _off(path, read, "mask_form", f"one that {list(arguments)} take")
    if "mask_dtype" in read and MASK not in arguments:
        raise _off(path, read, "mask_dtype", "no such key without a mask")
    return ModelConfig(
        Signature(
            names[0],
            arguments,
            form,
            types=2 if TYPE_IDS in arguments else 1,
            # Without a mask, only the server's examination tells whether the
            # model is causal.
            padded=MASK in arguments,
            mask_dtype=_mask_dtype(path, read),
        ),
        padding_id=_integer(path, read, "padding_id", 0) or 0,
        max_pieces=_integer(path, read, "max_pieces", 1),
        layers=_integer(path, read, "layers", 1),
    )


def _mask_dtype(path: Path, read: Mapping) -> torch.dtype:
    name = read.get("mask_dtype", "bool")
    # A list is no key.
    if not isinstance(name, str) or name not in _MASK_DTYPES:
        expected = f"one of {', '.join(_MASK_DTYPES)}"
        raise _off(path, read, "mask_dtype", expected)
    return _MASK_DTYPES[name]


def _integer(path: Path, read: Mapping, key: str, least: int) -> Optional[int]:
    if key not in read:
        return None
    # True is an int, too.
    if type(read[key]) is not int or not least <= read[key] <= _MOST:
        raise _off(path, read, key, f"an integer from {least} to {_MOST}")
    return read[key]


def _off(path: Path, read: Mapping, key: str, expected: str) -> ExportError:
    got = json.dumps(read[key])
    return ExportError(f'{path}: "{key}": got {got}, expected {expected}')
