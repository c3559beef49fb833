# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What the exporter raises."""


class ExportError(Exception):
    """A model that cannot be exported, and what to do about it.

    The message is for the person at the terminal: what was got, what was
    expected, what to do.
    """
