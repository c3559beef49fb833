# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The archive of `make package`, unpacked elsewhere."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tarfile

import pages
import pytest
from server_process import ServerProcess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[1:1] = [str(ROOT / "deploy"), str(ROOT / "tests" / "client")]

import crate_licenses  # noqa: E402
import notices  # noqa: E402
import package  # noqa: E402
import sbom  # noqa: E402
from toolchain import missing, run  # noqa: E402

UNIT = ROOT / "deploy" / "systemd" / "strata-server.service"
ENVIRONMENT = ROOT / "deploy" / "systemd" / "strata-server.env"
# What is in /opt/strata of the CUDA image; a Debian comes to it.
LARGEST_CUDA_PACKAGE = 4.8e9
# What a shared object that is none of the machine's own lies beside.
SHARED_OBJECT = re.compile(r"\S+\.so(\.\d+)*$")


def settings() -> list[tuple[str, str]]:
    """The unit's, as ("Type", "exec"), in their order."""
    return re.findall(r"^(\w+)=(.*)$", UNIT.read_text(), re.M)


def only(name: str) -> str:
    [value] = [value for key, value in settings() if key == name]
    return value


def options_of_the_unit() -> dict[str, str]:
    """What it and its file set, as {"--lame-duck": "2s"}."""
    words = [
        word for key, value in settings() if key == "Environment"
        for word in value.split()
    ]
    words += re.findall(r"^(STRATA_.*)$", ENVIRONMENT.read_text(), re.M)
    told = dict(word.split("=", 1) for word in words)
    return {
        "--" + name.removeprefix("STRATA_").lower().replace("_", "-"): value
        for name, value in told.items()
    }


