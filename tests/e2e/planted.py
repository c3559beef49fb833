# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""A Falcon decoder with a few channels that are 1,000 times the others.

Trained decoders have such channels, and they break what is measured or
computed with one scale for all. Here they are planted in the embeddings and
carried through every layer by the residual connections.
"""

from __future__ import annotations

import hashlib
import pathlib
import tempfile

import torch
from curated_transformers.models import FalconDecoder

from strata import demo_models
from strata.export import export

# In pairs of opposite sign: the layer norms subtract the mean over all
# channels, which the pairs leave where it was.
CHANNELS = ((5, 50), (101, 120))
PLANTED = sorted(channel for pair in CHANNELS for channel in pair)

# More than is wanted: the other channels grow from layer to layer.
_SCALE = 2500.0
# Of what a layer writes, so that it does not drown the embeddings.
_WRITES = 0.05

MODELS = {"falcon-planted": "pairs", "falcon-planted-dict": "dict"}


def decoder(n_pieces: int) -> FalconDecoder:
    model = demo_models.random_falcon(n_pieces)
    with torch.no_grad():
        weight = model.embeddings.piece_embeddings.weight
        for channel, opposite in CHANNELS:
            weight[:, channel] *= _SCALE
            weight[:, opposite] = -weight[:, channel]
        for layer in model.layers:
            layer.mha.output.weight *= _WRITES
            layer.ffn.output.weight *= _WRITES
        # As large as the other channels after this norm.
        model.output_layer_norm.bias.zero_()
    return model.eval()


def build(repository: pathlib.Path) -> None:
    """Exports both signatures, unless they are there from the same code."""
    source = pathlib.Path(__file__).read_bytes()
    demo = (repository / demo_models.KEY_FILE).read_bytes()
    key = hashlib.sha256(source + demo).hexdigest()
    key_file = repository / ".planted-models"
    if key_file.exists() and key_file.read_text() == key:
        return
    with tempfile.TemporaryDirectory() as folder:
        n_pieces = demo_models.train_tokenizer(pathlib.Path(folder))
        for name, signature in MODELS.items():
            export(
                decoder(n_pieces),
                folder,
                repository / name / "1",
                signature=signature,
                force=True,
            )
    key_file.write_text(key)
