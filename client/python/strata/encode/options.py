# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The command line of strata-encode."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import strata

_EPILOG = """\
output:
  A text's place in the corpus, from 0, is its row; rows come in the order of
  the corpus, without those that failed.
  .safetensors  states [texts, layers, width], rows, layers; with --id-field
                also id_bytes, from id_offsets[i] to id_offsets[i + 1]. With
                --pooling none states is [pieces of all texts, layers, width],
                those of text i from offsets[i] to offsets[i + 1].
  .parquet      row, id (with --id-field), and layer_N for each layer: a list of
                numbers, and with --pooling none a list of those. bfloat16
                becomes float32.
  Texts that fail (too long, not valid UTF-8) are written to
  OUTPUT.failures.jsonl: row, id, code, reason, message.

interruptions:
  What is done is kept in the folder OUTPUT.partial, so have room for the output
  twice. After an interruption, of whatever kind, run the same command again: it
  goes on, and nothing is lost or doubled. How much at once and the connection
  may change; where the corpus, the model or another option has, it refuses,
  unless --restart drops what there is.

exit codes:
  0    every text is in the output
  1    the server answered with an error that is about no single text
  2    the command line, or a file that it names, is wrong
  3    no answer: the server cannot be reached, or does not come back
  4    the output is written, but some texts failed
  130  interrupted by Ctrl-C
  Other than after 0 and 4, what is done is kept.
"""


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="strata-encode",
        description="Writes the hidden states of all texts of a file, which a "
        "Strata server computes.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"%(prog)s {strata.__version__}"
    )
    parser.add_argument(
        "corpus",
        type=Path,
        metavar="CORPUS",
        help="a .txt with a text on each line, a .jsonl with an object on each "
        "line, or a .parquet",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="a .safetensors or .parquet; made when all is done",
    )
    parser.add_argument(
        "--text-field",
        metavar="NAME",
        help="field or column of the texts (default: text)",
    )
    parser.add_argument(
        "--id-field",
        metavar="NAME",
        help="field or column of an id, kept with the states (default: none)",
    )
    parser.add_argument(
        "--restart",
        action="store_true",
        help="drop what an earlier run has written, the output included",
    )
    _add_request(parser.add_argument_group("what is computed"))
    _add_load(parser.add_argument_group("how much at once"))
    _add_connection(parser.add_argument_group("connection"))
    return parser


def _add_request(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--model", metavar="NAME", help="needed where the server has several"
    )
    group.add_argument(
        "--model-version",
        type=_whole,
        default=0,
        metavar="N",
        help="its version (default: the newest that is ready)",
    )
    group.add_argument(
        "--version-label",
        default="",
        metavar="LABEL",
        help="its version, by a label",
    )
    group.add_argument(
        "--layers",
        default="-1",
        metavar="LIST",
        help='as 0,6,-1, or "all"; 0 is the embedding output, negative counts '
        "from the end, as --layers=-2 (default: -1, the last)",
    )
    group.add_argument(
        "--pooling",
        choices=["none", "mean", "first", "last", "max"],
        default="mean",
        help="how the pieces of a text become one vector; none: a vector for "
        "each piece (default: mean)",
    )
    group.add_argument(
        "--normalize",
        action="store_true",
        help="divide each vector by its L2 norm",
    )
    group.add_argument(
        "--dimensions",
        type=_whole,
        default=0,
        metavar="N",
        help="only the first channels of each vector (default: all)",
    )
    group.add_argument(
        "--dtype",
        choices=["float32", "float16", "bfloat16"],
        default="float32",
        help="type of the numbers (default: float32)",
    )
    group.add_argument(
        "--truncation",
        choices=["none", "left", "right"],
        default="none",
        help="end at which a text that is too long is cut; none: it fails "
        "(default: none)",
    )
    group.add_argument(
        "--max-pieces",
        type=_whole,
        default=0,
        metavar="N",
        help="longest text, in pieces (default: the model's limit)",
    )
    group.add_argument(
        "--prompt",
        default="",
        metavar="NAME",
        help="the model's prompt that goes in front of each text",
    )
    group.add_argument(
        "--no-special-pieces",
        action="store_true",
        help="leave out the tokenizer's special pieces",
    )


def _add_load(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--batch-size",
        type=_positive,
        default=8,
        metavar="N",
        help="texts in a request (default: 8); the server makes batches of its "
        "own",
    )
    group.add_argument(
        "--in-flight",
        type=_positive,
        default=64,
        metavar="N",
        help="requests under way (default: 64)",
    )
    group.add_argument(
        "--memory",
        type=_positive,
        default=1024,
        metavar="MIB",
        help="hidden states that are waited for or not written yet, at most "
        "(default: 1024)",
    )
    group.add_argument(
        "--checkpoint",
        type=_whole,
        default=10,
        metavar="SECONDS",
        help="how often what is done is kept, at least: as much is computed "
        "again after an interruption (default: 10)",
    )
    group.add_argument(
        "--retries",
        type=_whole,
        default=30,
        metavar="N",
        help="times that a server is tried again without an answer in between; "
        "30, the default, are some minutes",
    )


def _add_connection(group: argparse._ArgumentGroup) -> None:
    env = os.environ.get
    group.add_argument(
        "--server",
        default=env("STRATA_SERVER", "127.0.0.1:50051"),
        metavar="HOST:PORT",
        help="also STRATA_SERVER (default: 127.0.0.1:50051)",
    )
    group.add_argument(
        "--tls",
        action="store_true",
        help="encrypt, and trust the authorities that gRPC comes with",
    )
    # STRATA_TLS_CERTIFICATE and STRATA_TLS_KEY are the server's.
    for name, variable, text in (
        (
            "ca",
            "STRATA_TLS_CA",
            "encrypt, and trust these authorities (PEM)",
        ),
        (
            "certificate",
            "STRATA_TLS_CLIENT_CERTIFICATE",
            "the certificate to show (PEM), with --tls-key",
        ),
        ("key", "STRATA_TLS_CLIENT_KEY", "its private key (PEM)"),
    ):
        group.add_argument(
            f"--tls-{name}",
            type=Path,
            # One that is set to nothing is not set, as for `strata`.
            default=env(variable) or None,
            metavar="FILE",
            help=f"{text}; also {variable}",
        )
    group.add_argument(
        "--token-file",
        type=Path,
        default=env("STRATA_TOKEN_FILE"),
        metavar="FILE",
        help="file that holds the token to send; also STRATA_TOKEN_FILE, or "
        "STRATA_TOKEN for the token",
    )
    group.add_argument(
        "--token-on-plaintext",
        action="store_true",
        help="send the token unencrypted to another machine too, where it can "
        "be read on the way",
    )


def _whole(text: str) -> int:
    return _at_least(0, text)


def _positive(text: str) -> int:
    return _at_least(1, text)


def _at_least(least: int, text: str) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(
            f'got "{text}", expected a number from {least} up'
        )
    return int(text)
