# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The bill of materials of a package of Strata, as SPDX 2.3 in JSON.

It says of the parts that notices.py finds what programs ask: names, versions,
package URLs, licences, and the SHA-256 of every file. Equal packages have equal
bills, but for the time; SOURCE_DATE_EPOCH sets that.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import pathlib
import re
import time
import uuid
from typing import Any

from notices import Part

# Its place in a package.
NAME = "strata.spdx.json"
_ROOT = "SPDXRef-Package-strata"
_UNKNOWN = "NOASSERTION"


class Mistake(Exception):
    """What the environment says cannot be used."""


def document(
    name: str, version: str, parts: list[Part], folder: pathlib.Path
) -> str:
    """The bill of a package that lies in `folder`, whole but for this file.

    Args:
        name: Of the package, as strata-0.1.0-linux-x86_64-cpu.
        version: Strata's.
    """
    parts = sorted(parts, key=lambda part: part.title)
    files = [_file(path, folder) for path in _paths(folder)]
    licences = _Licences()
    packages = [_root(version, files)]
    packages += [_package(part, licences.expression(part)) for part in parts]
    bill = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "packages": packages,
        "files": files,
        "relationships": _relationships(parts, files),
        "hasExtractedLicensingInfos": licences.texts,
    }
    # One name for one content, as two packages must not share one.
    content = json.dumps(bill, sort_keys=True)
    bill["documentNamespace"] = uuid.uuid5(uuid.NAMESPACE_OID, content).urn
    bill["creationInfo"] = {
        "created": _created(),
        "creators": [f"Tool: strata-package-{version}"],
    }
    return json.dumps(bill, indent=1, sort_keys=True) + "\n"


def _created() -> str:
    # Builders pass it on even where nobody has set it.
    told = os.environ.get("SOURCE_DATE_EPOCH") or str(int(time.time()))
    if not told.isdecimal():
        raise Mistake(
            f'SOURCE_DATE_EPOCH is "{told}"; expected seconds since 1970, as '
            "`git log -1 --format=%ct` prints them"
        )
    moment = datetime.datetime.fromtimestamp(int(told), datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _id(kind: str, name: str) -> str:
    return f"SPDXRef-{kind}-{_slug(name)}"


def _slug(name: str) -> str:
    """Of what SPDX lets identifiers be made of."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-")


def _paths(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(
        path for path in folder.rglob("*") if path.is_file() and path.name != NAME
    )


def _file(path: pathlib.Path, folder: pathlib.Path) -> dict[str, Any]:
    name = str(path.relative_to(folder))
    # SPDX wants SHA-1 of each, whatever else there is.
    hashes = {"SHA1": hashlib.sha1(), "SHA256": hashlib.sha256()}
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            for digest in hashes.values():
                digest.update(chunk)
    return {
        "SPDXID": _id("File", name),
        "fileName": f"./{name}",
        "checksums": [
            {"algorithm": algorithm, "checksumValue": digest.hexdigest()}
            for algorithm, digest in hashes.items()
        ],
    }


def _root(version: str, files: list[dict[str, Any]]) -> dict[str, Any]:
    """Strata itself, which the files make up."""
    sums = sorted(file["checksums"][0]["checksumValue"] for file in files)
    return {
        "SPDXID": _ROOT,
        "name": "strata",
        "versionInfo": version,
        "supplier": "Organization: The Strata Authors",
        "downloadLocation": _UNKNOWN,
        "filesAnalyzed": True,
        "packageVerificationCode": {
            "packageVerificationCodeValue":
                hashlib.sha1("".join(sums).encode()).hexdigest(),
            "packageVerificationCodeExcludedFiles": [f"./{NAME}"],
        },
        "licenseConcluded": _UNKNOWN,
        "licenseDeclared": "Apache-2.0",
        "copyrightText": "Copyright 2026 The Strata Authors",
        "primaryPackagePurpose": "APPLICATION",
        "externalRefs": [_reference(f"pkg:generic/strata@{version}")],
    }


def _package(part: Part, licence: str) -> dict[str, Any]:
    told = {
        "SPDXID": _id("Package", part.title),
        "name": part.name,
        "supplier":
            f"Organization: {part.supplier}" if part.supplier else _UNKNOWN,
        "downloadLocation": _UNKNOWN,
        "filesAnalyzed": False,
        "licenseConcluded": _UNKNOWN,
        "licenseDeclared": licence,
        "copyrightText": _UNKNOWN,
    }
    if part.version:
        told["versionInfo"] = part.version
    if part.purl:
        told["externalRefs"] = [_reference(part.purl)]
    return told


def _reference(purl: str) -> dict[str, str]:
    return {
        "referenceCategory": "PACKAGE-MANAGER",
        "referenceType": "purl",
        "referenceLocator": purl,
    }


class _Licences:
    """Those that SPDX has no identifier for, by their texts."""

    def __init__(self) -> None:
        self.texts: list[dict[str, str]] = []
        self._identifiers: dict[str, str] = {}

    def expression(self, part: Part) -> str:
        """A part's; one that names a text of its own gets that of the part."""
        if part.terms and "LicenseRef-" not in part.terms:
            return part.terms
        text = "\n".join(part.texts)
        if text not in self._identifiers:
            identifier = f"LicenseRef-{_slug(part.title)}"
            self._identifiers[text] = identifier
            self.texts.append({
                "licenseId": identifier,
                "name": f"Licence of {part.title}",
                "extractedText": text,
            })
        return self._identifiers[text]


def _relationships(
    parts: list[Part], files: list[dict[str, Any]]
) -> list[dict[str, str]]:
    inside = [file["SPDXID"] for file in files]
    inside += [_id("Package", part.title) for part in parts]
    # A library is its package's but for the paths that it looks in.
    origins = [
        (_id("File", name), _id("Package", part.title))
        for part in parts for name in sorted(part.files)
    ]
    told = [("SPDXRef-DOCUMENT", "DESCRIBES", _ROOT)]
    told += [(_ROOT, "CONTAINS", element) for element in inside]
    told += [(file, "GENERATED_FROM", package) for file, package in origins]
    return [
        {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}
        for one, kind, other in told
    ]
