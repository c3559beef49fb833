# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Packages that only strata-encode needs."""

from __future__ import annotations

import importlib
from typing import Any

from strata.encode.errors import UsageError


def package(name: str) -> Any:
    """Imports one. Raises UsageError where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UsageError(
            f"{error}; install what strata-encode needs: "
            "pip install 'strata[encode]'"
        ) from error
