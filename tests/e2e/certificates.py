# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Certificates for the tests, made by the openssl command."""

from __future__ import annotations

import pathlib
import subprocess


class Certificate:
    """PEM files of a certificate and its key, good for a day on 127.0.0.1.

    Without `authority` it vouches for itself, and may for others.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        name: str,
        authority: Certificate | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate = folder / f"{name}.pem"
        self.key = folder / f"{name}.key"
        vouching = []
        if authority is not None:
            vouching = ["-CA", authority.certificate, "-CAkey", authority.key]
            # Some clients trust no server that shows an authority's.
            vouching += ["-addext", "basicConstraints=critical,CA:FALSE"]
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-days", "1", "-nodes"),
                *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
                *("-subj", f"/CN={name}"),
                *("-addext", f"subjectAltName=IP:127.0.0.1,DNS:{name}"),
                *("-keyout", self.key, "-out", self.certificate),
                *vouching,
            ],
            check=True,
            capture_output=True,
        )

    @property
    def flags(self) -> list[str]:
        """Of a server that shows it."""
        return [
            f"--tls-certificate={self.certificate}",
            f"--tls-key={self.key}",
        ]

    def replace_by(self, other: Certificate) -> None:
        """Puts another's files in the place of these, one after the other."""
        self.certificate.write_bytes(other.certificate.read_bytes())
        self.key.write_bytes(other.key.read_bytes())
