# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Writing the model directory, all of it or nothing.

<repository>/<name>/<version>/
    model.pt               the trace
    tokenizer.json         or tokenizer.model, and its companions
    strata.json            what the server need not find out by itself
"""

import json
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional

from strata.export.errors import ExportError
from strata.export.prompts import read_prompts
from strata.export.tokenizer import TokenizerFiles

# A server reads versions as signed integers of 64 bits.
_LAST_VERSION = 2**63 - 1
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


def model_directory(repository: Path, name: str, version: int) -> Path:
    """`repository`/`name`/`version`, as the server expects them."""
    if not _NAME.fullmatch(name):
        raise ExportError(
            f"the model's name is '{name}'; expected letters, digits, '.', '_' "
            "and '-', and no '.' in front"
        )
    if not 1 <= version <= _LAST_VERSION:
        raise ExportError(
            f"the model's version is {version}; expected an integer from 1 to "
            f"{_LAST_VERSION}, since a server ignores the folder of any other"
        )
    return repository / name / str(version)


def refuse_to_overwrite(directory: Path) -> None:
    """Raises ExportError where the directory is already there."""
    if not _is_there(directory):
        return
    version = int(directory.name) + 1 if directory.name.isdigit() else "N"
    raise ExportError(
        f"{directory} is already there; keep it and export with "
        f"--model-version {version}, or replace it with --force"
    )


def strata_json(
    *,
    arguments: tuple[str, ...],
    mask_form: str,
    padding_id: int,
    max_pieces: Optional[int],
    final_norm_layers: list[int],
) -> dict:
    """What strata.json says; keys that say nothing are left out."""
    config: dict = {
        "arguments": list(arguments),
        "mask_form": mask_form,
        "padding_id": padding_id,
    }
    if max_pieces is not None:
        config["max_pieces"] = max_pieces
    config["final_norm_layers"] = final_norm_layers
    return config


@contextmanager
def new_directory(directory: Path, *, force: bool) -> Iterator[Path]:
    """A folder to write into that becomes `directory` at the end.

    A server that scans the repository sees the old version or the whole new
    one, since the folder has a name that it ignores until it is renamed.
    """
    if not force:
        refuse_to_overwrite(directory)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(
            tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent)
        )
    except OSError as error:
        raise ExportError(
            f"cannot write to {directory.parent}: {error}"
        ) from error
    try:
        yield draft
        draft.chmod(0o755)
        _replace(draft, directory, force)
    except OSError as error:
        raise ExportError(f"cannot write {directory}: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """A folder elsewhere, to write into in vain: a dry run's."""
    with tempfile.TemporaryDirectory(prefix="strata-export.") as folder:
        yield Path(folder)


def write_files(
    directory: Path, tokenizer: TokenizerFiles, config: dict
) -> None:
    """Puts the tokenizer and strata.json beside the trace."""
    for name, source in tokenizer.items():
        if isinstance(source, bytes):
            (directory / name).write_bytes(source)
        else:
            shutil.copyfile(source, directory / name)
    prompts = read_prompts(directory)
    if prompts:
        config = {**config, "prompts": prompts}
    text = json.dumps(config, indent=2) + "\n"
    (directory / "strata.json").write_text(text, encoding="utf-8")


def _replace(draft: Path, directory: Path, force: bool) -> None:
    if not force:
        # Another export may have finished since the first look.
        refuse_to_overwrite(directory)
    elif _is_there(directory):
        old = draft.with_name(draft.name + ".old")
        directory.rename(old)
        draft.rename(directory)
        _remove(old)
        return
    draft.rename(directory)


def _is_there(path: Path) -> bool:
    """Whether anything is, if only a link to nothing."""
    return path.is_symlink() or path.exists()


def _remove(path: Path) -> None:
    """Removes a folder, or a file or link that stood in its place."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink()
