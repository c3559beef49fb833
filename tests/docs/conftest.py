# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Tools that pages name are built as those of clients are."""

import pathlib
import sys

sys.path.insert(1, str(pathlib.Path(__file__).parents[1] / "client"))
