# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Running what was exported, and measuring what comes out."""

import json
from pathlib import Path

import torch
from torch import Tensor


def call(directory: Path, ids: Tensor, real: Tensor) -> tuple:
    """Runs the directory's trace on a batch, as its strata.json says."""
    config = json.loads((directory / "strata.json").read_text())
    trace = torch.jit.load(str(directory / "model.pt"))
    rows, length = ids.shape
    keys = real.view(rows, 1, 1, length)
    masks = {
        "pairs": keys.expand(rows, 1, length, length),
        "keys": keys,
        "pieces": real,
        "dict": {"bool_mask": keys},
        "none": None,
    }
    values = {
        "piece_ids": ids,
        "attention_mask": masks[config["mask_form"]],
        # Strided, as they come out of expand().
        "positions": torch.arange(length).expand(rows, length),
        "type_ids": torch.zeros_like(ids),
    }
    with torch.no_grad():
        return trace(*(values[role] for role in config["arguments"]))


def error(got: Tensor, expected: Tensor) -> float:
    errors = (got - expected).norm(dim=-1) / expected.norm(dim=-1)
    return float(errors.detach().max())
