# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""`strata-export`, the command line of the exporter."""

import argparse
import sys
from pathlib import Path
from typing import Optional, Sequence

from strata.export.errors import ExportError

_DTYPES = ("float32", "bfloat16", "float16")

_DESCRIPTION = """\
Traces a transformer with torch.jit.trace and writes the directory that
strata-server serves: the trace, the tokenizer and strata.json. The trace is
loaded again and compared with the model before anything appears in the
repository.
"""

_EXAMPLES = """\
examples:
  strata-export tiiuae/falcon-7b --repository models --name falcon
  strata-export ./checkpoints/minilm --repository models --name minilm
  strata-export my.models:build --repository models --name own --model-version 2

A function my.models:build takes nothing and returns (torch.nn.Module, folder
or file of its tokenizer).
"""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs the command; returns its exit code: 0, or 1 where it failed."""
    options = _parser().parse_args(arguments)
    try:
        _export(options)
    except ExportError as error:
        print(f"strata-export: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="strata-export",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "source",
        help="a Hugging Face hub name, a checkpoint folder in Hugging Face's "
        "format, or package.module:function",
    )
    _add_destination(parser.add_argument_group("destination"))
    _add_trace(parser.add_argument_group("trace"))
    return parser


def _add_destination(group) -> None:
    group.add_argument(
        "--repository",
        type=Path,
        required=True,
        metavar="DIR",
        help="the folder of all models; made where it is missing",
    )
    group.add_argument(
        "--name", required=True, help="the model's name in requests"
    )
    group.add_argument(
        "--model-version",
        type=int,
        default=1,
        metavar="N",
        help="an integer from 1; the newest is served (default: 1)",
    )
    group.add_argument(
        "--force",
        action="store_true",
        help="replace a version that is already there",
    )


def _add_trace(group) -> None:
    group.add_argument(
        "--signature",
        choices=("pairs", "dict"),
        default="pairs",
        help="pairs: (piece_ids, mask [B, 1, T, T], positions), which a server "
        "can pack; dict: (piece_ids, {'bool_mask': [B, 1, 1, T]}), the model "
        "traced directly (default: pairs)",
    )
    group.add_argument(
        "--dtype",
        choices=_DTYPES,
        help="of weights and hidden states (default: the checkpoint's own)",
    )
    group.add_argument(
        "--device",
        default="cpu",
        help="where to trace and compare: cpu, cuda, cuda:1; the server serves "
        "the trace on any device (default: cpu)",
    )
    group.add_argument(
        "--max-pieces",
        type=int,
        metavar="N",
        help="the longest input, which the trace keeps (default: the "
        "checkpoint's own limit, and at most 8192)",
    )
    group.add_argument(
        "--no-sdpa",
        action="store_true",
        help="trace Curated Transformers' own attention instead of PyTorch's "
        "scaled_dot_product_attention",
    )
    group.add_argument(
        "--tolerance",
        type=float,
        metavar="E",
        help="the largest ||trace - model|| / ||model|| of a piece (default: "
        "1e-5 for float32, 1e-2 for float16, 5e-2 for bfloat16)",
    )
    group.add_argument(
        "--tokenizer",
        type=Path,
        metavar="PATH",
        help="a folder or file, in place of the source's own tokenizer",
    )
    group.add_argument(
        "--revision",
        default="main",
        help="branch, tag or commit of a hub name (default: main)",
    )


def _export(options: argparse.Namespace) -> None:
    # Torch takes seconds to load: first what can be refused without it.
    from strata.export.directory import model_directory, refuse_to_overwrite

    destination = model_directory(
        options.repository, options.name, options.model_version
    )
    if not options.force:
        refuse_to_overwrite(destination)

    _say("loading torch and Curated Transformers")
    import torch

    from strata.export import export
    from strata.export.checkpoint import load

    _say(f"loading {options.source}")
    source = load(
        options.source,
        revision=options.revision,
        tokenizer=options.tokenizer,
    )
    report = export(
        source.module,
        source.tokenizer,
        destination,
        signature=options.signature,
        dtype=getattr(torch, options.dtype) if options.dtype else None,
        device=_device(options.device),
        max_pieces=options.max_pieces,
        sdpa=not options.no_sdpa,
        tolerance=options.tolerance,
        force=options.force,
        config=source.config,
        progress=_say,
    )
    print(report)


def _device(name: str):
    import torch

    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ExportError(
            f"--device is '{name}'; expected cpu, cuda or cuda:N"
        ) from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ExportError(
            f"--device is '{name}', and PyTorch sees no CUDA device here; "
            "export with --device cpu, the server moves the trace to its own"
        )
    return device


def _say(line: str) -> None:
    print(f"strata-export: {line}", file=sys.stderr, flush=True)
