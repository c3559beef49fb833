#!/usr/bin/env bash
# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
#
# Generates strata/v1 from the protos. The result is committed, as Go users
# expect; tests/client/test_other_languages.py sees that it is not stale. Needs
# protoc; its plugins are those of go.mod.
#
#   client/go/generate.sh [FOLDER]   (default: this module's own)

set -euo pipefail
cd "$(dirname "$0")"
readonly folder=${1:-.} protos=../../proto package='strata.example/client/go/strata/v1;stratav1'

options=(--go_opt=module=strata.example/client/go --go-grpc_opt=module=strata.example/client/go)
files=()
for file in "$protos"/strata/v1/*.proto; do
  name=${file#"$protos/"}
  files+=("$name")
  options+=("--go_opt=M$name=$package" "--go-grpc_opt=M$name=$package")
done
protoc -I "$protos" -I "$protos/third_party" \
  --plugin="protoc-gen-go=$(go tool -n protoc-gen-go)" \
  --plugin="protoc-gen-go-grpc=$(go tool -n protoc-gen-go-grpc)" \
  --go_out="$folder" --go-grpc_out="$folder" "${options[@]}" "${files[@]}"
