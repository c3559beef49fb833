# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""As the command `strata-encode`."""

import sys

from strata.encode.cli import main

if __name__ == "__main__":
    sys.exit(main())
