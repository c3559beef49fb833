# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What a refused call must say."""

from __future__ import annotations

import grpc

import strata


def check(
    error: strata.StrataError,
    code: grpc.StatusCode,
    reason: str,
    field: str | None,
    *words: str,
) -> None:
    """Asserts code, reason and field, and that the message holds `words`."""
    assert (error.code, error.reason) == (code, reason), str(error)
    assert error.field == field, str(error)
    for word in words:
        assert word in error.message, error.message
