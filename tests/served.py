# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures: the real server, and the models that it serves.

What tests/e2e, tests/faults and tests/soak share; tests/conftest.py names it to
pytest.

Environment:
    STRATA_BIN_DIR       holds strata-server and strata (build/release/bin)
    STRATA_TEST_MODELS   where the models are built once (build/test-models)
"""

import os
import pathlib
import shutil
import sys
from collections.abc import Callable

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "deploy"))

from server_process import ServerProcess  # noqa: E402

import strata  # noqa: E402

# Nothing sends these servers traffic that would have to look away first; and
# the threads of a forward, waiting for each other, would take many times as
# long on a machine that the tests keep busy.
_FLAGS = {"--lame-duck": "0s", "--intra-op-threads": "1"}


def folder_from(variable: str, default: str) -> pathlib.Path:
    return pathlib.Path(os.environ.get(variable) or ROOT / default).absolute()


@pytest.fixture(scope="session")
def bin_dir() -> pathlib.Path:
    return folder_from("STRATA_BIN_DIR", "build/release/bin")


@pytest.fixture(scope="session")
def models() -> pathlib.Path:
    """A repository of the demo's models, and of falcon-planted."""
    import planted

    from strata import demo_models

    repository = folder_from("STRATA_TEST_MODELS", "build/test-models")
    demo_models.build(repository)
    planted.build(repository)
    return repository


@pytest.fixture(scope="session")
def built() -> pathlib.Path:
    """Where the models of test_product.py are built, beside the others."""
    folder = folder_from("STRATA_TEST_MODELS", "build/test-models")
    return folder.with_name(folder.name + "-product")


@pytest.fixture(scope="session")
def serve(bin_dir) -> Callable[..., ServerProcess]:
    """serve(repository, *flags): a context manager of a running server."""

    def start(repository: pathlib.Path, *flags: str) -> ServerProcess:
        chosen = _FLAGS | dict(flag.split("=", 1) for flag in flags)
        return ServerProcess(
            bin_dir / "strata-server",
            repository,
            [f"{name}={value}" for name, value in chosen.items()],
        )

    return start


@pytest.fixture(scope="session")
def server(serve, models):
    """A server of all the models; it must exit with 0 when it is stopped."""
    with serve(models) as process:
        yield process


@pytest.fixture(scope="session")
def client(server):
    with strata.Client(server.address, timeout=120, retries=0) as client:
        yield client


@pytest.fixture(scope="session")
def text_models(models, tmp_path_factory) -> pathlib.Path:
    """bert-pairs, falcon-random, and falcon-spm, whose tokenizer is another."""
    import pair_model

    repository = tmp_path_factory.mktemp("text") / "repository"
    pair_model.build(repository, models)
    shutil.copytree(models / "falcon-random", repository / "falcon-random")
    pair_model.build_with_sentence_piece(repository / "falcon-spm", models)
    return repository


@pytest.fixture(scope="session")
def text_server(serve, text_models):
    with serve(text_models) as process:
        yield process


@pytest.fixture(scope="session")
def small(models, tmp_path_factory) -> pathlib.Path:
    """A repository of one small model, "m"."""
    folder = tmp_path_factory.mktemp("small") / "repository"
    folder.mkdir()
    (folder / "m").symlink_to(models / "falcon-random")
    return folder


@pytest.fixture
def repository(tmp_path) -> pathlib.Path:
    """An empty repository of the test's own."""
    folder = tmp_path / "repository"
    folder.mkdir()
    return folder


@pytest.fixture
def add_model(models, repository) -> Callable[..., pathlib.Path]:
    """add_model(name, version): a copy of the small decoder; its folder."""

    def add(name: str, version: int = 1) -> pathlib.Path:
        destination = repository / name / str(version)
        shutil.copytree(models / "falcon-random" / "1", destination)
        return destination

    return add


@pytest.fixture(scope="session")
def otlp(tmp_path_factory):
    """The collector's protos, generated once."""
    import collector

    collector.generate(tmp_path_factory.mktemp("otlp"))


@pytest.fixture
def collector(otlp):
    """Where a server can send its spans."""
    from collector import Collector

    with Collector() as running:
        yield running
