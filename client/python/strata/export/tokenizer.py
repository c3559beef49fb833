# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The tokenizer's files: which are taken along, and whether they fit.

A server reads tokenizer.json, or a plain sentencepiece tokenizer.model. Other
files are converted where the kind of the tokenizer is known.
"""

import json
from pathlib import Path
from typing import Any, Callable, Mapping, Optional, Union

from strata.export.errors import ExportError
from strata.export.prompts import PROMPTS_FILE

JSON = "tokenizer.json"
SENTENCEPIECE = "tokenizer.model"
# Taken along where they exist.
COMPANIONS = (
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    PROMPTS_FILE,
)

# By the name in the model directory: the file that goes there, or its bytes
# where it was converted.
TokenizerFiles = Mapping[str, Union[Path, bytes]]

# Finds a file by its name; None where there is none.
Finder = Callable[[str], Optional[Path]]


def tokenizer_files(
    find: Finder, where: str, model_type: Optional[str] = None
) -> TokenizerFiles:
    """Names in the model directory, and what goes there.

    Without a tokenizer.json, `model_type` (of config.json), or else what
    tokenizer_config.json says, tells what the other files mean.
    """
    files = {}
    for name in COMPANIONS:
        path = find(name)
        if path is not None:
            files[name] = path
    path = find(JSON)
    if path is not None:
        return {JSON: path, **files}
    config = _read_json(files.get("tokenizer_config.json"))
    kind = _kind(config, model_type)
    from strata.export import convert

    if kind in convert.KINDS:
        converted = convert.convert(kind, find, config)
        if converted is not None:
            return {JSON: converted, **files}
    path = find(SENTENCEPIECE)
    if path is not None:
        if convert.has_offsets(kind):
            raise ExportError(
                f"{where} has a {SENTENCEPIECE}, whose identifiers are not "
                f"those of a {kind} model, which moves them to make room for "
                f"its special pieces; expected {convert.KINDS[kind].files[0]} "
                f"or {JSON}"
            )
        return {SENTENCEPIECE: path, **files}
    raise ExportError(_missing(find, where, kind))


def local_tokenizer_files(
    path: Path, model_type: Optional[str] = None
) -> TokenizerFiles:
    """The same for a folder, or for a tokenizer's own file."""
    if path.is_dir():

        def in_folder(name: str) -> Optional[Path]:
            return path / name if (path / name).is_file() else None

        if model_type is None:
            model_type = _read_json(in_folder("config.json")).get("model_type")
        return tokenizer_files(in_folder, str(path), model_type)
    if not path.is_file():
        raise ExportError(
            f"there is no tokenizer at {path}: expected a folder or a file"
        )
    if path.suffix not in (".json", ".model"):
        raise ExportError(
            f"{path} does not look like a tokenizer: expected a .json file "
            "(Hugging Face tokenizers) or a .model file (sentencepiece); a "
            "vocab.txt, or a vocab.json with merges.txt, is converted where "
            "its folder is given"
        )
    return {f"tokenizer{path.suffix}": path}


def vocabulary_size(files: TokenizerFiles) -> int:
    """One more than the highest identifier that the tokenizer gives.

    Raises ExportError where the tokenizer cannot be read, which is better
    found here than by a server.
    """
    if JSON in files:
        vocabulary = read_json_tokenizer(files[JSON]).get_vocab()
        return max(vocabulary.values(), default=-1) + 1
    return read_sentencepiece(Path(files[SENTENCEPIECE])).GetPieceSize()


def read_json_tokenizer(source: Union[Path, bytes]) -> Any:
    """A tokenizers.Tokenizer; ExportError where it cannot be read."""
    from tokenizers import Tokenizer

    try:
        if isinstance(source, bytes):
            return Tokenizer.from_str(source.decode())
        return Tokenizer.from_file(str(source))
    except Exception as error:  # The crate raises plain Exception.
        raise ExportError(f"cannot read {source!s:.200}: {error}") from error


def read_sentencepiece(path: Path) -> Any:
    """A SentencePieceProcessor; ExportError where it cannot be read."""
    from sentencepiece import SentencePieceProcessor

    processor = SentencePieceProcessor()
    try:
        processor.Load(str(path))
    except (OSError, RuntimeError) as error:
        raise ExportError(f"cannot read {path}: {error}") from error
    return processor


def _kind(
    config: Mapping[str, Any], model_type: Optional[str]
) -> Optional[str]:
    from strata.export import convert

    # The class tells more: a BERT-like model may have a RoBERTa's tokenizer.
    name = str(config.get("tokenizer_class", ""))
    return convert.kind_of_class(name) or model_type


def _read_json(path: Union[Path, bytes, None]) -> Mapping[str, Any]:
    if path is None:
        return {}
    try:
        read = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ExportError(f"cannot read {path}: {error}") from error
    return read if isinstance(read, dict) else {}


def _missing(find: Finder, where: str, kind: Optional[str]) -> str:
    from strata.export import convert

    others = [x for x in convert.all_files() if find(x) is not None]
    seen = (
        f". There is {' and '.join(others)}, which cannot be read as a "
        f"tokenizer of model type {kind!r}"
        if others
        else ""
    )
    return (
        f"there is no tokenizer in {where}: expected tokenizer.json "
        "(Hugging Face tokenizers) or tokenizer.model (sentencepiece)"
        f"{seen}. Give one with --tokenizer; transformers writes a "
        "tokenizer.json with "
        "AutoTokenizer.from_pretrained(NAME).save_pretrained(FOLDER)"
    )
