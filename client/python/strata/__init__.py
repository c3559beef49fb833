# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Strata's Python package: clients of the service, and two commands.

    import strata

    with strata.Client("127.0.0.1:50051") as client:
        [encoding] = client.encode(["The cat sat on the mat."])

`strata.AsyncClient` is the same for asyncio. `strata-encode` encodes files,
`strata-export` makes models to be served. Importing the package loads neither
torch nor gRPC; its modules load what they need.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from strata.aio import AsyncClient
    from strata.client import Client
    from strata.errors import StrataError
    from strata.retry import RetryPolicy

__version__ = "0.1.0"
__all__ = ["AsyncClient", "Client", "RetryPolicy", "StrataError"]

_HOMES = {
    "AsyncClient": "strata.aio",
    "Client": "strata.client",
    "RetryPolicy": "strata.retry",
    "StrataError": "strata.errors",
}


def __getattr__(name: str) -> Any:
    """Loads gRPC for those who use the client, and only for them."""
    if name not in _HOMES:
        raise AttributeError(f"module 'strata' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)
