# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Files that are there whole or not at all, whenever the machine stops."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

DRAFT = ".tmp"
"""How the name of a file that is not whole yet ends."""


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes its place when the block ends well."""
    draft = path.with_name(path.name + DRAFT)
    with draft.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes what was renamed or removed in it last."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
