# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The clients in other languages: each one's own tests, and its example.

They are built and run against real servers, and compare numbers with what the
Python client is answered. A language whose toolchain is missing is skipped.
"""

import re
import shutil

import client_setting
import pytest
from client_setting import ATTEMPTS
from toolchain import BUILD, ROOT, copy_of, need, npm_ci, run

PROTO = ROOT / "proto"
GO = ROOT / "client" / "go"


@pytest.fixture(scope="module")
def setting(serve, small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("setting")
    with client_setting.running(serve, small, folder) as running:
        yield running


def run_tests(setting, *command, **options) -> str:
    """Runs a language's own tests; returns what they print.

    They ask the full server once, with ATTEMPTS attempts.
    """
    before = setting.refusals()
    printed = run(*command, STRATA_CLIENT_TEST=setting.file, **options)
    assert setting.refusals() - before == ATTEMPTS
    return printed


def check_example(setting, *command, **options) -> None:
    """An example prints what it is answered, with a token over TLS too.

    Its options are those of every language's.
    """
    shapes = setting.shapes()
    for words, environment in [
        ([setting.address], {}),
        (
            [
                f"--root-certificates={setting.root_certificates}",
                "--model=m",
                setting.tls_address,
            ],
            {"STRATA_TOKEN": setting.token},
        ),
    ]:
        printed = run(*command, *words, **environment, **options)
        assert re.search(r"model m, version 1: .*ready", printed, re.IGNORECASE)
        assert shapes == [
            [int(number) for number in re.findall(r"\d+", shape)]
            for shape in re.findall(r"(?:states|pooled) \[(.*?)\]", printed)
        ], printed
        assert "100 requests answered over one stream" in printed


def need_go() -> None:
    [least] = re.findall(r"^go (\S+)$", (GO / "go.mod").read_text(), re.M)
    need("go", "version", least=least)


def test_go(setting, tmp_path):
    need_go()
    printed = run_tests(
        setting, "go", "test", "-count=1", "-v", "./...", folder=GO
    )
    assert "--- PASS: TestEncodeAll" in printed
    assert "--- SKIP" not in printed
    example = tmp_path / "example"
    run("go", "build", "-o", example, "./example", folder=GO)
    check_example(setting, example)


def test_the_generated_go_is_that_of_the_protos(tmp_path):
    need_go()
    need("protoc", "--version", least="3.21")
    run(GO / "generate.sh", tmp_path)
    made = {x.name: x for x in (tmp_path / "strata" / "v1").iterdir()}
    committed = {x.name: x for x in (GO / "strata" / "v1").iterdir()}
    assert made.keys() == committed.keys()
    for name, file in committed.items():
        assert without_protoc(file) == without_protoc(made[name]), (
            f"{name} is stale; run client/go/generate.sh"
        )


def without_protoc(file) -> list[str]:
    """A file's lines, but for protoc's version: any will do."""
    lines = file.read_text().splitlines()
    return [x for x in lines if not re.match(r"// [-\s]*protoc +v", x)]


def test_go_is_well_kept():
    need_go()
    run("go", "vet", "./...", folder=GO)
    assert run("gofmt", "-l", ".", folder=GO) == ""


def test_a_go_module_that_uses_the_client(tmp_path):
    """As client/go/README.md says."""
    need_go()
    (tmp_path / "main.go").write_text(
        "package main\n\n"
        'import "strata.example/client/go/strata"\n\n'
        'func main() { strata.Dial("127.0.0.1:50051", strata.Options{}) }\n'
    )
    for line in (
        "go mod init user.example/user",
        f"go mod edit -replace strata.example/client/go={GO}",
        "go mod tidy",
        "go run .",
    ):
        run(*line.split(), folder=tmp_path)


def test_cpp(setting, bin_dir, tmp_path):
    """A project of its own finds the package that is installed."""
    build = bin_dir.parent
    if not (build / "cmake_install.cmake").exists():
        pytest.skip(f"{build} is no build tree to install from")
    need("cmake", "--version", least="3.25")
    prefix = tmp_path / "prefix"
    run("cmake", "--install", build, "--prefix", prefix)
    # Nothing of what the package was built from may be needed.
    for file in prefix.rglob("*.cmake"):
        assert str(ROOT) not in file.read_text(), file
    user = BUILD / "cpp"
    shutil.rmtree(user, ignore_errors=True)
    run(
        *("cmake", "-S", ROOT / "client" / "cpp" / "example", "-B", user),
        *("-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}"),
        *ccache(),
    )
    run("cmake", "--build", user)
    check_example(setting, user / "strata-client-example")


def ccache() -> list[str]:
    """What has CMake's compiler asked by way of a cache, where there is one."""
    launcher = "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"
    return [launcher] if shutil.which("ccache") else []


@pytest.mark.nightly
def test_node(setting):
    need("node", "--version", least="20")
    need("npm", "--version", least="9")
    need("protoc", "--version", least="3.21")
    folder = copy_of("node")
    npm_ci(folder)
    run("npm", "run", "build", folder=folder, STRATA_PROTO=PROTO)
    printed = run_tests(setting, "npm", "test", folder=folder)
    assert re.search(r"^# pass 1\d$", printed, re.M), printed
    assert "# skipped 0" in printed
    check_example(setting, "node", folder / "dist" / "src" / "example.js")


@pytest.mark.nightly
def test_rust(setting):
    need("cargo", "--version", least="1.88")
    need("protoc", "--version", least="3.21")
    target = BUILD / "rust"
    build = {
        "folder": ROOT / "client" / "rust",
        "CARGO_TARGET_DIR": target,
    }
    printed = run_tests(setting, "cargo", "test", "--locked", **build)
    assert "test many_requests_are_answered_over_one_stream ... ok" in printed
    assert "; 0 failed; 0 ignored;" in printed
    run("cargo", "build", "--locked", "--example", "encode", **build)
    check_example(setting, target / "debug" / "examples" / "encode")


@pytest.mark.nightly
def test_java(setting):
    need("java", "-version", least="17")
    need("mvn", "-version", least="3.6")
    folder = copy_of("java")
    printed = run_tests(
        setting,
        *("mvn", "-B", "-ntp", "package", f"-Dstrata.proto={PROTO}"),
        folder=folder,
    )
    assert re.search(
        r"Tests run: \d+, Failures: 0, Errors: 0, Skipped: 0$", printed, re.M
    )
    jar = folder / "target" / "strata-client.jar"
    check_example(setting, "java", "-jar", jar)
