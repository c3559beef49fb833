#!/usr/bin/env python3
# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Packs the server and the command line with all that they need to run.

    deploy/package.py --torch cpu|cuda|none [--libtorch FOLDER] [--bin FOLDER]
                      [--folder FOLDER]

Without --folder it writes build/strata-VERSION-linux-MACHINE-TORCH.tar.gz. The
package runs from any folder, without root, on a machine that has only glibc, as
new as that of the machine it was made on or newer. Of LibTorch it holds what
forwards on the CPU load (cpu), or on CUDA devices too (cuda), whose driver must
be there; with none, LibTorch is taken from the machine that it is unpacked on.
"""

from __future__ import annotations

import argparse
import pathlib
import platform
import re
import shutil
import subprocess
import sys

import notices
import sbom

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = ("strata-server", "strata")

# glibc's own libraries, which must be those of the machine, and the driver's,
# which must be those of its kernel.
OF_THE_MACHINE = re.compile(
    r"(ld-linux.*|lib(c|m|dl|rt|util|pthread|resolv|nsl|anl|cuda|nvidia-ml))"
    r"\.so\.\d+"
)
OF_LIBTORCH = re.compile(r"lib(torch|c10|gomp|cudart|cupti).*")
# What the programs are linked with, whatever the devices.
LINKED_OF_TORCH = ("libtorch_cpu.so", "libc10.so")
# What is opened where a CUDA device is wanted: LibTorch's other half, which
# opens solvers and the compiler of kernels that are made at run time.
OPENED_OF_TORCH = (
    "libtorch_cuda.so", "libtorch_cuda_linalg.so", "libcaffe2_nvrtc.so",
)
# What those open, from the folders that they lie in.
OPENED_BESIDE = ("libcudnn_*.so.*", "libnvrtc-builtins.so.*")

LAUNCHER = """\
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
"""


class Failure(Exception):
    """A package cannot be made; says why and what to do."""


def needed(binary: pathlib.Path) -> dict[str, pathlib.Path]:
    """The shared objects that a binary loads at its start, by their names."""
    if not binary.exists():
        raise Failure(f"there is no {binary}; build it with `make build`")
    printed = subprocess.run(
        ["ldd", binary], capture_output=True, text=True, check=True
    ).stdout
    found = {}
    for name, place in re.findall(r"^\s*(\S+) => (.+?)(?: \(0x|$)", printed, re.M):
        if OF_THE_MACHINE.fullmatch(name):
            continue
        if place == "not found":
            raise Failure(
                f"{binary} needs {name}, which is not here; install what "
                "deploy/bootstrap.sh installs and build again"
            )
        found[name] = pathlib.Path(place).resolve()
    return found


def of_torch(torch: pathlib.Path, names: tuple[str, ...]) -> dict[str, pathlib.Path]:
    """Libraries of LibTorch, and what they load."""
    found = {}
    for name in names:
        library = torch / "lib" / name
        if not library.exists():
            raise Failure(
                f"LibTorch in {torch} has no {name}; expected one that has CUDA "
                "(deploy/fetch_torch.sh cuda), or --torch cpu"
            )
        found |= {name: library.resolve()} | needed(library)
    return found


def opened(torch: pathlib.Path) -> dict[str, pathlib.Path]:
    """What is opened for CUDA devices, and what that loads."""
    found = of_torch(torch, OPENED_OF_TORCH)
    for folder in {library.parent for library in found.values()}:
        for pattern in OPENED_BESIDE:
            for library in folder.glob(pattern):
                found |= {library.name: library.resolve()} | needed(library)
    return found


def libraries(
    binaries: pathlib.Path, torch: pathlib.Path, variant: str
) -> dict[str, pathlib.Path]:
    """The shared objects of a package, by their names."""
    found = {
        name: library
        for program in PROGRAMS
        for name, library in needed(binaries / program).items()
        if not OF_LIBTORCH.fullmatch(name)
    }
    if variant != "none":
        found |= of_torch(torch, LINKED_OF_TORCH)
    if variant == "cuda":
        found |= opened(torch)
    return found


def parts_of(
    carried: dict[str, pathlib.Path], places: dict[str, pathlib.Path]
) -> list[notices.Part]:
    """What others wrote of a package with these shared objects."""
    return notices.merged(
        notices.of_libraries(carried)
        + notices.compiled_in(
            places["SENTENCEPIECE"], places["TOKENIZERS"],
            ROOT / "proto" / "third_party",
        )
    )


def dependencies() -> dict[str, pathlib.Path]:
    """What deploy/bootstrap.sh found, as TORCH, SENTENCEPIECE, TOKENIZERS."""
    text = (ROOT / "build" / "dependencies.cmake").read_text()
    return {
        name: pathlib.Path(folder)
        for name, folder in re.findall(r'set\(STRATA_(\w+)_DIR "(.*?)"\)', text)
    }


def version() -> str:
    text = (ROOT / "CMakeLists.txt").read_text()
    [found] = re.findall(r"^project\(strata VERSION ([\d.]+)", text, re.M)
    return found


def full_name(variant: str) -> str:
    return f"strata-{version()}-linux-{platform.machine()}-{variant}"


def search_path(binary: pathlib.Path, path: str) -> None:
    # The older kind, which holds for what the libraries look for, too. NVIDIA's
    # have none of their own.
    subprocess.run(
        ["patchelf", "--force-rpath", "--set-rpath", path, binary], check=True
    )


def copy_programs(binaries: pathlib.Path, folder: pathlib.Path, variant: str) -> None:
    (folder / "bin").mkdir()
    for program in PROGRAMS:
        place = folder / "bin" / program
        if variant == "none" and program == "strata-server":
            place.write_text(LAUNCHER)
            place.chmod(0o755)
            place = folder / "libexec" / program
            place.parent.mkdir()
        shutil.copy(binaries / program, place)
        search_path(place, "$ORIGIN/../lib")


def copy_libraries(carried: dict[str, pathlib.Path], folder: pathlib.Path) -> None:
    (folder / "lib").mkdir()
    for name, library in carried.items():
        place = folder / "lib" / name
        shutil.copy(library, place)
        # One that says where to look looks nowhere else.
        told = subprocess.run(
            ["patchelf", "--print-rpath", place],
            capture_output=True, text=True, check=True,
        ).stdout
        if told.strip() and "ORIGIN" not in re.split(r"[:\s${}]+", told):
            search_path(place, "$ORIGIN")


def stage(
    binaries: pathlib.Path,
    places: dict[str, pathlib.Path],
    folder: pathlib.Path,
    variant: str,
) -> None:
    """Lays out a package in a folder, which must not be there yet."""
    if folder.exists():
        raise Failure(f"{folder} is there already; expected a new folder")
    carried = libraries(binaries, places["TORCH"], variant)
    parts = parts_of(carried, places)
    title = f"strata {version()} for linux-{platform.machine()}, LibTorch: {variant}"
    text = notices.document(title, parts)
    folder.mkdir(parents=True)
    copy_programs(binaries, folder, variant)
    copy_libraries(carried, folder)
    (folder / "THIRD-PARTY-NOTICES").write_text(text)
    for name in ("LICENSE", "README.md"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "deploy" / "systemd", folder / "systemd")
    bill = sbom.document(full_name(variant), version(), parts, folder)
    (folder / sbom.NAME).write_text(bill)


def archive(folder: pathlib.Path) -> pathlib.Path:
    file = ROOT / "build" / f"{folder.name}.tar.gz"
    subprocess.run(
        ["tar", "--create", "--gzip", f"--file={file}", "--sort=name",
         "--owner=0", "--group=0", "--directory", folder.parent, folder.name],
        check=True,
    )
    return file


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--torch", choices=("cpu", "cuda", "none"), required=True)
    parser.add_argument("--libtorch", type=pathlib.Path, metavar="FOLDER",
                        help="its `torch` folder (default: the one built with)")
    parser.add_argument("--bin", type=pathlib.Path, metavar="FOLDER",
                        default=ROOT / "build" / "release" / "bin",
                        help="where strata-server and strata are")
    parser.add_argument("--folder", type=pathlib.Path,
                        help="lay the package out there, and make no archive")
    arguments = parser.parse_args()
    folder = arguments.folder
    if folder is None:
        folder = ROOT / "build" / "package" / full_name(arguments.torch)
        shutil.rmtree(folder, ignore_errors=True)
    places = dependencies()
    if arguments.libtorch:
        places["TORCH"] = arguments.libtorch
    try:
        stage(arguments.bin, places, folder, arguments.torch)
    except (Failure, notices.NoLicence, sbom.Mistake) as failure:
        sys.exit(f"strata: {failure}")
    if not arguments.folder:
        file = archive(folder)
        print(f"{file.relative_to(ROOT)} ({file.stat().st_size / 1e6:.0f} MB)")


if __name__ == "__main__":
    main()
