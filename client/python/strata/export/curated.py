# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What differs between Curated Transformers 1.x and 2.x.

The exporter works with the one that is installed; both go by the same name, so
a process has one of them. 1.x can be traced directly; 2.x, whose masks and
outputs are no longer dictionaries and tuples for the tracer, through a wrapper
only. The rest of the exporter does not ask which it is.
"""

from importlib.metadata import version
from pathlib import Path
from typing import Any, Mapping, Optional

from curated_transformers.models import AutoCausalLM, AutoDecoder, AutoEncoder
from curated_transformers.repository.file import LocalFile, RepositoryFile

try:
    # 2.x has the architecture, and does not register it.
    from curated_transformers.models.electra import ELECTRAEncoder
except ImportError:
    ELECTRAEncoder = None

VERSION = version("curated-transformers")
IS_VERSION_1 = VERSION.startswith("1.")
NAME = f"Curated Transformers {VERSION}"

# The model_type of a checkpoint's config.json, by what is loaded for it.
_DECODERS = ("falcon", "gpt_neox", "llama", "mpt")
_OLD_FALCONS = ("RefinedWeb", "RefinedWebModel")
_ENCODERS = ("albert", "bert", "camembert", "roberta", "xlm-roberta")


def model_types() -> list[str]:
    """The model types that the installed version loads."""
    electra = [] if ELECTRAEncoder is None else ["electra"]
    return sorted([*_DECODERS, *_OLD_FALCONS, *_ENCODERS, *electra])


def is_decoder(config: Mapping[str, Any]) -> bool:
    return config.get("model_type") in (*_DECODERS, *_OLD_FALCONS)


def loader_of(config: Mapping[str, Any], *, logits: bool) -> Optional[type]:
    """The class whose from_repo loads the checkpoint; None: none does."""
    model_type = config.get("model_type")
    if model_type not in model_types():
        return None
    if model_type == "electra":
        return ELECTRAEncoder
    if is_decoder(config):
        return AutoCausalLM if logits else AutoDecoder
    return AutoEncoder


def sdpa_takes(mask_form: str) -> bool:
    """Whether PyTorch's own attention runs with a mask of this form.

    2.x zeroes what padded queries see, by a mask that must be one of keys.
    """
    return IS_VERSION_1 or mask_form != "pairs"


def local_file(folder: Path, path: str) -> RepositoryFile:
    """A file of a folder, which 1.x expects to be there."""
    if IS_VERSION_1 and not (folder / path).is_file():
        raise FileNotFoundError(f"there is no {path} in {folder}")
    return LocalFile(path=str(folder / path))


def exists(file: RepositoryFile) -> bool:
    """Whether a repository's file is there; 2.x gets it when it is asked."""
    return IS_VERSION_1 or file.exists()
