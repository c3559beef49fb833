# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What is deployed is checked with tools that are built as clients are."""

import pathlib
import sys

sys.path.insert(1, str(pathlib.Path(__file__).parents[1] / "client"))
