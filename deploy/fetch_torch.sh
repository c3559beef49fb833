#!/usr/bin/env bash
# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
#
# Fetches LibTorch alone, as the wheel of torch holds it, and prints the `torch`
# folder. Does nothing where it is there already.
#
#   deploy/fetch_torch.sh cpu|cuda
#
#   cpu    what forwards on the CPU need: half a gigabyte to download
#   cuda   what CUDA devices need, too: 2.5 GB
#
# Neither holds what only Python's users of torch need (Triton's compiler and so
# on). Where pip's index has a wheel without CUDA (PyTorch's own index for CPUs),
# cpu is that; a wheel with CUDA does as well, since its CPU part needs only
# two small libraries of CUDA's.
#
# Environment:
#   STRATA_CACHE           where it is kept (default: strata in the user's cache
#                          folder)
#   STRATA_PYTHON          the Python whose pip downloads it (default: python3)
#   STRATA_TORCH_VERSION   (default: the one of deploy/requirements.txt)

set -euo pipefail
cd "$(dirname "$0")/.."

readonly CACHE="${STRATA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/strata}"
readonly PYTHON="${STRATA_PYTHON:-python3}"

say() { echo "strata: $*" >&2; }
die() {
  say "$*"
  exit 1
}

readonly VARIANT=${1:-}
[[ $VARIANT == cpu || $VARIANT == cuda ]] ||
  die "unknown LibTorch '$VARIANT'; expected cpu or cuda"
pinned=$(sed -n 's/^torch==//p' deploy/requirements.txt)
readonly VERSION=${STRATA_TORCH_VERSION:-$pinned}
key=$({
  cat "${BASH_SOURCE[0]}"
  "$PYTHON" -c 'import sys; print(sys.version)'
  echo "${PIP_INDEX_URL:-}"
} | sha256sum | cut -c1-12)
readonly result="$CACHE/torch-$VERSION-$VARIANT-$key"
if [[ -d $result ]]; then
  echo "$result/torch"
  exit 0
fi

say "fetching LibTorch $VERSION for $VARIANT"
mkdir -p "$CACHE"
work=$(mktemp -d "$CACHE/.torch.XXXXXX")
trap 'rm -rf "$work"' EXIT

# install PIP_ARGUMENT...: into the folder.
install() {
  "$PYTHON" -m pip install --disable-pip-version-check --progress-bar off -q \
    --target "$work/result" "$@" >&2 ||
    die "pip could not install $*; check the network and run this again"
}

install --no-deps "torch==$VERSION"
# Of what the wheel asks for, NVIDIA's libraries; as one requirement a line.
wanted=$(sed -nE 's/^Requires-Dist: ((nvidia-|cuda-toolkit)[^;]*).*/\1/p' \
  "$work"/result/torch-*.dist-info/METADATA)
if [[ $VARIANT == cpu ]]; then
  wanted=$(sed -nE -e '/^nvidia-cuda-(runtime|cupti)/p' \
    -e 's/^(cuda-toolkit)\[.*\]/\1[cudart,cupti]/p' <<<"$wanted")
fi
if [[ $wanted ]]; then
  mapfile -t requirements <<<"$wanted"
  install "${requirements[@]}"
fi
[[ $VARIANT == cpu || -e "$work/result/torch/lib/libtorch_cuda.so" ]] ||
  die "torch $VERSION of pip's index has no CUDA; expected a wheel with it: look at PIP_INDEX_URL"
# But for the driver's, which comes with the driver.
absent=$(ldd "$work/result/torch/lib/libtorch_${VARIANT}.so" |
  awk '/not found/ && $1 !~ /^libcuda\.so/ {print $1}' | xargs)
[[ -z $absent ]] ||
  die "torch $VERSION needs $absent, which none of ${wanted//$'\n'/, } holds; name a LibTorch that is complete with STRATA_TORCH"

# Another run may have been faster; what it made is the same.
mv -T "$work/result" "$result" 2>/dev/null || [[ -d $result ]] ||
  die "could not write $result; is the disk full?"
echo "$result/torch"
