#!/usr/bin/env bash
# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
#
# Generates the messages and services of strata.v1 and google.rpc into generated/.
# Needs protoc. STRATA_PROTO names the folder of the protos where this folder was
# copied elsewhere.

set -euo pipefail
cd "$(dirname "$0")"
readonly protos=${STRATA_PROTO:-../../proto}

mkdir -p generated
protoc -I "$protos/third_party" -I "$protos" \
  --plugin=node_modules/.bin/protoc-gen-es --es_out=generated \
  --es_opt=target=ts,import_extension=js \
  "$protos"/strata/v1/*.proto "$protos"/third_party/google/rpc/*.proto
