# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Checking a Hugging Face config.json.

Curated Transformers reads a few of its keys and computes the rest one
way only. A checkpoint that says otherwise loads without a word and gives wrong
hidden states, in the model and in its trace alike, so it is refused here.
"""

from typing import Any, Mapping

from strata.export import curated
from strata.export.errors import ExportError

_NOT_SCALED = {"rope_scaling": (None,)}
_ENCODER = {"position_embedding_type": ("absolute",)}

# Keys, by model type, with the values that are computed as the config says.
# A key that is missing has the first of them.
_COMPUTED: Mapping[str, Mapping[str, tuple]] = {
    "albert": _ENCODER,
    "bert": _ENCODER,
    "camembert": _ENCODER,
    "electra": _ENCODER,
    "roberta": _ENCODER,
    "xlm-roberta": _ENCODER,
    "falcon": {
        **_NOT_SCALED,
        "rope_theta": (10000,),
        "activation": ("gelu",),
        "num_ln_in_parallel_attn": (None, 2),
    },
    "gpt_neox": {**_NOT_SCALED, "use_parallel_residual": (True,)},
    "llama": {
        **_NOT_SCALED,
        "rope_theta": (10000,),
        "attention_bias": (False,),
        "mlp_bias": (False,),
    },
    "mpt": {
        "attn_config.alibi": (True,),
        "attn_config.alibi_bias_max": (8,),
        "attn_config.clip_qkv": (None,),
        "attn_config.qk_ln": (False,),
        "attn_config.softmax_scale": (None,),
    },
}


def complete_config(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Adds the older names of keys that newer checkpoints name otherwise."""
    completed = dict(config)
    if completed.get("torch_dtype") is None and "dtype" in completed:
        completed["torch_dtype"] = completed["dtype"]
    rope = completed.get("rope_parameters")
    if isinstance(rope, Mapping):
        if "rope_theta" in rope:
            completed.setdefault("rope_theta", rope["rope_theta"])
        completed.setdefault("rope_scaling", rope)
    scaling = completed.get("rope_scaling")
    if isinstance(scaling, Mapping) and _is_default(scaling):
        completed["rope_scaling"] = None
    return completed


def check_config(config: Mapping[str, Any]) -> None:
    """Raises ExportError for a value that is not computed as it says."""
    model_type = str(config.get("model_type"))
    for key, computed in _COMPUTED.get(model_type, {}).items():
        value = _look_up(config, key, computed[0])
        if value not in computed:
            raise ExportError(
                f"the checkpoint's config.json has {key} = {value!r}, and "
                f"{curated.NAME} computes {computed[-1]!r} for "
                f"{model_type} whatever it says: the hidden states would be "
                "wrong. Export the model by a Python function that builds it "
                "otherwise"
            )


def _look_up(config: Mapping[str, Any], key: str, default: Any) -> Any:
    *parents, last = key.split(".")
    for parent in parents:
        config = config.get(parent) or {}
    return config.get(last, default)


def _is_default(scaling: Mapping[str, Any]) -> bool:
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    return kind == "default" and scaling.get("factor", 1) == 1
