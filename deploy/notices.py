# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What others wrote and a package of Strata carries, and the notices of it.

A shared object is of a package of Debian or Ubuntu, whose copyright file is
taken, or of a Python wheel, whose licences are. What is compiled into the
programs themselves cannot be seen in them, and is listed here. sbom.py writes
the same parts for programs.
"""

from __future__ import annotations

import email
import functools
import pathlib
import platform
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.utils import parseaddr
from urllib.parse import quote

# Headers of these packages, or parts of them, are in the programs; what else
# deploy/bootstrap.sh installs is for tests and builds only.
COMPILED_IN = (
    "libabsl-dev", "libcli11-dev", "libgrpc++-dev", "libjemalloc-dev",
    "libprotobuf-dev", "libssl-dev", "nlohmann-json3-dev",
    "prometheus-cpp-dev",
)
# What wheels from before License-Expression may call their licence, and mean it.
_IDENTIFIERS = ("Apache-2.0", "BSD-3-Clause", "MIT")
_DOCUMENTS = pathlib.Path("/usr/share/doc")
_COMMON = pathlib.Path("/usr/share/common-licenses")
_RULE = "=" * 72


class NoLicence(Exception):
    """Nobody says under what terms a part may be passed on."""


@dataclass
class Part:
    """What one author, or one package, contributes."""

    name: str
    # "": nobody numbers it.
    version: str = ""
    # As an SPDX expression; "": the texts say.
    terms: str = ""
    texts: list[str] = field(default_factory=list)
    # In the package, as lib/libz.so.1; none: in the programs.
    files: list[str] = field(default_factory=list)
    # Its package URL; "": it is in no registry.
    purl: str = ""
    # Who passes it on; "": the package does not say.
    supplier: str = ""

    @property
    def title(self) -> str:
        kind = "(Rust)" if self.purl.startswith("pkg:cargo/") else ""
        return " ".join(word for word in (self.name, self.version, kind) if word)


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
    shown = "${Version} ${Architecture} ${source:Package} ${source:Version}\n"
    version, machine, *source = subprocess.run(
        ["dpkg-query", "--show", f"--showformat={shown}", name],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()[0].split()
    file = _DOCUMENTS / name / "copyright"
    if not file.exists():
        raise NoLicence(f"no licence of {name}: expected {file}")
    release = platform.freedesktop_os_release()
    # Security notices name the source package.
    qualifiers = {
        "arch": machine,
        "distro": f"{release['ID']}-{release['VERSION_ID']}",
        "upstream": "@".join(source),
    }
    return Part(
        name, version,
        texts=[file.read_text(errors="replace")],
        purl=_purl(f"deb/{release['ID']}", name, version, qualifiers),
        supplier=release["NAME"],
    )


def _purl(
    kind: str, name: str, version: str, qualifiers: dict[str, str] | None = None
) -> str:
    """A package URL, with the escapes that one needs."""
    told = [f"{key}={quote(x, safe='')}" for key, x in (qualifiers or {}).items()]
    query = f"?{'&'.join(told)}" if told else ""
    return f"pkg:{kind}/{quote(name, safe='')}@{quote(version, safe='')}{query}"


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
    metadata = email.message_from_string((folder / "METADATA").read_text())
    name, version = metadata["Name"], metadata["Version"]
    # A few wheels have their licence beside the libraries.
    files = sorted(
        folder.parent / path for path in _recorded(folder / "RECORD")
        if re.match(r"licen[sc]e[^/]*$|notice|copying", path.split("/")[-1], re.I)
    )
    if not files:
        raise NoLicence(f"no licence of {name}: expected one in {folder}")
    terms = metadata["License-Expression"] or ""
    if metadata["License"] in _IDENTIFIERS:
        terms = terms or metadata["License"]
    author, _ = parseaddr(metadata["Author-email"] or "")
    return Part(
        name, version, terms,
        texts=[file.read_text(errors="replace") for file in files],
        purl=_purl("pypi", re.sub(r"[-_.]+", "-", name).lower(), version),
        supplier=metadata["Author"] or author,
    )


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
    name, version, _ = sentencepiece.name.split("-")
    parts.append(Part(
        name, version, texts=_texts(sentencepiece / "licenses"),
        purl=_purl("pypi", name, version),
    ))
    for folder in sorted((tokenizers / "licenses").iterdir()):
        parts.append(_crate(folder))
    return parts


def _crate(folder: pathlib.Path) -> Part:
    """From what crate_licenses.py copied."""
    name, version = re.fullmatch(r"(.+?)-(\d+\.\d+\.\d+.*)", folder.name).groups()
    terms = (folder / "spdx").read_text().strip()
    return Part(
        name, version,
        # As crates wrote expressions before they were SPDX's.
        terms.replace("/", " OR "), _texts(folder),
        # Rust's own library is no crate.
        purl=_purl("generic" if name == "rust-std" else "cargo", name, version),
    )


def _texts(folder: pathlib.Path) -> list[str]:
    return [
        file.read_text(errors="replace")
        for file in sorted(folder.iterdir()) if file.name != "spdx"
    ]


def merged(parts: Iterable[Part]) -> list[Part]:
    """One part for all that have a title, with the files of all."""
    by_title: dict[str, Part] = {}
    for part in parts:
        by_title.setdefault(part.title, part).files.extend(
            name for name in part.files if name not in by_title[part.title].files
        )
    return list(by_title.values())


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
        lines += ["", _RULE, part.title]
        if part.terms:
            lines.append(f"Licence: {part.terms}")
        lines.append(
            f"In this package: {', '.join(sorted(part.files))}" if part.files
            else "In the programs bin/strata-server and bin/strata."
        )
        lines.append(_RULE)
        for text in part.texts:
            owner = owners.setdefault(text, part.title)
            lines += ["", text.strip() if owner == part.title
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
