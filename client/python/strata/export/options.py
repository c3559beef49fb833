# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The options of `strata-export`. Loads no torch, so that --help is fast."""

import argparse
from pathlib import Path
from typing import Optional, Sequence

_DTYPES = ("float32", "bfloat16", "float16")
_SIGNATURES = ("pairs", "keys", "pieces", "ids", "dict")

_DESCRIPTION = """\
Traces a transformer with torch.jit.trace and writes the directory that
strata-server serves: the trace, the tokenizer and strata.json. The trace is
loaded again and compared with the model before anything appears in the
repository.
"""

_EPILOG = """\
examples:
  strata-export tiiuae/falcon-7b --repository models --name falcon
  strata-export ./checkpoints/minilm --repository models --name minilm
  strata-export my.models:build --repository models --name own --model-version 2
  strata-export --check models/falcon/1

A function my.models:build takes nothing and returns (torch.nn.Module, folder
or file of its tokenizer). Its module takes the signature's arguments in their
order (piece ids, mask, positions, type ids) unless it is a model of Curated
Transformers, which is wrapped.

The server examines every model when it loads it, and its examination has the
last word; `strata models NAME` shows what it found.
"""


def make_parser(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=name,
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "source",
        nargs="?",
        help="a Hugging Face hub name, a checkpoint folder in Hugging Face's "
        "format, or package.module:function",
    )
    parser.add_argument(
        "--check",
        type=Path,
        metavar="DIR",
        help="export nothing: examine a model directory, without its original "
        "model, and exit with 1 where something is off",
    )
    _add_destination(parser.add_argument_group("destination"))
    _add_source(parser.add_argument_group("source"))
    _add_signature(parser.add_argument_group("signature"))
    _add_trace(parser.add_argument_group("trace"))
    return parser


def parse(
    parser: argparse.ArgumentParser, arguments: Optional[Sequence[str]]
) -> argparse.Namespace:
    """Parses; exits with 2 where the options do not go together."""
    options = parser.parse_args(arguments)
    needed = {
        "source": options.source,
        "--repository": options.repository,
        "--name": options.name,
    }
    if options.check is None:
        missing = [name for name, value in needed.items() if value is None]
        if missing:
            parser.error(
                "the following arguments are required: " + ", ".join(missing)
            )
    elif any(value is not None for value in needed.values()):
        parser.error(
            "--check examines the directory that it names; leave out source, "
            "--repository and --name"
        )
    return options


def _add_destination(group) -> None:
    group.add_argument(
        "--repository",
        type=Path,
        metavar="DIR",
        help="the folder of all models; made where it is missing",
    )
    group.add_argument("--name", help="the model's name in requests")
    group.add_argument(
        "--model-version",
        type=int,
        default=1,
        metavar="N",
        help="an integer from 1 to 2^63 - 1; the newest is served (default: 1)",
    )
    group.add_argument(
        "--force",
        action="store_true",
        help="replace a version that is already there",
    )
    group.add_argument(
        "--dry-run",
        action="store_true",
        help="do everything but write: load, trace and compare, and print "
        "what would be written",
    )


def _add_source(group) -> None:
    group.add_argument(
        "--revision",
        default="main",
        help="branch, tag or commit of a hub name (default: main)",
    )
    group.add_argument(
        "--tokenizer",
        type=Path,
        metavar="PATH",
        help="a folder or file, in place of the source's own tokenizer",
    )
    group.add_argument(
        "--logits",
        action="store_true",
        help="load the checkpoint's causal LM instead of its decoder, so that "
        "the trace returns (layers, logits); a function's module must return "
        "them itself",
    )


def _add_signature(group) -> None:
    group.add_argument(
        "--signature",
        choices=_SIGNATURES,
        default="pairs",
        help="the mask after the piece ids: pairs [B, 1, T, T], which a server "
        "can pack; keys [B, 1, 1, T]; pieces [B, T]; ids: none; dict: "
        "{'bool_mask': [B, 1, 1, T]}, the model traced directly, which only "
        "Curated Transformers 1.x can be (default: pairs)",
    )
    group.add_argument(
        "--positions",
        action=argparse.BooleanOptionalAction,
        help="whether positions [B, T] follow, which packed rows of encoders "
        "and shared prefixes need (default: with pairs)",
    )
    group.add_argument(
        "--type-ids",
        action=argparse.BooleanOptionalAction,
        help="whether type ids [B, T] follow, without which a pair of texts "
        "is computed as one (default: where the model tells types apart, as "
        "BERT, ALBERT and ELECTRA do, except with dict)",
    )
    group.add_argument(
        "--layers",
        type=_layers,
        metavar="LIST",
        help="return only these of the model's layers, as 0,6,12 (0: the "
        "embedding output); the server counts them anew, here as 0, 1, 2, and "
        "those above the last are cut away (default: all)",
    )


def _add_trace(group) -> None:
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
        help="the largest ||trace - model|| / ||model|| of a piece, from 0 "
        "(default: 1e-5 for float32, 1e-2 for float16, 5e-2 for bfloat16)",
    )


def _layers(text: str) -> list[int]:
    try:
        return [int(x) for x in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no list of integers such as 0,6,12"
        ) from error
