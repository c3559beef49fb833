# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What the exporter raises."""


class ExportError(Exception):
    """A model that cannot be exported, and what to do about it.

    The message is for the person at the terminal: what was got, what was
    expected, what to do.
    """


def kind_and_text(error: BaseException) -> str:
    """An error of others' code, as Python shows it: the text may say little."""
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
