# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""How strata-encode ends."""

from __future__ import annotations

import enum

import grpc

from strata.errors import StrataError


class ExitCode(enum.IntEnum):
    """Documented in --help; scripts depend on them.

    The first four are those of the command `strata`.
    """

    OK = 0
    SERVER_ERROR = 1
    USAGE = 2
    NO_ANSWER = 3
    SOME_FAILED = 4
    INTERRUPTED = 130


class UsageError(Exception):
    """The command line, or a file that it names, is wrong."""


def exit_code_of(error: StrataError) -> ExitCode:
    """Of a run that the error has ended."""
    # Ours carry a reason; what gRPC makes of a dead connection does not.
    unreachable = (
        error.code is grpc.StatusCode.UNAVAILABLE and not error.reason
    )
    late = error.code is grpc.StatusCode.DEADLINE_EXCEEDED
    return ExitCode.NO_ANSWER if unreachable or late else ExitCode.SERVER_ERROR
