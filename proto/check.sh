#!/usr/bin/env bash
# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
#
# buf lint and buf breaking, as buf.yaml says, over strata/v1. Exits 1 and says
# why where one does not hold. Needs Go: buf is built once into build/tools, in
# the version that tools/go.mod pins.
#
#   proto/check.sh [--accept | --baseline]
#
#   --accept    afterwards, what was added becomes part of baseline/
#   --baseline  only sees that baseline/ is up to date; needs no Go
#
# buf breaking compares with baseline/: strata/v1 as it was last accepted,
# without its comments. Not with a branch or tag, because a clone of one commit
# has none, and because main, compared with itself, always holds. It lacks
# nothing that strata/v1 has, so that what was added yesterday is guarded today.
# Who breaks the API on purpose takes the lines out of baseline/ by hand, which
# a reviewer sees.

set -euo pipefail
cd "$(dirname "$0")"

case "${1:-}" in
  '' | --accept | --baseline) ;;
  *)
    echo "proto/check.sh: got $1, expected --accept, --baseline or nothing" >&2
    exit 2
    ;;
esac

# strip FOLDER: writes strata/v1 there, without its comments but for the two
# lines of the licence.
strip() {
  mkdir -p "$1/strata/v1"
  local file
  for file in strata/v1/*.proto; do
    sed '1,2!{/^ *\/\//d}' "$file" | cat -s >"$1/$file"
  done
}

if [[ "${1:-}" != --baseline ]]; then
  readonly buf=../build/tools/buf
  go build -C tools -o "../$buf" github.com/bufbuild/buf/cmd/buf
  "$buf" lint
  "$buf" breaking --against . --against-config '
    {version: v2, modules: [{path: baseline}, {path: third_party, includes: [third_party/google]}]}'
fi

if [[ "${1:-}" == --accept ]]; then
  rm -r baseline
  strip baseline
  exit
fi
stripped=$(mktemp -d)
trap 'rm -r "$stripped"' EXIT
strip "$stripped"
if ! diff -ru baseline "$stripped"; then
  echo 'proto/check.sh: baseline/ is not strata/v1 without its comments:' \
    'run proto/check.sh --accept' >&2
  exit 1
fi
