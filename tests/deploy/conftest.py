# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What is deployed is checked with tools that are built as clients are.

Envoy is tried in front of the fake server of the Python client's tests.
"""

import pathlib
import sys

CLIENT = pathlib.Path(__file__).parents[1] / "client"
sys.path[1:1] = [str(CLIENT), str(CLIENT / "python")]
