#!/usr/bin/env bash
# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
#
# Packs build/release's server and command line, with the shared objects they
# need, into build/strata-<version>-<machine>.tar.gz. It runs from any folder,
# without root. LibTorch is not in it: it is taken from the machine that it is
# unpacked on, from STRATA_TORCH (the `torch` folder of a wheel or an unpacked
# archive), or else from what python3 imports.
#
# Nor are glibc's own libraries, which must be those of the machine: it runs on
# glibc as new as that of the machine it was made on, or newer.

set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^project(strata VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
name="strata-$version-linux-$(uname -m)"
stage="build/bundle/$name"
rm -rf "$stage"
mkdir -p "$stage/bin" "$stage/lib" "$stage/libexec"

for program in strata-server strata; do
  cp "build/release/bin/$program" "$stage/libexec/$program"
  ldd "build/release/bin/$program" | awk '$2 == "=>" && $3 ~ /^\// {print $3}'
done | sort -u |
  grep -vE '/(libtorch|libc10|libcudart|libcupti|libgomp|libc\.so|libm\.so|libdl\.so|librt\.so|libutil\.so|libpthread\.so|ld-linux|libresolv)' |
  xargs -I{} cp -L {} "$stage/lib/"
for file in "$stage"/libexec/*; do
  patchelf --set-rpath '$ORIGIN/../lib' "$file"
done
for file in "$stage"/lib/*; do
  patchelf --set-rpath '$ORIGIN' "$file"
done

cat >"$stage/bin/strata-server" <<'LAUNCHER'
#!/bin/sh
# Starts the server with the LibTorch of this machine.
here=$(dirname "$(readlink -f "$0")")
torch=${STRATA_TORCH:-$(python3 -c '
import importlib.util
print(importlib.util.find_spec("torch").submodule_search_locations[0])' 2>/dev/null)}
if [ ! -e "$torch/lib/libtorch_cpu.so" ]; then
  echo "strata-server: no LibTorch in '$torch'; set STRATA_TORCH to a folder that holds lib/libtorch_cpu.so" >&2
  exit 1
fi
LD_LIBRARY_PATH="$torch/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export LD_LIBRARY_PATH
exec "$here/../libexec/strata-server" "$@"
LAUNCHER
cat >"$stage/bin/strata" <<'LAUNCHER'
#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/../libexec/strata" "$@"
LAUNCHER
chmod +x "$stage"/bin/*
cp LICENSE README.md "$stage/"
tar -C build/bundle -czf "build/$name.tar.gz" "$name"
echo "build/$name.tar.gz ($(du -h "build/$name.tar.gz" | cut -f1))"
