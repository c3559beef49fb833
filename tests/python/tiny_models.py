# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Tiny models with seeded random weights, one for each architecture."""

import re
from typing import Callable, Mapping

import torch
from curated_transformers import models
from curated_transformers.layers.activations import Activation
from curated_transformers.models.xlm_roberta import XLMREncoder
from torch import Tensor
from torch.nn import Module

from strata.export import curated

LAYERS = 3
WIDTH = 32
PIECES = 300


def _falcon(**options) -> models.FalconConfig:
    return models.FalconConfig(
        hidden_width=WIDTH,
        n_hidden_layers=LAYERS,
        n_query_heads=4,
        n_pieces=PIECES,
        **{"rotary_embedding_fraction": 1.0, **options},
    )


def _llama() -> models.LlamaConfig:
    return models.LlamaConfig(
        activation=Activation.SiLU,
        rms_norm_eps=1e-6,
        hidden_width=WIDTH,
        intermediate_width=48,
        n_hidden_layers=LAYERS,
        n_query_heads=4,
        n_key_value_heads=2,
        n_pieces=PIECES,
        rotary_embedding_fraction=1.0,
    )


def _gpt_neox() -> models.GPTNeoXConfig:
    return models.GPTNeoXConfig(
        hidden_width=WIDTH,
        intermediate_width=64,
        n_hidden_layers=LAYERS,
        n_attention_heads=2,
        n_pieces=PIECES,
        rotary_embedding_fraction=0.25,
    )


def _mpt() -> models.MPTConfig:
    return models.MPTConfig(
        hidden_width=WIDTH,
        n_hidden_layers=LAYERS,
        n_attention_heads=4,
        n_pieces=PIECES,
    )


def _encoder_options(**options) -> dict:
    return {
        "embedding_width": WIDTH,
        "hidden_width": WIDTH,
        "intermediate_width": 64,
        "n_attention_heads": 4,
        "n_hidden_layers": LAYERS,
        "n_pieces": PIECES,
        **options,
    }


def _bert(**options) -> models.BERTConfig:
    return models.BERTConfig(
        **_encoder_options(n_positions=64, model_max_length=64, **options)
    )


def _roberta() -> models.RoBERTaConfig:
    return models.RoBERTaConfig(
        **_encoder_options(n_positions=66, model_max_length=64, padding_id=1)
    )


def _albert() -> models.ALBERTConfig:
    return models.ALBERTConfig(
        **_encoder_options(
            embedding_width=16, n_positions=64, model_max_length=64
        ),
        n_hidden_groups=1,
    )


_FALCON = (models.FalconDecoder, models.FalconCausalLM)

# By architecture: the decoder, the causal LM, and their configuration.
_DECODERS = {
    "falcon-old": (*_FALCON, lambda: _falcon(n_key_value_heads=1)),
    "falcon-old-serial": (
        *_FALCON,
        lambda: _falcon(
            n_key_value_heads=4, use_parallel_attention=False, use_bias=True
        ),
    ),
    "falcon-alibi": (
        *_FALCON,
        lambda: _falcon(n_key_value_heads=1, use_alibi=True),
    ),
    "falcon-new": (
        *_FALCON,
        lambda: _falcon(n_key_value_heads=2, new_decoder_architecture=True),
    ),
    "gpt-neox": (models.GPTNeoXDecoder, models.GPTNeoXCausalLM, _gpt_neox),
    "llama": (models.LlamaDecoder, models.LlamaCausalLM, _llama),
    "mpt": (models.MPTDecoder, models.MPTCausalLM, _mpt),
}

DECODERS: Mapping[str, Callable[[], Module]] = {
    name: lambda decoder=decoder, config=config: decoder(config())
    for name, (decoder, _, config) in _DECODERS.items()
}
CAUSAL_LMS: Mapping[str, Callable[[], Module]] = {
    name: lambda causal_lm=causal_lm, config=config: causal_lm(config())
    for name, (_, causal_lm, config) in _DECODERS.items()
}
ENCODERS: Mapping[str, Callable[[], Module]] = {
    "bert": lambda: models.BERTEncoder(_bert()),
    "roberta": lambda: models.RoBERTaEncoder(_roberta()),
    "camembert": lambda: models.CamemBERTEncoder(_roberta()),
    "xlm-roberta": lambda: XLMREncoder(_roberta()),
    "albert": lambda: models.ALBERTEncoder(_albert()),
}
if curated.ELECTRAEncoder is not None:
    ENCODERS["electra"] = lambda: curated.ELECTRAEncoder(
        _bert(embedding_width=16)
    )
# Those whose first piece has the position padding_id + 1.
ROBERTAS = ("roberta", "camembert", "xlm-roberta")
# Those that tell types of pieces apart.
TYPED = ("bert", "albert", "electra")


def build(name: str) -> Module:
    """The architecture's model, the same every time."""
    return randomized({**DECODERS, **ENCODERS}[name]())


def causal_lm(name: str) -> Module:
    """The decoder with a language model's head on top."""
    return randomized(CAUSAL_LMS[name]())


def randomized(model: Module) -> Module:
    """Fills the parameters in; norms stay near 1, as trained ones do."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            start = 1.0 if name.endswith("layer_norm.weight") else 0.0
            parameter.normal_(0.0, 0.2, generator=generator).add_(start)
    return model.eval()


_LLAMA_NAMES = (
    (r"^layers", "model.layers"),
    (r"^embeddings\.piece_embeddings", "model.embed_tokens"),
    (r"^output_layer_norm", "model.norm"),
    (r"\.mha\.query", ".self_attn.q_proj"),
    (r"\.mha\.key", ".self_attn.k_proj"),
    (r"\.mha\.value", ".self_attn.v_proj"),
    (r"\.mha\.output", ".self_attn.o_proj"),
    (r"\.ffn\.intermediate", ".mlp.up_proj"),
    (r"\.ffn\.output", ".mlp.down_proj"),
    (r"\.ffn\.gate", ".mlp.gate_proj"),
    (r"\.attn_input_layer_norm", ".input_layernorm"),
    (r"\.ffn_input_layer_norm", ".post_attention_layernorm"),
)


def llama_state(decoder: Module) -> dict[str, Tensor]:
    """The decoder's weights under the names of a Hugging Face checkpoint."""
    state = {}
    for name, tensor in decoder.state_dict().items():
        for pattern, replacement in _LLAMA_NAMES:
            name = re.sub(pattern, replacement, name)
        state[name] = tensor.contiguous()
    return state


LLAMA_CONFIG = {
    "model_type": "llama",
    "hidden_act": "silu",
    "hidden_size": WIDTH,
    "intermediate_size": 48,
    "rms_norm_eps": 1e-6,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_hidden_layers": LAYERS,
    "vocab_size": PIECES,
    "max_position_embeddings": 640,
    "pad_token_id": 2,
    "torch_dtype": "float32",
}
