# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Exporting a model: tracing it into a directory that strata-server serves.

    from strata.export import export

    export(decoder, "falcon-7b/", "models/falcon/1")

`strata-export` is the same on the command line.
"""

from __future__ import annotations

from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Mapping,
    Optional,
    Sequence,
    Union,
)

from strata.export.errors import ExportError
from strata.export.progress import Lines, Progress

if TYPE_CHECKING:
    from torch import device as Device
    from torch import dtype as DType
    from torch.nn import Module

    from strata.export.report import Report
    from strata.export.tokenizer import TokenizerFiles

__all__ = ["ExportError", "export"]


def export(
    model: Module,
    tokenizer: Union[str, Path, TokenizerFiles],
    destination: Union[str, Path],
    *,
    signature: str = "pairs",
    positions: Optional[bool] = None,
    type_ids: Optional[bool] = None,
    layers: Optional[Sequence[int]] = None,
    logits: bool = False,
    dtype: Optional[DType] = None,
    device: Union[str, Device] = "cpu",
    max_pieces: Optional[int] = None,
    sdpa: bool = True,
    tolerance: Optional[float] = None,
    force: bool = False,
    dry_run: bool = False,
    config: Optional[Mapping[str, Any]] = None,
    progress: Union[Progress, Callable[[str], None]] = Progress(),
) -> Report:
    """Traces a model, compares the trace with it, and writes its directory.

    Args:
      model: A model of Curated Transformers; or any module whose forward takes
        the signature's arguments and returns `(layers,)`, a tuple of tensors
        [B, T, W]. It is moved to `dtype` and `device` and set to eval().
      tokenizer: The folder, or the file, of its tokenizer: tokenizer.json or
        tokenizer.model; older files in a folder are converted.
      destination: The directory to write, `<repository>/<model>/<version>`. It
        appears when all is written and compared, or not at all.
      signature: By the mask: "pairs" for `[B, 1, T, T]`, "keys" for
        `[B, 1, 1, T]`, "pieces" for `[B, T]`, "ids" for none, "dict" for
        `{"bool_mask": [B, 1, 1, T]}`, the model itself.
      positions: Whether it takes positions `[B, T]` after the mask. Unset: with
        "pairs" only.
      type_ids: Whether it takes type ids `[B, T]` last. Unset: where the model
        tells types apart, except with "dict".
      layers: The model's layers that the trace returns, ascending, 0 for the
        embedding output; a server counts them anew from 0. Unset: all.
      logits: Whether it is an error that the model returns none that a server
        would serve: as wide as the vocabulary, and one such tensor only.
      dtype: Of the weights and hidden states. Unset: as the model is.
      device: Where it is traced and compared; the server serves it anywhere.
      max_pieces: The longest input. Unset: the checkpoint's own limit, at most
        8,192. Position tables that can be computed are made this long.
      sdpa: Whether Curated Transformers uses PyTorch's own attention.
      tolerance: The largest relative error of a piece, from 0. Unset: by the
        dtype.
      force: Replaces a destination that is already there.
      dry_run: Does everything but write the destination.
      config: The checkpoint's Hugging Face config, where there is one.
      progress: Told of each step; a function is called with a line.

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
        positions=positions,
        type_ids=type_ids,
        layers=layers,
        logits=logits,
        dtype=dtype,
        device=device,
        max_pieces=max_pieces,
        sdpa=sdpa,
        tolerance=tolerance,
        config=config or {},
        progress=(
            progress if isinstance(progress, Progress) else Lines(progress)
        ),
    )
    return exporter.write(Path(destination), force=force, dry_run=dry_run)
