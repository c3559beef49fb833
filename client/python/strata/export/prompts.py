# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The prompts of a sentence-transformers checkpoint.

They go into strata.json, where requests pick them by name.
"""

import json
from pathlib import Path

from strata.export.errors import ExportError

PROMPTS_FILE = "config_sentence_transformers.json"


def read_prompts(folder: Path) -> dict[str, str]:
    """What the file's "prompts" say; nothing where there are none."""
    path = folder / PROMPTS_FILE
    if not path.exists():
        return {}
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ExportError(
            f"cannot read {PROMPTS_FILE}: {error}; mend it, or remove it to "
            "export without prompts"
        ) from error
    prompts = config.get("prompts") if isinstance(config, dict) else config
    if prompts is not None and not _are_prompts(prompts):
        raise ExportError(
            f'{PROMPTS_FILE}: "prompts" is {json.dumps(prompts)[:40]}; '
            "expected an object of texts by name; mend it, or remove it to "
            "export without prompts"
        )
    return prompts or {}


def _are_prompts(prompts: object) -> bool:
    return isinstance(prompts, dict) and all(
        name and isinstance(text, str) for name, text in prompts.items()
    )