def seconds(value: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(s|min)", value).groups()
    return float(number) * {"s": 1, "min": 60}[unit]


# --- What needs no archive


@pytest.mark.parametrize(
    "name", ["libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "libcuda.so.1"]
)
def test_what_belongs_to_the_machine_stays_there(name):
    assert package.OF_THE_MACHINE.fullmatch(name)


@pytest.mark.parametrize(
    "name",
    ["libcurl.so.4", "libcublas.so.13", "libresolver.so.1", "libcudart.so.13",
     "libstdc++.so.6", "libnvrtc.so.13"],
)
def test_what_does_not_is_carried(name):
    assert not package.OF_THE_MACHINE.fullmatch(name)


def test_libtorch_is_told_from_what_else_there_is():
    assert package.OF_LIBTORCH.fullmatch("libtorch_cpu.so")
    assert package.OF_LIBTORCH.fullmatch("libgomp.so.1")
    assert not package.OF_LIBTORCH.fullmatch("libgrpc++.so.1.51")


def test_without_a_build_there_is_no_package(tmp_path):
    with pytest.raises(package.Failure, match="no .*strata-server; build it"):
        package.libraries(tmp_path, tmp_path, "cpu")


def test_cuda_wants_a_libtorch_that_has_it(tmp_path):
    (tmp_path / "lib").mkdir()
    with pytest.raises(package.Failure, match="has no libtorch_cuda.so"):
        package.opened(tmp_path)


def test_a_library_that_is_nobodys_is_an_error(tmp_path):
    file = tmp_path / "libmystery.so.1"
    file.touch()
    with pytest.raises(notices.NoLicence, match="libmystery.so.1 may be"):
        notices.of_libraries({file.name: file})


def test_each_library_is_somebodys(bin_dir):
    carried = package.libraries(bin_dir, package.dependencies()["TORCH"], "cpu")
    assert set(carried) > {"libtorch_cpu.so", "libgrpc++.so.1.51"}
    told = [x for part in notices.of_libraries(carried) for x in part.files]
    assert sorted(told) == sorted(f"lib/{name}" for name in carried)


def test_a_text_of_several_is_there_once():
    text = notices.document("it", [
        notices.Part("one", "1", "MIT", ["Permit all.\n"], ["lib/one.so"]),
        notices.Part("two", "2", texts=["Permit all.\n"]),
        notices.Part("three", "3", texts=["see /usr/share/common-licenses/GPL-3."]),
    ])
    assert text.count("Permit all.") == 1
    assert "The text is the same as that of one 1." in text
    assert "Licence: MIT\nIn this package: lib/one.so\n" in text
    if pathlib.Path("/usr/share/common-licenses/GPL-3").exists():
        assert "GNU GENERAL PUBLIC LICENSE" in text


def test_parts_of_one_title_are_one():
    [part, newer] = notices.merged([
        notices.Part("zlib", "1", files=["lib/a"]),
        notices.Part("zlib", "1", files=["lib/b"]),
        notices.Part("zlib", "2", files=["lib/c"]),
    ])
    assert part.files == ["lib/a", "lib/b"]
    assert newer.files == ["lib/c"]


def test_a_wheel_says_what_it_is(tmp_path):
    folder = tmp_path / "nvidia_cuda_thing-13.0+x.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(
        "Name: nvidia_cuda.Thing\nVersion: 13.0+x\n"
        "Author-email: Its Team <team@nvidia.example>\nLicense: MIT\n\n"
        "License: of the description\n"
    )
    (folder / "RECORD").write_text(
        "lib/thing.so,,\nnvidia_cuda_thing-13.0+x.dist-info/LICENSE,,\n"
    )
    (folder / "LICENSE").write_text("Permit all.")
    part = notices.of_wheel(tmp_path / "lib" / "thing.so")
    assert part == notices.Part(
        "nvidia_cuda.Thing", "13.0+x", "MIT", ["Permit all."],
        purl="pkg:pypi/nvidia-cuda-thing@13.0%2Bx", supplier="Its Team",
    )


def test_a_crate_says_what_it_is(tmp_path):
    for name, terms in (("md-5-0.10.6", "MIT/Apache-2.0"), ("rust-std-1.88.0", "")):
        folder = tmp_path / "tokenizers" / "licenses" / name
        folder.mkdir(parents=True)
        (folder / "spdx").write_text(f"{terms}\n")
        (folder / "LICENSE").write_text("Permit all.")
    sentencepiece = tmp_path / "sentencepiece-0.2.1-0123"
    (sentencepiece / "licenses").mkdir(parents=True)
    (tmp_path / "protos").mkdir()
    *_, built, crate, standard = notices.compiled_in(
        sentencepiece, tmp_path / "tokenizers", tmp_path / "protos"
    )
    assert built.purl == "pkg:pypi/sentencepiece@0.2.1"
    assert crate == notices.Part(
        "md-5", "0.10.6", "MIT OR Apache-2.0", ["Permit all."],
        purl="pkg:cargo/md-5@0.10.6",
    )
    assert crate.title == "md-5 0.10.6 (Rust)"
    assert standard.title == "rust-std 1.88.0"
    assert standard.purl == "pkg:generic/rust-std@1.88.0"


def test_a_package_of_the_distribution_says_what_it_is():
    part = notices.debian_package("libgrpc++-dev")
    release = platform.freedesktop_os_release()
    assert part.supplier == release["NAME"]
    begin = f"pkg:deb/{release['ID']}/libgrpc%2B%2B-dev@{part.version[:4]}"
    assert part.purl.startswith(begin)
    assert "upstream=grpc%40" in part.purl


# --- The bill of materials

ZLIB = notices.Part(
    "zlib1g", "1:1.2", "", ["Use it."], ["lib/libz.so.1"],
    "pkg:deb/debian/zlib1g@1%3A1.2", "Debian GNU/Linux",
)
SERDE = notices.Part(
    "serde", "1.0.229", "MIT OR Apache-2.0", ["Permit all."],
    purl="pkg:cargo/serde@1.0.229",
)
CUBLAS = notices.Part(
    "nvidia-cublas", "13", "LicenseRef-NVIDIA-Proprietary", ["Ask us."],
)
PROTOCOLS = notices.Part("protocols of grpc", texts=["Use it."])
PARTS = [ZLIB, SERDE, CUBLAS, PROTOCOLS]
# What SPDX's own validator has to say of the file that is its argument.
VALIDATE = """
import sys
from spdx_tools.spdx.parser.error import SPDXParsingError
from spdx_tools.spdx.parser.json.json_parser import parse_from_file
from spdx_tools.spdx.validation.document_validator import (
    validate_full_spdx_document)
try:
    found = validate_full_spdx_document(parse_from_file(sys.argv[1]))
except SPDXParsingError as error:
    sys.exit("\\n".join(error.get_messages()))
sys.exit("\\n".join(message.validation_message for message in found) or 0)
"""
SPDX = ROOT / "build" / "spdx"


@pytest.fixture
def laid_out(tmp_path, monkeypatch) -> pathlib.Path:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    folder = tmp_path / "package"
    for name in ("bin/strata", "lib/libz.so.1"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(name)
    return folder


def bill_of(folder: pathlib.Path, parts: list[notices.Part]) -> dict:
    return json.loads(sbom.document("strata-1-it", "1", parts, folder))


def by_name(bill: dict) -> dict[str, dict]:
    return {package["name"]: package for package in bill["packages"]}


def relations(bill: dict, kind: str) -> set[tuple[str, str]]:
    return {
        (relation["spdxElementId"], relation["relatedSpdxElement"])
        for relation in bill["relationships"]
        if relation["relationshipType"] == kind
    }


def validate(file: pathlib.Path) -> None:
    if not SPDX.exists():
        missing(f"there is no {SPDX}; run `make setup`")
    run(sys.executable, "-c", VALIDATE, file, PYTHONPATH=SPDX)


def test_the_bill_says_of_each_part_what_it_is(laid_out):
    bill = bill_of(laid_out, PARTS)
    packages = by_name(bill)
    assert set(packages) == {"strata", *(part.name for part in PARTS)}
    zlib = packages["zlib1g"]
    assert zlib["versionInfo"] == "1:1.2"
    assert zlib["supplier"] == "Organization: Debian GNU/Linux"
    [reference] = zlib["externalRefs"]
    assert reference["referenceLocator"] == ZLIB.purl
    assert packages["serde"]["licenseDeclared"] == "MIT OR Apache-2.0"
    assert packages["serde"]["supplier"] == "NOASSERTION"
    assert not {"versionInfo", "externalRefs"} & set(packages[PROTOCOLS.name])
    root = packages["strata"]
    assert root["versionInfo"] == "1"
    assert root["licenseDeclared"] == "Apache-2.0"
    assert relations(bill, "DESCRIBES") == {("SPDXRef-DOCUMENT", root["SPDXID"])}
    inside = {x["SPDXID"] for x in bill["packages"] + bill["files"]}
    assert relations(bill, "CONTAINS") == {
        (root["SPDXID"], x) for x in inside - {root["SPDXID"]}
    }


def test_the_bill_holds_the_texts_that_spdx_has_no_name_for(laid_out):
    bill = bill_of(laid_out, PARTS)
    texts = {
        licence["licenseId"]: licence["extractedText"]
        for licence in bill["hasExtractedLicensingInfos"]
    }
    declared = {
        name: package["licenseDeclared"] for name, package in by_name(bill).items()
    }
    assert texts[declared["zlib1g"]] == "Use it."
    assert declared["protocols of grpc"] == declared["zlib1g"]
    assert texts[declared["nvidia-cublas"]] == "Ask us."
    assert len(texts) == 2


def test_the_bill_has_the_hashes_of_the_files(laid_out):
    # A bill of before is not in itself.
    (laid_out / sbom.NAME).touch()
    bill = bill_of(laid_out, PARTS)
    files = {file["fileName"]: file for file in bill["files"]}
    assert set(files) == {"./bin/strata", "./lib/libz.so.1"}
    library = files["./lib/libz.so.1"]
    sums = {x["algorithm"]: x["checksumValue"] for x in library["checksums"]}
    assert sums["SHA256"] == hashlib.sha256(b"lib/libz.so.1").hexdigest()
    zlib = by_name(bill)["zlib1g"]
    assert relations(bill, "GENERATED_FROM") == {
        (library["SPDXID"], zlib["SPDXID"])
    }


def test_equal_packages_have_equal_bills(laid_out):
    one = sbom.document("strata-1-it", "1", PARTS, laid_out)
    assert one == sbom.document("strata-1-it", "1", PARTS[::-1], laid_out)
    bill = json.loads(one)
    assert bill["creationInfo"]["created"] == "2023-11-14T22:13:20Z"
    (laid_out / "bin" / "strata").write_text("another")
    other = bill_of(laid_out, PARTS)
    assert other["documentNamespace"] != bill["documentNamespace"]


def test_a_time_that_is_none_is_said(laid_out, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "today")
    with pytest.raises(sbom.Mistake, match='is "today"; expected seconds'):
        bill_of(laid_out, PARTS)
    # As of a build argument that nobody has set.
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "")
    assert bill_of(laid_out, PARTS)["creationInfo"]["created"].endswith("Z")


def test_the_pages_command_reads_the_bill(laid_out):
    command = pages.block("docs/install.md", "sh", sbom.NAME).code
    [named] = re.findall(r"< (\S+)/strata.spdx.json", command)
    unpacked = laid_out.rename(laid_out.parent / named)
    bill = sbom.document(named, "1", PARTS, unpacked)
    (unpacked / sbom.NAME).write_text(bill)
    printed = run("bash", "-c", command, folder=unpacked.parent)
    assert "serde 1.0.229 MIT OR Apache-2.0\n" in printed


def test_spdx_takes_the_bill(laid_out):
    file = laid_out / sbom.NAME
    bill = sbom.document("strata-1-it", "1", PARTS, laid_out)
    file.write_text(bill)
    validate(file)
    file.write_text(bill.replace("MIT OR Apache-2.0", "MIT/Apache-2.0"))
    with pytest.raises(AssertionError, match="MIT/Apache-2.0"):
        validate(file)


def test_spdx_takes_the_bill_of_what_is_really_carried(laid_out, bin_dir):
    """Whose versions, terms and names are what others wrote."""
    places = package.dependencies()
    carried = package.libraries(bin_dir, places["TORCH"], "cpu")
    parts = package.parts_of(carried, places)
    (laid_out / "lib" / "libz.so.1").unlink()
    for name in carried:
        (laid_out / "lib" / name).touch()
    file = laid_out / sbom.NAME
    file.write_text(sbom.document("strata-1-it", "1", parts, laid_out))
    validate(file)
    check_bill(laid_out)


def check_bill(folder: pathlib.Path) -> None:
    bill = json.loads((folder / sbom.NAME).read_text())
    identifiers = [x["SPDXID"] for x in bill["packages"] + bill["files"]]
    assert len(identifiers) == len(set(identifiers))
    packages = by_name(bill)
    assert packages["torch"]["licenseDeclared"] == "BSD-3-Clause"
    assert packages["tokenizers"]["licenseDeclared"] == "Apache-2.0"
    unnumbered = {x for x in packages if "versionInfo" not in packages[x]}
    assert all(name.startswith("protocols of ") for name in unnumbered)
    purls = {
        name: package["externalRefs"][0]["referenceLocator"].split("@")[0]
        for name, package in packages.items() if name not in unnumbered
    }
    distribution = platform.freedesktop_os_release()["ID"]
    assert purls.items() >= {
        "torch": "pkg:pypi/torch", "serde": "pkg:cargo/serde",
        "libgrpc++1.51": f"pkg:deb/{distribution}/libgrpc%2B%2B1.51",
        "sentencepiece": "pkg:pypi/sentencepiece",
        "rust-std": "pkg:generic/rust-std", "strata": "pkg:generic/strata",
    }.items()
    # Each library is somebody's.
    libraries = {
        file["SPDXID"] for file in bill["files"]
        if file["fileName"].startswith("./lib/")
    }
    origins = relations(bill, "GENERATED_FROM")
    assert libraries and {file for file, _ in origins} == libraries


def test_what_is_compiled_in_is_what_is_installed_for_the_build():
    """Every library that bootstrap.sh installs, but for those of the tests."""
    script = (ROOT / "deploy" / "bootstrap.sh").read_text()
    [words] = re.findall(r"BUILD_PACKAGES=\((.*?)\)", script, re.DOTALL)
    libraries = {word for word in words.split() if word.endswith("-dev")}
    assert libraries - {"libgmock-dev", "libgtest-dev", "python3-dev"} == set(
        notices.COMPILED_IN
    )


def test_crates_that_only_help_to_build_are_left_out():
    def crate(name, kind="lib"):
        return {"id": name, "targets": [{"kind": [kind]}]}

    def dependency(name, kind=None):
        return {"pkg": name, "dep_kinds": [{"kind": kind}]}

    assert crate_licenses.linked({
        "packages": [crate("us"), crate("used"), crate("deep"), crate("builds"),
                     crate("tests"), crate("macro", "proc-macro")],
        "resolve": {"root": "us", "nodes": [
            {"id": "us", "deps": [dependency("used"), dependency("macro"),
                                  dependency("builds", "build"),
                                  dependency("tests", "dev")]},
            {"id": "used", "deps": [dependency("deep")]},
            {"id": "deep", "deps": []},
        ]},
    }) == {"used", "deep"}


# --- The unit of systemd


def test_its_options_are_the_servers(bin_dir):
    text = run(bin_dir / "strata-server", "--help")
    told = options_of_the_unit()
    assert set(told) <= set(re.findall(r"^ +(--[a-z-]+)", text, re.M))
    # Nobody else can call what has neither TLS nor tokens.
    assert told["--listen"].startswith("127.0.0.1:")


def test_a_drain_is_let_come_to_its_end():
    told = options_of_the_unit()
    drain = seconds(told["--drain-timeout"])
    assert seconds(told["--lame-duck"]) < drain
    assert seconds(only("TimeoutStopSec")) >= drain + 15


def test_the_server_writes_where_the_unit_lets_it():
    written = pathlib.Path(options_of_the_unit()["--report-directory"])
    assert written == pathlib.Path("/var/lib") / only("StateDirectory")
    assert only("ProtectSystem") == "strict"


@pytest.fixture
def unit(bin_dir, tmp_path) -> pathlib.Path:
    """The unit, with the program where it is."""
    if not shutil.which("systemd-analyze"):
        missing("there is no systemd-analyze")
    file = tmp_path / UNIT.name
    file.write_text(
        UNIT.read_text().replace("/opt/strata/bin", str(bin_dir))
    )
    return file


def test_systemd_finds_no_mistake_in_it(unit):
    assert run("systemd-analyze", "verify", "--man=no", unit) == ""


def test_systemd_finds_it_closed(unit):
    # Of 10, which is a service that nothing keeps from anything.
    run("systemd-analyze", "security", "--offline=true", "--threshold=20", unit)


# --- The archive


def make(
    variant: str, binaries: pathlib.Path, elsewhere: pathlib.Path
) -> pathlib.Path:
    """Makes the archive and unpacks it; where."""
    for old in (ROOT / "build").glob(f"strata-*-{variant}.tar.gz"):
        old.unlink()
    run(ROOT / "deploy" / "package.py", f"--torch={variant}", f"--bin={binaries}")
    [archive] = (ROOT / "build").glob(f"strata-*-{variant}.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(elsewhere, filter="data")
    archive.unlink()
    [folder] = elsewhere.iterdir()
    return folder


@pytest.fixture(scope="module")
def packed(bin_dir, tmp_path_factory) -> pathlib.Path:
    return make("cpu", bin_dir, tmp_path_factory.mktemp("unpacked"))


@pytest.fixture
def bare(monkeypatch) -> None:
    """Nothing in the environment that would help a program to its libraries."""
    for name in ("LD_LIBRARY_PATH", "LD_PRELOAD", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


def serve(folder: pathlib.Path, models: pathlib.Path, *flags: str) -> ServerProcess:
    return ServerProcess(
        folder / "bin" / "strata-server", models,
        ["--intra-op-threads=1", "--lame-duck=0s", *flags],
    )


def encode(folder: pathlib.Path, server: ServerProcess) -> str:
    return subprocess.run(
        [folder / "bin" / "strata", "encode", "--model=minilm", "A text."],
        check=True, capture_output=True, text=True,
        env=dict(os.environ, STRATA_SERVER=server.address),
    ).stdout


def libraries_of(server: ServerProcess) -> set[pathlib.Path]:
    """The shared objects that it has loaded."""
    maps = pathlib.Path(f"/proc/{server.pid}/maps").read_text()
    paths = {line.split(maxsplit=5)[-1] for line in maps.splitlines()}
    return {pathlib.Path(path) for path in paths if SHARED_OBJECT.match(path)}


@pytest.mark.nightly
@pytest.mark.usefixtures("bare")
def test_it_starts_where_there_is_nothing_but_glibc(packed, models):
    with serve(packed, models) as server:
        assert "[1, 5, 384]" in encode(packed, server)
        loaded = libraries_of(server)
    others = {path.name for path in loaded if packed not in path.parents}
    assert {path.name for path in loaded} > {"libtorch_cpu.so", "libz.so.1"}
    assert all(package.OF_THE_MACHINE.fullmatch(name) for name in others), others


@pytest.mark.nightly
def test_it_holds_a_unit_the_notices_and_the_bill_of_all(packed):
    assert (packed / "systemd" / UNIT.name).exists()
    assert (packed / "LICENSE").exists()
    check_notices(packed)
    validate(packed / sbom.NAME)
    check_bill(packed)
    bill = json.loads((packed / sbom.NAME).read_text())
    for file in bill["files"]:
        [told] = [
            x["checksumValue"] for x in file["checksums"]
            if x["algorithm"] == "SHA256"
        ]
        content = (packed / file["fileName"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == told, file["fileName"]


def check_notices(folder: pathlib.Path) -> None:
    text = (folder / "THIRD-PARTY-NOTICES").read_text()
    told = {
        name for names in re.findall(r"^In this package: (.*)$", text, re.M)
        for name in names.split(", ")
    }
    there = {
        str(file.relative_to(folder))
        for file in folder.rglob("*.so*") if file.is_file()
    }
    assert there and told == there
    for words in (
        "\ntorch 2.", "From PyTorch:", "\nsentencepiece 0.", "Susumu Yata",
        "\ntokenizers 0.", "\nserde 1.", "\nonig_sys ", "Oniguruma",
        "\nrust-std 1.", "\nlibgrpc++1.51", "\nnlohmann-json3-dev",
        "Niels Lohmann", "\nprotocols of triton",
        "Text of /usr/share/common-licenses/Apache-2.0",
    ):
        assert words in text, words


@pytest.mark.nightly
def test_the_one_without_libtorch_takes_the_machines(
    bin_dir, models, tmp_path, monkeypatch
):
    folder = make("none", bin_dir, tmp_path)
    assert not list((folder / "lib").glob("libtorch*"))
    # Its launcher asks python3 where LibTorch is.
    python = pathlib.Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{python}:{os.environ['PATH']}")
    with serve(folder, models) as server:
        assert folder / "lib" / "libgrpc++.so.1.51" in libraries_of(server)
        assert "[1, 5, 384]" in encode(folder, server)


@pytest.mark.nightly
def test_the_one_for_cuda_holds_what_libtorch_opens(bin_dir, tmp_path):
    folder = tmp_path / "strata"
    run(ROOT / "deploy" / "package.py", "--torch=cuda", f"--bin={bin_dir}",
        f"--folder={folder}")
    there = list(folder.rglob("*"))
    size = sum(file.stat().st_size for file in there if file.is_file())
    assert 2e9 < size < LARGEST_CUDA_PACKAGE
    names = {file.name for file in there}
    assert names >= {"libtorch_cuda.so", "libtorch_cuda_linalg.so",
                     "libcaffe2_nvrtc.so"}
    for opened in ("libcudnn_ops.so", "libnvrtc-builtins.so", "libnvrtc.so"):
        assert any(name.startswith(opened) for name in names), opened
    check_notices(folder)
    validate(folder / sbom.NAME)
    check_bill(folder)
    # Each finds what it needs beside it; only the driver's are not there.
    for library in (folder / "lib").iterdir():
        found = run("ldd", library, LD_LIBRARY_PATH=folder / "lib")
        absent = re.findall(r"^\s*(\S+) => not found", found, re.M)
        assert set(absent) <= {"libcuda.so.1"}, library
        others = re.findall(r"=> (/\S+)", found)
        assert all(
            pathlib.Path(path).parent == folder / "lib"
            or package.OF_THE_MACHINE.fullmatch(pathlib.Path(path).name)
            for path in others
        ), found
