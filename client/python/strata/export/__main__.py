# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Makes `python -m strata.export` the same as `strata-export`."""

import sys

from strata.export.cli import main

sys.exit(main())
