# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Lists of bearer tokens, as --tokens takes them."""

import hashlib


def entry(subject: str, token: str, role: str) -> dict[str, str]:
    """Of one caller."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    return {"subject": subject, "sha256": digest, "role": role}
