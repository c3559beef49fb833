# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Exporting a model: tracing it into a directory that strata-server serves.

    from strata.export import export

    export(decoder, "falcon-7b/", "models/falcon/1")

`strata-export` is the same on the command line.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional, Union

from strata.export.errors import ExportError

if TYPE_CHECKING:
    from torch import device as Device
    from torch import dtype as DType
    from torch.nn import Module

    from strata.export.report import Report

__all__ = ["ExportError", "export"]


def export(
    model: Module,
    tokenizer: Union[str, Path, Mapping[str, Path]],
    destination: Union[str, Path],
    *,
    signature: str = "pairs",
    dtype: Optional[DType] = None,
    device: Union[str, Device] = "cpu",
    max_pieces: Optional[int] = None,
    sdpa: bool = True,
    tolerance: Optional[float] = None,
    force: bool = False,
    config: Optional[Mapping[str, Any]] = None,
    progress: Callable[[str], None] = lambda line: None,
) -> Report:
    """Traces a model, compares the trace with it, and writes its directory.

    Args:
      model: A model of Curated Transformers; or any module whose forward takes
        the signature's arguments and returns `(layers,)`, a tuple of tensors
        [B, T, W]. It is moved to `dtype` and `device` and set to eval().
      tokenizer: The folder, or the file, of its tokenizer: tokenizer.json or
        tokenizer.model.
      destination: The directory to write, `<repository>/<model>/<version>`. It
        appears when all is written and compared, or not at all.
      signature: "pairs" for `(piece_ids, mask [B, 1, T, T], positions)`, "dict"
        for `(piece_ids, {"bool_mask": [B, 1, 1, T]})`.
      dtype: Of the weights and hidden states. Unset: as the model is.
      device: Where it is traced and compared; the server serves it anywhere.
      max_pieces: The longest input. Unset: the checkpoint's own limit, at most
        8,192. Position tables that can be computed are made this long.
      sdpa: Whether Curated Transformers uses PyTorch's own attention.
      tolerance: The largest relative error of a piece. Unset: by the dtype.
      force: Replaces a destination that is already there.
      config: The checkpoint's Hugging Face config, where there is one.
      progress: Called with a line for each step.

    Returns:
      What was exported, with the worst error seen.

    Raises:
      ExportError: The model cannot be exported; nothing was written.
    """
    # Torch is loaded by what needs it, so that --help answers at once.
    from strata.export.exporter import Exporter

    exporter = Exporter(
        model,
        tokenizer,
        signature=signature,
        dtype=dtype,
        device=device,
        max_pieces=max_pieces,
        sdpa=sdpa,
        tolerance=tolerance,
        config=config or {},
        progress=progress,
    )
    return exporter.write(Path(destination), force=force)
