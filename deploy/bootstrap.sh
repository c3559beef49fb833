#!/usr/bin/env bash
# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
#
# Makes a machine with Debian 12 or Ubuntu 24.04 ready to build Strata, and
# writes build/dependencies.cmake. Does only what is not done yet, so it may be
# run as often as one likes.
#
#   deploy/bootstrap.sh [--server | --lint | --nightly]
#
#   --server    only what server and command line are built from, without the
#               Python environment of demo and tests: for images
#   --lint      also install what `make check` needs (clang, clang-tidy,
#               clang-format, their sanitizers)
#   --nightly   also install what the nightly tests drive: a browser, and what
#               builds images
#
# Environment:
#   CI             where it is set, also install what single tests want
#   STRATA_CACHE   where downloads and builds of others' code are kept
#                  (default: strata in the user's cache folder)
#   STRATA_TORCH   a LibTorch of one's own: the `torch` folder of an installed
#                  wheel or an unpacked archive, CPU-only or CUDA
#                  (default: the wheel that the Python environment installs)
#   STRATA_TORCH_VARIANT
#                  with --server and without STRATA_TORCH, which LibTorch
#                  deploy/fetch_torch.sh fetches: cpu (the default) or cuda

set -euo pipefail
cd "$(dirname "$0")/.."

export STRATA_CACHE="${STRATA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/strata}"

readonly BUILD_PACKAGES=(
  build-essential ca-certificates ccache cmake git libabsl-dev libcli11-dev
  libgmock-dev libgrpc++-dev libgtest-dev libjemalloc-dev libprotobuf-dev
  libssl-dev ninja-build nlohmann-json3-dev patchelf pkg-config
  prometheus-cpp-dev protobuf-compiler protobuf-compiler-grpc python3
  python3-dev python3-venv)
readonly LINT_PACKAGES=(
  clang-19 clang-format-19 clang-tidy-19 libclang-rt-19-dev)
# What tests skip without; where CI is set, none may.
readonly CI_PACKAGES=(fish zsh)
readonly NIGHTLY_PACKAGES=(buildah debian-archive-keyring mmdebstrap)

say() { echo "strata: $*" >&2; }
die() {
  say "$*"
  exit 1
}

# install_packages PACKAGE...: those that are missing, as root or with sudo.
install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null |
      grep -q 'install ok installed' || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      die "these packages are missing: ${missing[*]}; install them with apt-get as root and run this again"
    as_root=(sudo)
  fi
  say "installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq ||
    die "apt-get update failed; check the network and the package sources"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 ||
    die "apt-get could not install ${missing[*]}; see its message above"
}

# Rust, unless there is one that is new enough: the distributions' plain cargo
# is not, so each has a newer one beside it.
install_rust() {
  deploy/build_tokenizers.sh --check 2>/dev/null && return
  local cargo
  apt-get update -qq 2>/dev/null || true
  for cargo in cargo-web cargo-1.{95..88}; do
    if apt-cache show "$cargo" >/dev/null 2>&1; then
      install_packages "$cargo" "${cargo/cargo/rustc}"
      break
    fi
  done
  deploy/build_tokenizers.sh --check || exit 1
}

# The Python environment of the demo, the exporter and the tests: LibTorch
# comes from it. Prints its folder; kept by what determines it.
python_environment() {
  local python=${STRATA_SYSTEM_PYTHON:-python3} key folder
  key=$({
    cat deploy/requirements-no-deps.txt deploy/requirements.txt
    "$python" -c 'import sys; print(sys.version, sys.prefix)'
  } | sha256sum | cut -c1-12)
  folder="$STRATA_CACHE/python-$key"
  if [[ ! -e "$folder/complete" ]]; then
    say "installing the Python environment with torch (about 5 GB, a few minutes)"
    rm -rf "$folder"
    mkdir -p "$STRATA_CACHE"
    "$python" -m venv "$folder" ||
      die "could not make a Python environment in $folder; is python3-venv installed?"
    local list
    for list in deploy/requirements.txt deploy/requirements-no-deps.txt; do
      [[ -e $list ]] || continue
      local options=()
      [[ $list == *no-deps* ]] && options=(--no-deps)
      "$folder/bin/python" -m pip install --disable-pip-version-check \
        --progress-bar off -q "${options[@]}" -r "$list" >&2 ||
        die "pip could not install $list; check the network and run this again"
    done
    touch "$folder/complete"
  fi
  echo "$folder"
}

