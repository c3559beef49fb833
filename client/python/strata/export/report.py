# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What an export tells its user."""

from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Optional

from strata.export.compare import Comparison

_KIBIBYTE = 1024
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Report:
    """An export that succeeded."""

    directory: Path
    signature: str
    comparison: Comparison
    max_pieces: Optional[int]  # None: the server finds it.
    files: Mapping[str, int]  # Bytes by name.
    # Of the model's own layers, those that are served; None: all.
    layers: Optional[tuple[int, ...]] = None
    written: bool = True  # Else it was a dry run.

    @property
    def size(self) -> int:
        """Of model.pt, in bytes."""
        return self.files["model.pt"]

    def __str__(self) -> str:
        seen = self.comparison
        lines = {
            "exported" if self.written else "would write": self.directory,
            "layers": self._layers(),
            "width": seen.width,
            "dtype": str(seen.dtype).removeprefix("torch."),
            "signature": self.signature,
            "longest": (
                f"{self.max_pieces:,} pieces"
                if self.max_pieces is not None
                else "not known, the server finds it"
            ),
        }
        if seen.vocabulary is not None:
            lines["logits"] = f"{seen.vocabulary:,} for each piece"
        for name, size in self.files.items():
            lines[name] = _size(size)
        lines["worst error"] = (
            f"{seen.worst_error:.2g} of at most {seen.tolerance:.2g}, "
            f"to {seen.longest:,} pieces"
        )
        width = max(12, *map(len, lines))
        return "\n".join(
            f"{name:<{width}} {value}" for name, value in lines.items()
        )

    def _layers(self) -> str:
        if self.layers is None:
            return f"{self.comparison.layers}, and the embedding output"
        served = ", ".join(f"{i}: {own}" for i, own in enumerate(self.layers))
        return f"{len(self.layers)} of the model's; by index {served}"


def _size(size: int) -> str:
    if size < _KIBIBYTE:
        return f"{size} bytes"
    if size < _MEBIBYTE:
        return f"{size / _KIBIBYTE:,.1f} KiB"
    return f"{size / _MEBIBYTE:,.1f} MiB"
