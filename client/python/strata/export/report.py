# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What an export tells its user."""

from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from strata.export.compare import Comparison

_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Report:
    """An export that succeeded."""

    directory: Path
    signature: str
    comparison: Comparison
    max_pieces: Optional[int]  # None: the server finds it.
    size: int  # Of model.pt, in bytes.

    def __str__(self) -> str:
        seen = self.comparison
        longest = (
            f"{self.max_pieces:,} pieces"
            if self.max_pieces is not None
            else "not known, the server finds it"
        )
        lines = {
            "exported": self.directory,
            "layers": f"{seen.layers}, and the embedding output",
            "width": seen.width,
            "dtype": str(seen.dtype).removeprefix("torch."),
            "signature": self.signature,
            "longest": longest,
            "model.pt": f"{self.size / _MEBIBYTE:,.1f} MiB",
            "worst error": (
                f"{seen.worst_error:.2g} of at most {seen.tolerance:.2g}, "
                f"to {seen.longest:,} pieces"
            ),
        }
        return "\n".join(f"{name:<12} {value}" for name, value in lines.items())
