#!/usr/bin/env bash
# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
#
# Builds sentencepiece as a static library against the system's protobuf, and
# prints the folder that holds it: lib/libsentencepiece.a,
# include/sentencepiece_processor.h and licenses/. Does nothing where it is there
# already.
#
# The distribution's own library will not do: it exports a protobuf of another
# version, and a process that loads both crashes.
#
# Environment:
#   STRATA_CACHE    where it is kept (default: strata in the user's cache folder)
#   STRATA_PYTHON   the Python whose pip downloads it (default: python3)
#   CXX             the compiler (default: c++)

set -euo pipefail

readonly VERSION=0.2.1
readonly SHA256=8138cec27c2f2282f4a34d9a016e3374cd40e5c6e9cb335063db66a0a3b71fad
readonly CACHE="${STRATA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/strata}"
readonly PYTHON="${STRATA_PYTHON:-python3}"
readonly COMPILER="${CXX:-c++}"

say() { echo "strata: $*" >&2; }
die() {
  say "$*"
  exit 1
}

for tool in "$COMPILER" protoc; do
  command -v "$tool" >/dev/null ||
    die "'$tool' is missing; install build-essential and protobuf-compiler and run this again"
done
key=$({
  cat "${BASH_SOURCE[0]}"
  "$COMPILER" -dumpfullversion -dumpmachine
  protoc --version
} | sha256sum | cut -c1-12)
readonly result="$CACHE/sentencepiece-$VERSION-$key"
if [[ -d $result ]]; then
  echo "$result"
  exit 0
fi

for tool in cmake make "$PYTHON"; do
  command -v "$tool" >/dev/null ||
    die "'$tool' is missing; install cmake, make and python3 and run this again"
done
say "building sentencepiece $VERSION (about a minute)"
mkdir -p "$CACHE"
work=$(mktemp -d "$CACHE/.sentencepiece.XXXXXX")
trap 'rm -rf "$work"' EXIT

# quietly WHAT COMMAND...: runs it; its output is shown only where it fails.
quietly() {
  local what=$1
  shift
  "$@" >"$work/log" 2>&1 && return
  tail -n 40 "$work/log" >&2
  die "$what"
}

archive="$work/sentencepiece-$VERSION.tar.gz"
quietly "could not download sentencepiece $VERSION; check the network and run this again" \
  "$PYTHON" -m pip download --disable-pip-version-check --no-deps \
  --no-binary :all: --dest "$work" "sentencepiece==$VERSION"
echo "$SHA256  $archive" | sha256sum --check --quiet >&2 ||
  die "the archive of sentencepiece $VERSION is not the expected one (SHA-256 $SHA256); check what the package index serves"
tar -xzf "$archive" -C "$work"

launcher=()
command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
quietly "could not configure sentencepiece; is libprotobuf-dev installed?" \
  cmake -S "$work/sentencepiece-$VERSION/sentencepiece" -B "$work/build" \
  -G "Unix Makefiles" -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_CXX_COMPILER="$COMPILER" "${launcher[@]}" \
  -DSPM_PROTOBUF_PROVIDER=package -DSPM_ENABLE_SHARED=OFF \
  -DSPM_ENABLE_TCMALLOC=OFF
quietly "could not compile sentencepiece; see the compiler's message above" \
  cmake --build "$work/build" --target sentencepiece-static \
  --parallel "$(nproc)"

mkdir -p "$work/result/lib" "$work/result/include"
cp "$work/build/src/libsentencepiece.a" "$work/result/lib/"
cp "$work/sentencepiece-$VERSION/sentencepiece/src/sentencepiece_processor.h" \
  "$work/result/include/"
# Its own licence, and those of what it is compiled together with.
mkdir "$work/result/licenses"
cp "$work/sentencepiece-$VERSION/sentencepiece/LICENSE" "$work/result/licenses/"
for part in absl darts_clone esaxx; do
  cp "$work/sentencepiece-$VERSION/sentencepiece/third_party/$part/LICENSE" \
    "$work/result/licenses/LICENSE.$part"
done
# Another run may have been faster; what it made is the same.
mv -T "$work/result" "$result" 2>/dev/null || [[ -d $result ]] ||
  die "could not write $result; is the disk full?"
echo "$result"
