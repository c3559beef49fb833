# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""`strata-export`, the command line of the exporter."""

import argparse
import sys
from typing import Optional, Sequence

from strata.export.errors import ExportError
from strata.export.options import make_parser, parse
from strata.export.progress import Console

_NAME = "strata-export"


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs the command; returns its exit code: 0, or 1 where it failed."""
    options = parse(make_parser(_NAME), arguments)
    try:
        return _check(options) if options.check else _export(options)
    except ExportError as error:
        print(f"{_NAME}: {error}", file=sys.stderr)
        return 1


def _check(options: argparse.Namespace) -> int:
    with Console(_NAME, sys.stderr, total=2) as console:
        console.step("loading torch")
        from strata.export.check import check

        console.step(f"examining {options.check}")
        report = check(
            options.check,
            device=_device(options.device),
            tolerance=options.tolerance,
            progress=console,
        )
    print(report)
    if report.failure is None:
        return 0
    print(f"{_NAME}: {report.failure}", file=sys.stderr)
    return 1


def _export(options: argparse.Namespace) -> int:
    # Torch takes seconds to load: first what can be refused without it.
    from strata.export.directory import model_directory, refuse_to_overwrite

    destination = model_directory(
        options.repository, options.name, options.model_version
    )
    if not options.force:
        refuse_to_overwrite(destination)

    with Console(_NAME, sys.stderr, total=5) as console:
        console.step("loading torch and Curated Transformers")
        import torch

        from strata.export import export
        from strata.export.checkpoint import load

        console.step(f"loading {options.source}", draws=True)
        source = load(
            options.source,
            revision=options.revision,
            tokenizer=options.tokenizer,
            logits=options.logits,
        )
        report = export(
            source.module,
            source.tokenizer,
            destination,
            signature=options.signature,
            positions=options.positions,
            type_ids=options.type_ids,
            layers=options.layers,
            logits=options.logits,
            dtype=getattr(torch, options.dtype) if options.dtype else None,
            device=_device(options.device),
            max_pieces=options.max_pieces,
            sdpa=not options.no_sdpa,
            tolerance=options.tolerance,
            force=options.force,
            dry_run=options.dry_run,
            config=source.config,
            progress=console,
        )
    print(report)
    return 0


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
