# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Tables of positions: how long they are, and making them long enough.

A trace keeps the tables that the model held when it was traced, so their
length is the longest input that the trace will ever take.
"""

from typing import Mapping, Optional

import torch
from curated_transformers.layers.attention import AttentionLinearBiases
from curated_transformers.layers.embeddings import RotaryEmbeddings
from curated_transformers.models.module import TransformerModule
from torch.nn import Module

from strata.export.errors import ExportError
from strata.export.wrapper import first_position

# A limit above this is used only where --max-pieces asks for it: the tables of
# models that claim 131,072 pieces take gigabytes.
LONGEST_BY_DEFAULT = 8192

_CONFIG_KEYS = ("max_position_embeddings", "max_seq_len", "model_max_length")


def fixed_limit(module: Module) -> Optional[int]:
    """The most pieces that learned positions allow; None without them."""
    embeddings = getattr(module, "embeddings", None)
    table = getattr(embeddings, "position_embeddings", None)
    if table is None:
        return None
    return table.num_embeddings - first_position(module)


def own_limit(module: Module, config: Mapping) -> Optional[int]:
    """The most pieces that the checkpoint is meant for; None where unknown."""
    fixed = fixed_limit(module)
    if fixed is not None:
        return fixed
    for key in _CONFIG_KEYS:
        if isinstance(config.get(key), int) and config[key] > 0:
            return config[key]
    rotary = _modules(module, RotaryEmbeddings)
    return min((x.cos.size(0) for x in rotary), default=None)


def choose_limit(
    module: Module, config: Mapping, asked: Optional[int]
) -> Optional[int]:
    """The longest input of the trace; None where nothing says what it is."""
    if asked is None:
        own = own_limit(module, config)
        return None if own is None else min(own, LONGEST_BY_DEFAULT)
    fixed = fixed_limit(module)
    if fixed is not None and asked > fixed:
        raise ExportError(
            f"--max-pieces is {asked}, but the model has learned positions for "
            f"{fixed} pieces only; ask for at most {fixed}"
        )
    return asked


def prepare_tables(module: Module, limit: Optional[int]) -> None:
    """Makes computed tables exact, and long enough for `limit` pieces.

    A checkpoint in bfloat16 is loaded with its rotary angles and ALiBi slopes
    rounded to bfloat16 too; they are computed anew in float32 and then cast.
    """
    for model in _modules(module, TransformerModule):
        attention = model.config.layer.attention
        if attention.rotary_embeddings is not None:
            for table in _modules(model, RotaryEmbeddings):
                base = attention.rotary_embeddings.rotary_base
                _prepare_rotary(table, base, limit)
        for biases in _modules(model, AttentionLinearBiases):
            heads = biases.slopes.numel()
            slopes = biases._calculate_slopes(heads)
            biases.slopes = slopes.to(biases.slopes)


def _prepare_rotary(
    table: RotaryEmbeddings, base: float, limit: Optional[int]
) -> None:
    length, width = table.cos.shape
    dtype, device = table.cos.dtype, table.cos.device
    exponents = -torch.arange(0, width, 2, dtype=torch.float) / width
    table.theta = torch.pow(base, exponents)
    table._create_rotary_embed(
        width=width, length=length if limit is None else limit
    )
    table.to(device=device, dtype=dtype)


def _modules(module: Module, kind: type) -> list:
    return [x for x in module.modules() if isinstance(x, kind)]
