#!/usr/bin/env bash
# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
#
# Runs each fuzz target of build/fuzz, from its corpus on.
#
#   deploy/fuzz.sh SECONDS [TARGET...]
#
# What a target grows of its corpus stays in build/fuzz/corpus, what it finds in
# build/fuzz/findings; the first that finds something ends the run with its exit
# code.

set -euo pipefail
cd "$(dirname "$0")/.."

readonly SECONDS_EACH=${1:?"usage: deploy/fuzz.sh SECONDS [TARGET...]"}
shift
targets=("$@")
((${#targets[@]})) || targets=(plan config convert tokenize)

mkdir -p build/fuzz/findings
for target in "${targets[@]}"; do
  mkdir -p "build/fuzz/corpus/$target"
  echo "fuzzing $target for $SECONDS_EACH s"
  log=build/fuzz/$target.log
  status=0
  "build/fuzz/bin/${target}_fuzz" -max_total_time="$SECONDS_EACH" -timeout=10 \
    -print_final_stats=1 -artifact_prefix="build/fuzz/findings/$target-" \
    "build/fuzz/corpus/$target" "tests/fuzz/corpus/$target" >"$log" 2>&1 ||
    status=$?
  grep -E 'number_of_executed_units|ERROR|SUMMARY|Test unit written' "$log" || true
  if ((status)); then
    echo "$target ended with $status: see $log and build/fuzz/findings" >&2
    exit "$status"
  fi
done
