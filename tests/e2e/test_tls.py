# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Encrypted connections, by real certificates and a real server."""

import os
import ssl
import subprocess

import grpc
import pytest
from certificates import Certificate

import strata


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Certificate(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture(scope="module")
def shown(tmp_path_factory, authority):
    """The certificate of the servers here."""
    return Certificate(tmp_path_factory.mktemp("shown"), "shown", authority)


@pytest.fixture(scope="module")
def tls_server(serve, small, shown):
    with serve(small, *shown.flags) as server:
        yield server


@pytest.fixture(scope="module")
def mutual_server(serve, small, shown, authority):
    flag = f"--tls-client-ca={authority.certificate}"
    with serve(small, *shown.flags, flag) as server:
        yield server


def pieces(server, **connection) -> int:
    """Of a text, by a call over a connection of its own."""
    with strata.Client(
        server.address, timeout=60, retries=0, **connection
    ) as client:
        return client.encode(["A text."])[0].piece_count


def expect_no_connection(server, **connection) -> None:
    with pytest.raises(strata.StrataError) as raised:
        pieces(server, **connection)
    assert raised.value.code is grpc.StatusCode.UNAVAILABLE


def command(bin_dir, server, *arguments, **environment):
    return subprocess.run(
        [bin_dir / "strata", "--server", server.address, *arguments],
        capture_output=True,
        text=True,
        env=dict(os.environ, **environment),
    )


def test_a_client_that_trusts_the_authority_is_served(tls_server, authority):
    roots = authority.certificate.read_bytes()
    assert pieces(tls_server, root_certificates=roots) > 0


def test_plaintext_is_refused(tls_server):
    expect_no_connection(tls_server)


def test_another_authority_is_not_trusted(tls_server, tmp_path):
    stranger = Certificate(tmp_path, "authority")
    expect_no_connection(
        tls_server, root_certificates=stranger.certificate.read_bytes()
    )


def test_old_protocols_are_refused(tls_server):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    # Else this side's own policy would already refuse them.
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError):
        handshake(tls_server, context)


def handshake(server, context: ssl.SSLContext) -> bytes:
    """The certificate that the server shows."""
    import socket

    host, port = server.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=30) as plain:
        with context.wrap_socket(plain, server_hostname=host) as encrypted:
            return encrypted.getpeercert(binary_form=True)


def test_the_command_line(bin_dir, tls_server, authority):
    done = command(
        bin_dir, tls_server, "models", "--tls-ca", authority.certificate
    )
    assert done.returncode == 0, done.stderr
    assert "READY" in done.stdout
    done = command(bin_dir, tls_server, "--timeout", "5", "models")
    assert done.returncode == 3
    done = command(bin_dir, tls_server, "--tls-ca", "/nowhere", "models")
    assert done.returncode == 2
    assert '--tls-ca: "/nowhere" cannot be read' in done.stderr


def test_a_client_has_to_show_a_certificate(
    mutual_server, authority, tmp_path
):
    roots = authority.certificate.read_bytes()
    expect_no_connection(mutual_server, root_certificates=roots)
    stranger = Certificate(tmp_path, "stranger")
    expect_no_connection(
        mutual_server,
        root_certificates=roots,
        certificate=stranger.certificate.read_bytes(),
        key=stranger.key.read_bytes(),
    )
    known = Certificate(tmp_path, "known", authority)
    count = pieces(
        mutual_server,
        root_certificates=roots,
        certificate=known.certificate.read_bytes(),
        key=known.key.read_bytes(),
    )
    assert count > 0


def test_the_command_line_shows_a_certificate(
    bin_dir, mutual_server, authority, tmp_path
):
    known = Certificate(tmp_path, "known", authority)
    options = ["models", "--tls-ca", authority.certificate]
    shown = ["--tls-certificate", known.certificate, "--tls-key", known.key]
    done = command(bin_dir, mutual_server, *options, *shown)
    assert done.returncode == 0, done.stderr
    done = command(bin_dir, mutual_server, *options, "--timeout", "5")
    assert done.returncode == 3


def test_a_health_check_of_the_image_shows_a_certificate(
    bin_dir, mutual_server, authority, tmp_path
):
    """Which has no flags of its own, and the server's variables."""
    known = Certificate(tmp_path, "known", authority)
    told = {
        "STRATA_TLS_CERTIFICATE": "/nowhere",
        "STRATA_TLS_KEY": "/nowhere",
        "STRATA_TLS_CA": str(authority.certificate),
        "STRATA_TLS_CLIENT_CERTIFICATE": str(known.certificate),
        "STRATA_TLS_CLIENT_KEY": str(known.key),
    }
    done = command(bin_dir, mutual_server, "health", "--timeout=4", **told)
    assert (done.returncode, done.stdout) == (0, "SERVING\n"), done.stderr
    missing = ["--tls-key", "/missing"]
    done = command(bin_dir, mutual_server, "health", *missing, **told)
    assert done.returncode == 2
    assert '--tls-key: "/missing" cannot be read' in done.stderr


def test_certificates_are_replaced_under_a_running_server(
    serve, small, tmp_path
):
    old = Certificate(tmp_path / "served", "old")
    new = Certificate(tmp_path / "new", "new")
    old_roots = old.certificate.read_bytes()
    new_roots = new.certificate.read_bytes()
    with serve(small, *old.flags, "--credentials-reload=0s") as server:
        kept = strata.Client(
            server.address, timeout=60, root_certificates=old_roots, retries=0
        )
        assert kept.encode(["Before."])[0].piece_count > 0
        key = old.key.read_bytes()
        old.key.write_bytes(b"broken")
        assert pieces(server, root_certificates=old_roots) > 0
        old.key.write_bytes(key)
        old.replace_by(new)
        assert pieces(server, root_certificates=new_roots) > 0
        expect_no_connection(server, root_certificates=old_roots)
        # A connection that is open goes on.
        assert kept.encode(["After."])[0].piece_count > 0
        kept.close()
    log = "\n".join(server.lines)
    assert "event=certificate_not_reloaded" in log
    assert "the key is not one" in log
    assert "broken" not in log


def test_a_key_of_another_certificate_is_said_at_the_start(
    bin_dir, small, tmp_path
):
    one = Certificate(tmp_path, "one")
    other = Certificate(tmp_path, "other")
    done = subprocess.run(
        [
            bin_dir / "strata-server",
            f"--repository={small}",
            "--listen=127.0.0.1:0",
            "--metrics-listen=off",
            f"--tls-certificate={one.certificate}",
            f"--tls-key={other.key}",
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "certificate and key do not belong together" in done.stderr
