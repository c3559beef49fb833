#!/usr/bin/env bash
# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
#
# clang-format over the C++ sources, then clang-tidy with clang's thread-safety
# analysis. Prints what is wrong and exits 1. The first run takes long (half an
# hour on two cores); later ones check only what changed (deploy/tidy.py).
#
#   deploy/lint.sh [--format]
#
#   --format   only format, in place

set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -t sources < <(
  git ls-files --cached --others --exclude-standard '*.cc' '*.h')

if [[ "${1:-}" == --format ]]; then
  exec clang-format-19 -i "${sources[@]}"
fi

clang-format-19 --dry-run -Werror "${sources[@]}"
cmake --preset lint --log-level=WARNING
# The generated headers, which clang-tidy needs.
cmake --build --preset lint --target strata_proto strata_server_proto
mapfile -t compiled < <(printf '%s\n' "${sources[@]}" | grep '\.cc$')
deploy/tidy.py "${compiled[@]}"
echo "strata: lint is clean"
