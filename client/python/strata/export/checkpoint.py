# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Loading what is to be exported.

A source is a Hugging Face hub name, a folder with a checkpoint in Hugging
Face's format, or a Python function that returns a module and its tokenizer.
"""

import importlib
import os
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Mapping, NoReturn, Optional

from curated_transformers.repository.file import RepositoryFile
from curated_transformers.repository.hf_hub import HfHubRepository
from curated_transformers.repository.repository import Repository
from safetensors import SafetensorError
from torch.nn import Module

from strata.export import curated
from strata.export.config import check_config, complete_config
from strata.export.errors import ExportError, kind_and_text
from strata.export.tokenizer import (
    TokenizerFiles,
    local_tokenizer_files,
    tokenizer_files,
)

_CONFIG_FILE = "config.json"
# By a module or a function of the user's: also one that means to exit, which
# would otherwise end the export without a word.
_RAISED = (Exception, SystemExit)
_ELECTRA = ", and 2.x knows electra too"


@dataclass(frozen=True)
class Source:
    """A loaded model, its tokenizer's files and its Hugging Face config."""

    module: Module
    tokenizer: TokenizerFiles
    config: Mapping[str, Any] = field(default_factory=dict)


class _ReadOnly(Repository):
    """A repository that nothing is written to."""

    def transaction(self) -> NoReturn:
        # Curated Transformers 2.x asks for it, and never calls it here.
        raise NotImplementedError(f"{self.pretty_path()} is not written to")


class _LocalRepository(_ReadOnly):
    """A checkpoint folder, whose files are mapped rather than read."""

    def __init__(self, folder: Path):
        super().__init__()
        self.folder = folder

    def file(self, path: str) -> RepositoryFile:
        return curated.local_file(self.folder, path)

    def pretty_path(self, path: Optional[str] = None) -> str:
        return str(self.folder / path if path else self.folder)


class _CompletedRepository(_ReadOnly):
    """A repository whose config.json was read, checked and completed."""

    def __init__(self, inner: Repository, config: Mapping[str, Any]):
        super().__init__()
        self.inner = inner
        self.config = config

    def file(self, path: str) -> RepositoryFile:
        return self.inner.file(path)

    def json_file(self, path: str) -> dict[str, Any]:
        if path == _CONFIG_FILE:
            return dict(self.config)
        return self.inner.json_file(path)

    def pretty_path(self, path: Optional[str] = None) -> str:
        return self.inner.pretty_path(path)


def load(
    source: str,
    *,
    revision: str = "main",
    tokenizer: Optional[Path] = None,
    logits: bool = False,
) -> Source:
    """Loads a folder, a `package.module:function` or a hub name.

    `tokenizer`, a folder or a file, takes the place of the source's own. With
    `logits`, the checkpoint's causal LM is loaded instead of its decoder.
    """
    folder = Path(source).expanduser()
    if folder.is_dir():
        return _load_checkpoint(_LocalRepository(folder), tokenizer, logits)
    if ":" in source:
        return load_callable(source, tokenizer)
    if source.startswith((".", "~", os.sep)) or source.count("/") > 1:
        raise ExportError(
            f"there is no folder {folder}; expected a checkpoint folder, a hub "
            "name such as tiiuae/falcon-7b, or package.module:function"
        )
    repository = HfHubRepository(name=source, revision=revision)
    return _load_checkpoint(repository, tokenizer, logits)


def load_callable(source: str, tokenizer: Optional[Path] = None) -> Source:
    """Calls `package.module:function`, which returns (module, tokenizer)."""
    module_name, _, name = source.partition(":")
    # A console script, unlike python -m, does not look in the current folder.
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        function = getattr(importlib.import_module(module_name), name)
    except _RAISED as error:
        raise ExportError(
            f"cannot import '{source}': {kind_and_text(error)}; expected "
            "package.module:function, in the current folder or on PYTHONPATH"
        ) from error
    try:
        returned = function()
    except _RAISED as error:
        raise ExportError(
            f"calling {source} failed: {kind_and_text(error)}"
            f"{_place(error)}; expected it to take nothing and to return "
            "(torch.nn.Module, folder or file of its tokenizer)"
        ) from error
    if (
        not isinstance(returned, tuple)
        or len(returned) != 2
        or not isinstance(returned[0], Module)
        or not isinstance(returned[1], (str, Path))
    ):
        raise ExportError(
            f"{source} returned a {type(returned).__name__}; expected a tuple "
            "(torch.nn.Module, folder or file of its tokenizer)"
        )
    path = tokenizer if tokenizer is not None else Path(returned[1])
    return Source(returned[0], local_tokenizer_files(path))


def _load_checkpoint(
    repository: Repository, tokenizer: Optional[Path], logits: bool
) -> Source:
    config = _read_config(repository)
    loader = _loader(config, logits)
    completed = _CompletedRepository(repository, config)
    files = _tokenizer_of(repository, tokenizer, config)
    try:
        module = loader.from_repo(repo=completed)
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        RuntimeError,
        UnpicklingError,  # Of what is more than weights.
        SafetensorError,
    ) as error:
        raise ExportError(
            f"cannot load the checkpoint of {repository.pretty_path()}: "
            f"{_with_cause(error)}"
        ) from error
    return Source(module, files, config)


def _tokenizer_of(
    repository: Repository,
    tokenizer: Optional[Path],
    config: Mapping[str, Any],
) -> TokenizerFiles:
    model_type = config.get("model_type")
    if tokenizer is not None:
        return local_tokenizer_files(tokenizer, model_type)
    return tokenizer_files(
        lambda name: _find(repository, name),
        repository.pretty_path(),
        model_type,
    )


def _read_config(repository: Repository) -> Mapping[str, Any]:
    try:
        config = complete_config(repository.json_file(_CONFIG_FILE))
    except (OSError, ValueError) as error:
        raise ExportError(
            f"cannot read {repository.pretty_path(_CONFIG_FILE)}: "
            f"{_with_cause(error)}; expected a checkpoint in Hugging Face's "
            "format"
        ) from error
    check_config(config)
    return config


def _loader(config: Mapping[str, Any], logits: bool) -> type:
    loader = curated.loader_of(config, logits=logits)
    if loader is None:
        raise ExportError(
            f"the checkpoint's model_type is {config.get('model_type')!r}; "
            f"{curated.NAME} knows {', '.join(curated.model_types())}"
            f"{_ELECTRA if config.get('model_type') == 'electra' else ''}. "
            "Another model can be exported by a Python function: "
            "package.module:function"
        )
    if logits and not curated.is_decoder(config):
        raise ExportError(
            f"--logits was given, and {config['model_type']} models are "
            "encoders, which Curated Transformers loads without a head; leave "
            "the option out"
        )
    return loader


def _find(repository: Repository, name: str) -> Optional[Path]:
    try:
        file = repository.file(name)
        path = file.path if curated.exists(file) else None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ExportError(
            f"cannot get {repository.pretty_path(name)}: {_with_cause(error)}"
        ) from error
    return None if path is None else Path(path)


def _place(error: BaseException) -> str:
    """The line that raised it, where that is not the call itself."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    if last.filename == __file__:
        return ""
    return f" ({Path(last.filename).name}, line {last.lineno})"


def _with_cause(error: BaseException) -> str:
    cause = f" ({error.__cause__})" if error.__cause__ else ""
    return f"{error}{cause}"
