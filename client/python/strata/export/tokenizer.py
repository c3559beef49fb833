# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The tokenizer's files: which are taken along, and whether they fit."""

from pathlib import Path
from typing import Callable, Mapping, Optional

from strata.export.errors import ExportError
from strata.export.prompts import PROMPTS_FILE

# The first that there is becomes the model's tokenizer.
TOKENIZERS = ("tokenizer.json", "tokenizer.model")
# Taken along where they exist.
COMPANIONS = (
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    PROMPTS_FILE,
)

# Finds a file by its name; None where there is none.
Finder = Callable[[str], Optional[Path]]


def tokenizer_files(find: Finder, where: str) -> Mapping[str, Path]:
    """Names in the model directory, and the files that go there."""
    for name in TOKENIZERS:
        path = find(name)
        if path is not None:
            files = {name: path}
            break
    else:
        raise ExportError(
            f"there is no tokenizer in {where}: expected tokenizer.json "
            "(Hugging Face tokenizers) or tokenizer.model (sentencepiece). "
            "Give one with --tokenizer; transformers writes a "
            "tokenizer.json with "
            "AutoTokenizer.from_pretrained(NAME).save_pretrained(FOLDER)"
        )
    for name in COMPANIONS:
        path = find(name)
        if path is not None:
            files[name] = path
    return files


def local_tokenizer_files(path: Path) -> Mapping[str, Path]:
    """The same for a folder, or for a tokenizer's own file."""
    if path.is_dir():

        def in_folder(name: str) -> Optional[Path]:
            return path / name if (path / name).is_file() else None

        return tokenizer_files(in_folder, str(path))
    if not path.is_file():
        raise ExportError(
            f"there is no tokenizer at {path}: expected a folder or a file"
        )
    if path.suffix not in (".json", ".model"):
        raise ExportError(
            f"{path} does not look like a tokenizer: expected a .json file "
            "(Hugging Face tokenizers) or a .model file (sentencepiece)"
        )
    return {f"tokenizer{path.suffix}": path}


def vocabulary_size(files: Mapping[str, Path]) -> int:
    """One more than the highest identifier that the tokenizer gives.

    Raises ExportError where the tokenizer cannot be read, which is better
    found here than by a server.
    """
    json_file = files.get("tokenizer.json")
    if json_file is not None:
        from tokenizers import Tokenizer

        try:
            vocabulary = Tokenizer.from_file(str(json_file)).get_vocab()
        except Exception as error:  # The crate raises plain Exception.
            raise ExportError(f"cannot read {json_file}: {error}") from error
        return max(vocabulary.values(), default=-1) + 1
    from sentencepiece import SentencePieceProcessor

    model_file = files["tokenizer.model"]
    processor = SentencePieceProcessor()
    try:
        processor.Load(str(model_file))
    except (OSError, RuntimeError) as error:
        raise ExportError(f"cannot read {model_file}: {error}") from error
    return processor.GetPieceSize()
