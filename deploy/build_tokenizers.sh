#!/usr/bin/env bash
# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
#
# Builds core/tokenize/bridge, Hugging Face's tokenizers for C++, and prints the
# folder that holds it: lib/libstrata_tokenizers.a, include/rust/cxx.h,
# include/strata_tokenizers/bridge.h, and licenses/ of the crates in it. Does
# nothing where it is there already.
#
#   deploy/build_tokenizers.sh [--check]
#
#   --check   only tell, by the exit status, whether a build could begin
#
# Environment:
#   STRATA_CACHE   where it is kept (default: strata in the user's cache folder)
#   CXX            the compiler of the bridge's C++ half (default: c++)

set -euo pipefail

DEPLOY=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly DEPLOY
readonly BRIDGE="${DEPLOY%/*}/core/tokenize/bridge"
readonly CACHE="${STRATA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/strata}"
readonly COMPILER="${CXX:-c++}"
# The newest language version that one of the dependencies in Cargo.lock wants.
readonly NEEDED=1.88

say() { echo "strata: $*" >&2; }
die() {
  say "$*"
  exit 1
}

# Prints every cargo here: those on the path, Ubuntu's cargo-1.xx, rustup's.
candidates() {
  type -aP cargo || true
  compgen -c cargo-1. | sort -Vru | while read -r name; do type -P "$name"; done
  echo "$HOME/.cargo/bin/cargo"
}

# Sets cargo and rustc to the first pair that is new enough.
choose_cargo() {
  local version seen=()
  while read -r cargo; do
    rustc="${cargo%/*}/rustc${cargo##*/cargo}"
    [[ -x $cargo && -x $rustc ]] || continue
    version=$("$rustc" --version 2>/dev/null | cut -d' ' -f2) || continue
    if [[ $(printf '%s\n' "$NEEDED" "$version" | sort -V | head -n1) == "$NEEDED" ]]; then
      return
    fi
    seen+=("$rustc is $version")
  done < <(candidates)
  local IFS=,
  die "Rust $NEEDED or newer is needed (${seen[*]:-none was found}); install cargo-web on Debian 12, cargo-1.89 on Ubuntu 24.04, or rustup, and run this again"
}

command -v "$COMPILER" >/dev/null ||
  die "'$COMPILER' is missing; install build-essential and run this again"
choose_cargo
[[ ${1:-} == --check ]] && exit
key=$({
  cat "${BASH_SOURCE[0]}" "$DEPLOY/crate_licenses.py" "$BRIDGE"/{Cargo.toml,Cargo.lock,build.rs,src/lib.rs}
  "$rustc" --version
  "$COMPILER" -dumpfullversion -dumpmachine
} | sha256sum | cut -c1-12)
readonly result="$CACHE/tokenizers-$key"
if [[ -d $result ]]; then
  echo "$result"
  exit 0
fi

say "building Hugging Face's tokenizers with $cargo (about 3 minutes)"
mkdir -p "$CACHE"
work=$(mktemp -d "$CACHE/.tokenizers.XXXXXX")
trap 'rm -rf "$work"' EXIT
# Not shared between builds: the generated headers of another checkout would be
# found in it.
target="$work/target"
CARGO_TARGET_DIR="$target" RUSTC="$rustc" CXX="$COMPILER" \
  "$cargo" build --release --locked \
  --manifest-path "$BRIDGE/Cargo.toml" >&2 ||
  die "cargo could not build core/tokenize/bridge; see its message above (a failed download: check the network and run this again)"

mkdir -p "$work/result/lib" "$work/result/include"/{rust,strata_tokenizers}
cp "$target/release/libstrata_tokenizers.a" "$work/result/lib/"
cp -L "$target/cxxbridge/rust/cxx.h" "$work/result/include/rust/"
cp -L "$target/cxxbridge/strata-tokenizers/src/lib.rs.h" \
  "$work/result/include/strata_tokenizers/bridge.h"
RUSTC="$rustc" "$cargo" metadata --locked --format-version=1 \
  --filter-platform="$("$rustc" -vV | sed -n 's/^host: //p')" \
  --manifest-path "$BRIDGE/Cargo.toml" |
  "$DEPLOY/crate_licenses.py" "$("$rustc" --print sysroot)" \
    "$("$rustc" --version | cut -d' ' -f2)" "$work/result/licenses"
# Another run may have been faster; what it made is the same.
mv -T "$work/result" "$result" 2>/dev/null || [[ -d $result ]] ||
  die "could not write $result; is the disk full?"
echo "$result"
