#!/usr/bin/env python3
# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Copies the licences of the Rust crates that end up in a library.

    cargo metadata --locked --format-version=1 --filter-platform=TARGET |
        deploy/crate_licenses.py SYSROOT VERSION DESTINATION

Makes a folder of each crate, as serde-1.0.229, with the texts that the crate
holds and the file `spdx`, what its author says of it ("MIT OR Apache-2.0"),
which is empty where only the texts do. One of them, rust-std, is Rust's own
library of this VERSION, whose notices SYSROOT or, on Debian and Ubuntu, its
package has.
"""

import html
import json
import pathlib
import re
import shutil
import sys
from typing import Any

DOCUMENTS = pathlib.Path("/usr/share/doc")
# What licences are called, whatever comes after it.
NAMES = re.compile(r"(un)?licen[sc]e|copying|copyright|notice", re.IGNORECASE)


def linked(metadata: dict[str, Any]) -> set[str]:
    """The crates that the root depends on, but for those that only help to
    build (build scripts, macros) or to test."""
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    found: set[str] = set()
    ahead = [root]
    while ahead:
        for dependency in nodes[ahead.pop()]["deps"]:
            crate = dependency["pkg"]
            kinds = {kind["kind"] for kind in dependency["dep_kinds"]}
            macro = any(
                "proc-macro" in target["kind"]
                for target in packages[crate]["targets"]
            )
            if None in kinds and not macro and crate not in found:
                found.add(crate)
                ahead.append(crate)
    return found


def texts(folder: pathlib.Path) -> list[pathlib.Path]:
    """The licences in a crate, and in what it carries of others."""
    return sorted(
        file
        for file in [*folder.glob("*"), *folder.glob("*/*")]
        if file.is_file() and NAMES.match(file.name)
    )


def copy_crate(package: dict[str, Any], destination: pathlib.Path) -> None:
    source = pathlib.Path(package["manifest_path"]).parent
    folder = destination / f"{package['name']}-{package['version']}"
    found = texts(source)
    if not found:
        sys.exit(
            f"strata: no licence in {folder.name}; expected a file named "
            "LICENSE, COPYING or NOTICE"
        )
    folder.mkdir(parents=True)
    (folder / "spdx").write_text(f"{package['license'] or ''}\n")
    for file in found:
        name = str(file.relative_to(source)).replace("/", "-")
        shutil.copyfile(file, folder / name)


def standard_library_notices(sysroot: pathlib.Path) -> str:
    page = sysroot / "share" / "doc" / "rust" / "COPYRIGHT-library.html"
    if page.exists():
        text = re.sub(r"<style>.*?</style>|<[^>]*>", "", page.read_text(),
                      flags=re.DOTALL)
        return re.sub(r"\n\s*\n+", "\n\n", html.unescape(text)).strip() + "\n"
    for file in sorted(DOCUMENTS.glob("libstd-rust*/copyright")):
        return file.read_text()
    sys.exit(
        f"strata: no notices of Rust's own library; expected {page}, or "
        f"{DOCUMENTS}/libstd-rust*/copyright"
    )


def main() -> None:
    sysroot, version, place = sys.argv[1:]
    destination = pathlib.Path(place)
    metadata = json.load(sys.stdin)
    crates = linked(metadata)
    for package in metadata["packages"]:
        if package["id"] in crates:
            copy_crate(package, destination)
    folder = destination / f"rust-std-{version}"
    folder.mkdir()
    (folder / "spdx").write_text("MIT OR Apache-2.0\n")
    (folder / "COPYRIGHT").write_text(standard_library_notices(pathlib.Path(sysroot)))


if __name__ == "__main__":
    main()
