# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Tiny checkpoints in Hugging Face's format, one for each architecture.

Curated Transformers 2.x can write what both versions read, so this runs in a
process of its own with 2.x on its path:

    PYTHONPATH=build/curated-transformers-2:client/python \\
      python tests/python/tiny_checkpoints.py FOLDER

Decoders come with their language model's head, as they do from the hub. The
weights have outlier channels (see `plant`), without which errors that are
relative to a piece's length would hide nothing and show nothing.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CURATED_2 = ROOT / "build" / "curated-transformers-2"

# Of all; small enough for tests that run to the end of it.
MAX_PIECES = 64
# Channels that are many times the others, and how many.
PLANTED = (5, 20)
_SCALE = 200.0
_GAIN = 30.0


def run_with_curated_2(*arguments: str) -> None:
    """Runs Python with Curated Transformers 2.x in the older one's place."""
    path = [str(CURATED_2), str(ROOT / "client" / "python")]
    path += [str(ROOT / "tests" / "python")]
    subprocess.run(
        [sys.executable, *arguments],
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
    )


def build(folder: pathlib.Path) -> None:
    """Writes a checkpoint for each architecture, all but the tokenizer."""
    run_with_curated_2(str(pathlib.Path(__file__).resolve()), str(folder))


def write_tokenizer(folder: pathlib.Path) -> None:
    """A byte-level tokenizer.json of fewer pieces than the models have."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {piece: i for i, piece in enumerate(alphabet)}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.save(str(folder / "tokenizer.json"))


def plant(model) -> None:
    """Makes two channels of the hidden states much larger than the others.

    Decoders normalise what a layer reads, so their embeddings are scaled, in
    channels of opposite sign that leave the mean where it was. Encoders
    normalise what a layer writes, so those gains are scaled, and what reads
    the channels scales them back.
    """
    import torch

    one, other = PLANTED
    with torch.no_grad():
        if hasattr(model, "decoder"):
            decoder = model.decoder
            weight = decoder.embeddings.piece_embeddings.weight
            weight[:, one] *= _SCALE
            weight[:, other] = -weight[:, one]
            for name, parameter in decoder.layers.named_parameters():
                if name.endswith(("mha.output.weight", "ffn.output.weight")):
                    parameter *= 0.2  # Lest it drowns the embeddings.
            return
        for name, parameter in model.named_parameters():
            if name.endswith(
                ("ffn_residual_layer_norm.weight", "_residual_layer_norm.bias")
            ):
                parameter[list(PLANTED)] *= _GAIN
            elif name.endswith(("mha.query.weight", "mha.key.weight")):
                parameter[:, list(PLANTED)] /= _GAIN


def _write(name: str, model, folder: pathlib.Path) -> None:
    import safetensors.torch

    folder.mkdir(parents=True)
    config = dict(model.config_to_hf(model.config))
    limit = "max_seq_len" if name == "mpt" else "max_position_embeddings"
    # An encoder's says how long its table of positions is.
    if hasattr(model, "decoder"):
        config[limit] = MAX_PIECES
    if name == "mpt":
        # As its own checkpoints have it, which is what 1.x can read.
        del config["attention_probs_dropout_prob"]
        del config["hidden_dropout_prob"]
        config["expansion_ratio"] = int(config["expansion_ratio"])
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    state = model.state_dict_to_hf(model.state_dict())
    # MPT ties its embeddings, which safetensors would not store twice.
    state = {
        name: tensor.clone().contiguous() for name, tensor in state.items()
    }
    safetensors.torch.save_file(state, folder / "model.safetensors")


def main() -> None:
    import tiny_models

    folder = pathlib.Path(sys.argv[1])
    for name in tiny_models.CAUSAL_LMS:
        model = tiny_models.causal_lm(name)
        plant(model)
        _write(name, model, folder / name)
    for name in tiny_models.ENCODERS:
        model = tiny_models.build(name)
        plant(model)
        _write(name, model, folder / name)


if __name__ == "__main__":
    main()
