# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The installed package with the oldest and newest that it allows.

Every test of this folder runs again, against the package as pip installs it,
in environments of their own.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import sys
import tomllib

import pytest

FOLDER = pathlib.Path(__file__).resolve().parent
PACKAGE = FOLDER.parents[2] / "client" / "python"
sys.path.append(str(FOLDER.parent))

from toolchain import missing, run  # noqa: E402

# The oldest packages have no wheels for newer Pythons.
MATRIX = [
    ("3.10", "lowest"),
    ("3.11", "lowest"),
    ("3.10", "newest"),
    ("3.11", "newest"),
    ("3.12", "newest"),
    ("3.13", "newest"),
]


def interpreter(version: str) -> str:
    """Python of this version: one that pyenv installed, or that in PATH."""
    # Those first, for pyenv puts commands into PATH of versions not in use.
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    installed = sorted(pyenv.glob(f"versions/{version}.*/bin/python"))
    found = installed[-1] if installed else shutil.which(f"python{version}")
    if found is None:
        missing(f"Python {version} is needed; pyenv and PATH have none")
    return str(found)


def lowest() -> list[str]:
    """The oldest packages that pyproject.toml allows, as pip's constraints."""
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    needed = project["dependencies"] + project["optional-dependencies"]["encode"]
    assert all(re.fullmatch(r"[\w-]+>=[\d.]+", one) for one in needed)
    return [one.replace(">=", "==") for one in needed]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The package, built once from a copy, since building writes beside it."""
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(
        PACKAGE,
        folder / "python",
        ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"),
    )
    run(
        *(sys.executable, "-m", "pip", "wheel", "--no-deps"),
        *("-w", folder, folder / "python"),
    )
    [built] = folder.glob("*.whl")
    return built


def test_the_stubs_take_what_is_older_than_their_generators():
    """Newer generators write checks that refuse older packages."""
    stubs = list((PACKAGE / "strata" / "v1").glob("*_pb2*.py"))
    assert stubs
    for stub in stubs:
        text = stub.read_text()
        assert "runtime_version" not in text
        assert "GRPC_GENERATED_VERSION" not in text


@pytest.mark.nightly
@pytest.mark.parametrize(("python", "packages"), MATRIX)
def test_the_package_with(python, packages, wheel, tmp_path):
    run(interpreter(python), "-m", "venv", tmp_path / "venv")
    own = tmp_path / "venv" / "bin" / "python"
    install = (own, "-m", "pip", "install", "--disable-pip-version-check")
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("\n".join(lowest() if packages == "lowest" else []))
    run(*install, "-c", constraints, f"{wheel}[encode]", "pytest")
    run(own, "-m", "pip", "check")
    # Away from the sources, so that what is tested is what pip installed.
    shutil.copytree(
        FOLDER,
        tmp_path / "tests",
        ignore=shutil.ignore_patterns("__pycache__", "test_matrix.py"),
    )
    print(
        run(
            *(own, "-m", "pytest", "-q", "-rs", "."),
            folder=tmp_path / "tests",
            PYTHONPATH="",
            GRPC_ENABLE_FORK_SUPPORT="0",
        )
    )
