#!/usr/bin/env bash
# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
#
# clang-format over the C++ sources, then clang-tidy with clang's thread-safety
# analysis. Prints what is wrong and exits 1.
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
cmake --build --preset lint --target strata_proto
run-clang-tidy-19 -p build/lint -quiet -j "$(nproc)" \
  "$PWD/(core|server|client|tests)/.*\.cc$" |
  { grep -vE '^(\[|clang-tidy|[0-9]+ warnings)' || true; }
echo "strata: lint is clean"
