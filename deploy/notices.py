# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The notices of what others wrote and a package of Strata carries.

A shared object is of a package of Debian or Ubuntu, whose copyright file is
taken, or of a Python wheel, whose licences are. What is compiled into the
programs themselves cannot be seen in them, and is listed here.
"""

from __future__ import annotations

import functools
import pathlib
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field

# Headers of these packages, or parts of them, are in the programs; what else
# deploy/bootstrap.sh installs is for tests and builds only.
COMPILED_IN = (
    "libabsl-dev", "libcli11-dev", "libgrpc++-dev", "libjemalloc-dev",
    "libprotobuf-dev", "libssl-dev", "nlohmann-json3-dev",
    "prometheus-cpp-dev",
)
_DOCUMENTS = pathlib.Path("/usr/share/doc")
_COMMON = pathlib.Path("/usr/share/common-licenses")
_RULE = "=" * 72


class NoLicence(Exception):
    """Nobody says under what terms a part may be passed on."""


@dataclass
class Part:
    """What one author, or one package, contributes."""

    name: str
    # As an SPDX expression; "": the texts say.
    terms: str = ""
    texts: list[str] = field(default_factory=list)
    # In the package, as lib/libz.so.1; none: in the programs.
    files: list[str] = field(default_factory=list)


def debian_owners(libraries: Iterable[pathlib.Path]) -> dict[str, str]:
    """By the paths of files, the packages of the distribution they came with;
    without those that came with none."""
    # Packages may call /usr/lib what it was before it became one with /lib.
    paths = [str(path) for path in libraries]
    paths += [path.removeprefix("/usr") for path in paths]
    # Exits with 1 where one is nobody's.
    printed = subprocess.run(
        ["dpkg-query", "--search", *paths],
        capture_output=True, text=True, check=False,
    ).stdout
    return {
        re.sub(r"^/lib/", "/usr/lib/", path): package
        for package, path in re.findall(r"^([^:\s]+)(?::\w+)?: (.*)$", printed, re.M)
    }


def debian_package(name: str) -> Part:
    version = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Version}\n", name],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()[0]
    file = _DOCUMENTS / name / "copyright"
    if not file.exists():
        raise NoLicence(f"no licence of {name}: expected {file}")
    return Part(f"{name} {version}", texts=[file.read_text(errors="replace")])


def of_wheel(library: pathlib.Path) -> Part | None:
    """The wheel that a file was installed from."""
    for site in library.parents:
        folder = _wheels(site).get(str(library.relative_to(site)))
        if folder:
            return _wheel(folder)
    return None


@functools.cache
def _wheels(site: pathlib.Path) -> dict[str, pathlib.Path]:
    """By the files of the wheels that are installed in a folder, theirs."""
    return {
        path: record.parent
        for record in site.glob("*.dist-info/RECORD")
        for path in _recorded(record)
    }


def _recorded(record: pathlib.Path) -> list[str]:
    # Lines are path,hash,size.
    return [line.rsplit(",", 2)[0] for line in record.read_text().splitlines()]


def _wheel(folder: pathlib.Path) -> Part:
    name, version = folder.name.removesuffix(".dist-info").rsplit("-", 1)
    # A few wheels have their licence beside the libraries.
    files = sorted(
        folder.parent / path for path in _recorded(folder / "RECORD")
        if re.match(r"licen[sc]e[^/]*$|notice|copying", path.split("/")[-1], re.I)
    )
    if not files:
        raise NoLicence(f"no licence of {name}: expected one in {folder}")
    metadata = (folder / "METADATA").read_text()
    [terms] = re.findall(r"^License-Expression: (.*)$", metadata, re.M) or [""]
    texts = [file.read_text(errors="replace") for file in files]
    return Part(f"{name} {version}", terms, texts)


def of_libraries(libraries: dict[str, pathlib.Path]) -> list[Part]:
    """Whose each is, by the names that a package carries them by."""
    owners = debian_owners(libraries.values())
    parts = []
    for name, library in sorted(libraries.items()):
        part = of_wheel(library)
        if part is None and str(library) in owners:
            part = debian_package(owners[str(library)])
        if part is None:
            raise NoLicence(
                f"nobody knows under what terms {library} may be passed on: "
                "expected a file of a Debian package or of a Python wheel"
            )
        part.files.append(f"lib/{name}")
        parts.append(part)
    return merged(parts)


def compiled_in(
    sentencepiece: pathlib.Path, tokenizers: pathlib.Path, protos: pathlib.Path
) -> list[Part]:
    """What the programs themselves hold: headers, protocols, sentencepiece,
    Rust crates.

    Args:
        sentencepiece: What deploy/build_sentencepiece.sh printed.
        tokenizers: What deploy/build_tokenizers.sh printed.
        protos: The protocols of others, a folder of each author with LICENSE.
    """
    parts = [debian_package(name) for name in COMPILED_IN]
    for folder in sorted(protos.iterdir()):
        text = (folder / "LICENSE").read_text()
        parts.append(Part(f"protocols of {folder.name}", texts=[text]))
    name = "-".join(sentencepiece.name.split("-")[:2])
    parts.append(Part(name, texts=_texts(sentencepiece / "licenses")))
    crates = sorted((tokenizers / "licenses").iterdir())
    for crate in crates:
        terms = (crate / "spdx").read_text().strip()
        parts.append(Part(f"{crate.name} (Rust)", terms, _texts(crate)))
    return parts


def _texts(folder: pathlib.Path) -> list[str]:
    return [
        file.read_text(errors="replace")
        for file in sorted(folder.iterdir()) if file.name != "spdx"
    ]


def merged(parts: Iterable[Part]) -> list[Part]:
    """One part for all that have a name, with the files of all."""
    by_name: dict[str, Part] = {}
    for part in parts:
        by_name.setdefault(part.name, part).files.extend(
            name for name in part.files if name not in by_name[part.name].files
        )
    return list(by_name.values())


def document(title: str, parts: list[Part]) -> str:
    """The file of notices; a text that several share is in it once."""
    lines = [
        f"Third-party notices of {title}",
        "",
        "Strata itself is under the Apache License 2.0 (see LICENSE). What others",
        "wrote of what is in this package is listed here, with its licences.",
    ]
    owners: dict[str, str] = {}
    for part in parts:
        lines += ["", _RULE, part.name]
        if part.terms:
            lines.append(f"Licence: {part.terms}")
        lines.append(
            f"In this package: {', '.join(sorted(part.files))}" if part.files
            else "In the programs bin/strata-server and bin/strata."
        )
        lines.append(_RULE)
        for text in part.texts:
            owner = owners.setdefault(text, part.name)
            lines += ["", text.strip() if owner == part.name
                      else f"The text is the same as that of {owner}."]
    texts = "\n".join(text for part in parts for text in part.texts)
    for name in sorted(_common_licences(texts)):
        lines += ["", _RULE, f"Text of {_COMMON / name}", _RULE, "",
                  (_COMMON / name).read_text().strip()]
    return "\n".join(lines) + "\n"


def _common_licences(texts: str) -> set[str]:
    """Those that Debian's copyright files refer to and do not repeat."""
    names = re.findall(rf"{_COMMON}/([A-Za-z0-9.+-]*[A-Za-z0-9])", texts)
    return {name for name in names if (_COMMON / name).exists()}