# packages_apart NAME: what deploy/requirements-NAME.txt lists, without what that
# asks for, in a folder of its own, so that neither does it meet the environment's
# packages, nor does a new one cost a new environment. Prints the folder.
packages_apart() {
  local list="deploy/requirements-$1.txt" folder
  folder="$STRATA_CACHE/$1-$(sha256sum <"$list" | cut -c1-12)"
  if [[ ! -e "$folder/complete" ]]; then
    rm -rf "$folder"
    "$STRATA_PYTHON" -m pip install --disable-pip-version-check \
      --progress-bar off -q --no-deps --target "$folder" -r "$list" >&2 ||
      die "pip could not install $list; check the network and run this again"
    touch "$folder/complete"
  fi
  echo "$folder"
}

# A Python that has pip, which the distributions' own lack. Prints its folder.
pip_environment() {
  local folder="$STRATA_CACHE/pip-environment"
  [[ -e "$folder/bin/pip" ]] || python3 -m venv "$folder" ||
    die "could not make a Python environment in $folder; is python3-venv installed?"
  echo "$folder"
}

install_packages "${BUILD_PACKAGES[@]}"
[[ -z "${CI:-}" ]] || install_packages "${CI_PACKAGES[@]}"
server_only=
case "${1:-}" in
  "") ;;
  --server) server_only=yes ;;
  --lint) install_packages "${LINT_PACKAGES[@]}" ;;
  --nightly)
    install_packages "${NIGHTLY_PACKAGES[@]}"
    # Not on Ubuntu, which has it as a snap; its test is skipped there.
    if apt-cache show chromium >/dev/null 2>&1; then
      install_packages chromium
    fi
    ;;
  *) die "unknown argument '$1'; expected --server, --lint, --nightly or none" ;;
esac

install_rust
if [[ $server_only ]]; then
  environment=$(pip_environment)
  export STRATA_PYTHON="$environment/bin/python"
  torch=${STRATA_TORCH:-$(deploy/fetch_torch.sh "${STRATA_TORCH_VARIANT:-cpu}")}
else
  environment=$(python_environment)
  export STRATA_PYTHON="$environment/bin/python"
  # Both versions of Curated Transformers go by one name.
  curated_2=$(packages_apart curated-2)
  envoy=$(packages_apart envoy)
  spdx=$(packages_apart spdx)
  torch=${STRATA_TORCH:-$("$STRATA_PYTHON" -c '
import importlib.util
print(importlib.util.find_spec("torch").submodule_search_locations[0])')}
fi
[[ -e "$torch/lib/libtorch_cpu.so" && -e "$torch/include/torch/script.h" ]] ||
  die "no LibTorch in '$torch': STRATA_TORCH must be a folder that holds lib/libtorch_cpu.so and include/torch/script.h"
sentencepiece=$(deploy/build_sentencepiece.sh)
tokenizers=$(deploy/build_tokenizers.sh)

mkdir -p build
# Written only when it changes, so that nothing is configured anew for nothing.
cat >build/dependencies.cmake.new <<DEPENDENCIES
set(STRATA_TORCH_DIR "$torch")
set(STRATA_SENTENCEPIECE_DIR "$sentencepiece")
set(STRATA_TOKENIZERS_DIR "$tokenizers")
set(STRATA_PYTHON "$STRATA_PYTHON")
DEPENDENCIES
if cmp -s build/dependencies.cmake.new build/dependencies.cmake; then
  rm build/dependencies.cmake.new
else
  mv build/dependencies.cmake.new build/dependencies.cmake
fi
[[ $server_only ]] && exit
ln -sfn "$environment" build/python-environment
ln -sfn "$curated_2" build/curated-transformers-2
ln -sfn "$envoy" build/envoy
ln -sfn "$spdx" build/spdx
