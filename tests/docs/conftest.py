# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Tools and checkpoints that pages name are made as for other tests."""

import pathlib
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[1:1] = [str(TESTS / "client"), str(TESTS / "python")]
