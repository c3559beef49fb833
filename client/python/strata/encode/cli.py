# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""`strata-encode`: the command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import grpc

from strata.client import Client
from strata.encode.corpus import open_corpus
from strata.encode.errors import ExitCode, UsageError, exit_code_of
from strata.encode.options import make_parser
from strata.encode.pipeline import Pipeline
from strata.encode.plan import Options, make_plan
from strata.encode.run import Run, Written
from strata.errors import StrataError
from strata.models import ModelDescription
from strata.retry import RetryPolicy

# A server that is away is asked again this often.
_MAX_BACKOFF = 10.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    options = make_parser().parse_args(arguments)
    try:
        return _encode(options)
    except UsageError as error:
        _say(str(error))
        return ExitCode.USAGE
    except StrataError as error:
        _say(f"the server at {options.server}: {error}")
        return exit_code_of(error)
    except OSError as error:
        _say(f"{error.filename or options.output}: {error.strerror or error}")
        return ExitCode.USAGE
    except KeyboardInterrupt:
        _say("interrupted")
        return ExitCode.INTERRUPTED


def _encode(options: argparse.Namespace) -> int:
    _check_output(options)
    corpus = open_corpus(options.corpus, options.text_field, options.id_field)
    # A server that is not there at first is soon told of; one that goes away
    # in the middle is waited for.
    with _client(options, RetryPolicy()) as client:
        model = _describe(client, options)
    plan = make_plan(_plan_options(options), options.output, corpus, model)
    patient = RetryPolicy(1 + options.retries, max_backoff=_MAX_BACKOFF)
    with (
        Run(
            options.output,
            plan,
            restart=options.restart,
            checkpoint=options.checkpoint,
        ) as run,
        _client(options, patient) as client,
    ):
        if run.kept and run.kept < plan.rows:
            _say(f"going on after {run.kept} of {plan.rows} texts")
        pipeline = Pipeline(
            client,
            plan,
            model,
            batch_size=options.batch_size,
            in_flight=options.in_flight,
            max_bytes=options.memory << 20,
        )
        try:
            written = run.go(corpus, pipeline, sys.stderr)
        except BaseException:
            _say(
                f"{run.kept} of {plan.rows} texts are kept; the same command "
                "goes on from there"
            )
            raise
    return _end(options.output, run.failures, written)


def _check_output(options: argparse.Namespace) -> None:
    """--restart would drop the corpus before it was read."""
    corpus, output = options.corpus, options.output
    if corpus.exists() and output.exists() and output.samefile(corpus):
        raise UsageError(
            f"the output {output} is the corpus itself; name another with "
            "--output"
        )


def _end(output: Path, failures: Path, written: Written) -> int:
    done = "was finished before" if written.already else "is written"
    _say(f"{output} {done}: {written.texts - written.failed} texts")
    if not written.failed:
        return ExitCode.OK
    _say(f"{written.failed} texts failed; {failures} says why")
    return ExitCode.SOME_FAILED


def _describe(client: Client, options: argparse.Namespace) -> ModelDescription:
    model = client.model(
        options.model,
        options.model_version,
        version_label=options.version_label,
    )
    if model.state != "ready":
        raise StrataError(
            grpc.StatusCode.FAILED_PRECONDITION,
            f"{model.name} version {model.version} is {model.state}: "
            f"{model.reason}",
        )
    return model


def _client(options: argparse.Namespace, retries: RetryPolicy) -> Client:
    try:
        return Client(
            options.server,
            retries=retries,
            tls=options.tls,
            root_certificates=_read(options.tls_ca),
            certificate=_read(options.tls_certificate),
            key=_read(options.tls_key),
            token=_token(options),
            token_on_plaintext=options.token_on_plaintext,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error


def _plan_options(options: argparse.Namespace) -> Options:
    return Options(
        text_field=options.text_field,
        id_field=options.id_field,
        layers=options.layers,
        pooling=options.pooling,
        normalize=options.normalize,
        dimensions=options.dimensions,
        dtype=options.dtype,
        prompt=options.prompt,
        truncation=options.truncation,
        max_pieces=options.max_pieces,
        special_pieces=not options.no_special_pieces,
    )


def _token(options: argparse.Namespace) -> str | None:
    written = _read(options.token_file)
    if written is None:
        return os.environ.get("STRATA_TOKEN")
    return written.decode(errors="replace").strip()


def _read(path: str | Path | None) -> bytes | None:
    return None if path is None else Path(path).read_bytes()


def _say(line: str) -> None:
    print(f"strata-encode: {line}", file=sys.stderr, flush=True)
