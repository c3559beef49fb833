# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Every command in README.md and docs/ is run, or is in the one table below.

A block of sh or python that is new is run with its page (reader.py says how).
Where that cannot be, add it to ELSEWHERE, with the test that runs it, or to
CANNOT, with the reason. A page that goes on from what a block would have made
says in INSTEAD what is made in its place.
"""

import json
import os
import pathlib
import re
import shutil
import sys
import textwrap

import pages
import pytest
import reader
import tiny_checkpoints
from reader import Reader
from toolchain import BUILD, ROOT, need, run

# (page, words of the block): the test that runs it.
ELSEWHERE = {
    ("README.md", "make demo"): (
        "tests/e2e/test_demo.py",
        "test_it_shows_and_checks",
    ),
    ("README.md", "make serve"): (
        "tests/e2e/test_demo.py",
        "test_the_printed_commands_work",
    ),
    ("README.md", "grpcurl"): (
        "tests/docs/test_pages.py",
        "test_grpcurl",
    ),
    ("CONTRIBUTING.md", "proto/check.sh"): (
        "tests/client/test_protos.py",
        "test_what_is_added_is_accepted_and_then_guarded",
    ),
    ("docs/command-line.md", "tail -f log"): (
        "tests/e2e/test_readme.py",
        "test_the_pipe_of_the_command_line",
    ),
    ("docs/command-line.md", "strata completion"): (
        "tests/e2e/test_cli_completion.py",
        "test_commands",
    ),
    ("docs/docker.md", "docker build"): (
        "tests/deploy/test_docker.py",
        "test_the_image_is_small_and_says_what_it_is",
    ),
    ("docs/docker.md", "--publish"): (
        "tests/deploy/test_docker.py",
        "test_the_container_answers",
    ),
    ("docs/docker.md", "docker exec"): (
        "tests/deploy/test_docker.py",
        "test_the_container_answers",
    ),
    ("docs/install.md", "make package  "): (
        "tests/e2e/test_package.py",
        "test_it_starts_where_there_is_nothing_but_glibc",
    ),
    ("docs/install.md", "bin/strata-server --repository"): (
        "tests/e2e/test_package.py",
        "test_it_starts_where_there_is_nothing_but_glibc",
    ),
    ("docs/docker.md", "strata.spdx.json"): (
        "tests/deploy/test_docker.py",
        "test_the_image_holds_its_bill_of_materials",
    ),
    ("docs/install.md", "strata.spdx.json"): (
        "tests/e2e/test_package.py",
        "test_the_pages_command_reads_the_bill",
    ),
    ("docs/envoy.md", "generate_descriptors.py"): (
        "tests/deploy/test_envoy.py",
        "test_the_pages_command_starts_envoy",
    ),
    ("docs/envoy.md", "strata --server"): (
        "tests/deploy/test_envoy_doors.py",
        "test_the_pages_command_line",
    ),
    ("docs/envoy.md", "minilm:encode -d"): (
        "tests/deploy/test_envoy_doors.py",
        "test_the_pages_calls_by_curl",
    ),
    ("docs/envoy.md", "nobody:encode"): (
        "tests/deploy/test_envoy_doors.py",
        "test_the_pages_calls_by_curl",
    ),
    ("docs/envoy.md", "urllib"): (
        "tests/deploy/test_envoy_doors.py",
        "test_the_pages_call_from_python",
    ),
    ("docs/kubernetes.md", "values-cpu.yaml"): (
        "tests/deploy/test_kubernetes.py",
        "test_the_guides_helm_commands_are_understood",
    ),
    ("docs/kubernetes.md", "values-gpu.yaml"): (
        "tests/deploy/test_kubernetes.py",
        "test_the_guides_helm_commands_are_understood",
    ),
    ("docs/kubernetes.md", "--reset-then-reuse-values"): (
        "tests/deploy/test_kubernetes.py",
        "test_the_guides_helm_commands_are_understood",
    ),
    ("docs/kubernetes.md", "kubectl apply"): (
        "tests/deploy/test_api_server.py",
        "test_kserves_are_taken",
    ),
    ("docs/open-inference-protocol.md", "shared_memory"): (
        "tests/e2e/test_shared_memory.py",
        "test_the_calls_of_its_page",
    ),
    ("docs/open-inference-protocol.md", "perf_analyzer"): (
        "tests/e2e/test_perf_analyzer.py",
        "test_it_prints_its_table",
    ),
}

# (page, words of the block): why it cannot run here.
CANNOT = {
    ("README.md", "tiiuae/falcon-7b"): (
        "downloads 14 GB; docs/trace-your-decoder.md serves a small Falcon"
    ),
    ("CONTRIBUTING.md", "make setup"): (
        "installs packages; it has run before any test can"
    ),
    ("CONTRIBUTING.md", "make test"): (
        "it runs this test"
    ),
    ("CONTRIBUTING.md", "ctest"): (
        "runs the tests that `make test` runs"
    ),
    ("CONTRIBUTING.md", "--workflow"): (
        "builds everything anew, in another preset"
    ),
    ("docs/docker.md", "--report-directory"): (
        "wants a container engine; test_docker.py runs an image without one"
    ),
    ("docs/docker.md", "--gpus"): "wants a container engine with GPUs",
    ("docs/docker.md", "docker inspect"): "wants a container engine",
    ("docs/docker.md", "--add-host"): "wants a container engine",
    ("docs/install.md", "systemctl enable"): (
        "wants systemd as process 1; test_package.py verifies the unit"
    ),
    ("docs/install.md", "journalctl"): "wants systemd as process 1",
    ("docs/install.md", "fetch_torch.sh"): "downloads another LibTorch",
    ("docs/export.md", "tiiuae/falcon-7b"): (
        "downloads 14 GB; the next block exports a checkpoint that is here"
    ),
    ("docs/kubernetes.md", "docker push"): (
        "wants a registry; tests/deploy/test_docker.py builds the image"
    ),
    ("docs/kubernetes.md", "kubectl rollout"): (
        "wants a cluster with nodes; test_api_server.py has one without"
    ),
    ("docs/kubernetes.md", "kubectl create secret"): (
        "wants a cluster, and certificates for its names"
    ),
    ("docs/kubernetes.md", "prometheus-adapter"): (
        "wants a cluster with Prometheus"
    ),
    ("docs/migrate-from-tei.md", "sentence-transformers/"): (
        "downloads a checkpoint; make demo exports the same one"
    ),
    ("docs/secure.md", "docker run"): (
        "the beginning of a command: docs/docker.md has whole ones"
    ),
    ("docs/trace-your-decoder.md", "strata-export tiiuae"): (
        "downloads 14 GB; INSTEAD traces a small Falcon"
    ),
    ("docs/trace-your-decoder.md", "from_hf_hub"): (
        "downloads 14 GB; INSTEAD traces a small Falcon"
    ),
}

# (page, words of a block that cannot run): the code that stands for it.
INSTEAD = {
    ("docs/trace-your-decoder.md", "from_hf_hub"): """
        import json, torch
        from strata.demo_models import random_falcon
        tokenizer = json.load(open("checkpoint/tokenizer.json"))
        decoder = random_falcon(len(tokenizer["model"]["vocab"]))
        """,
}

# Pages that take too long for every change.
NIGHTLY = {"docs/export.md"}

GRPCURL = "github.com/fullstorydev/grpcurl/cmd/grpcurl"

# What is shown, and not run.
SHOWN = {"", "json", "yaml", "diff", "ini"}
RUN = {"sh", "python"}


def entry(table: dict, block: pages.Block):
    """A table's entry for a block, or None."""
    found = [
        key
        for key in table
        if key[0] == block.page and key[1] in block.code
    ]
    assert len(found) < 2, f"{block} has several entries: {found}"
    return table[found[0]] if found else None


def of(*languages: str) -> list[pages.Block]:
    return [
        block
        for page in pages.guides()
        for block in pages.blocks(page)
        if block.language in languages
    ]


def paged() -> list:
    """The pages that have something to run here."""
    run = {block.page for block in of(*RUN) if is_run(block)}
    return [
        pytest.param(x, marks=[pytest.mark.nightly] if x in NIGHTLY else [])
        for x in sorted(run)
    ]


def is_run(block: pages.Block) -> bool:
    return entry(ELSEWHERE, block) is None and entry(CANNOT, block) is None


def test_blocks_are_in_languages_that_are_known():
    unknown = [x for x in of_all() if x.language not in SHOWN | RUN]
    assert not unknown, f"write them as one of {SHOWN | RUN}, or add theirs"


def of_all() -> list[pages.Block]:
    return [x for page in pages.guides() for x in pages.blocks(page)]


def test_all_fences_are_read():
    """None is hidden by an indentation or a tilde that the reader knows not."""
    for page in pages.guides():
        text = (pages.ROOT / page).read_text()
        assert "~~~" not in text, page
        fences = re.findall(r"^\s*```", text, re.MULTILINE)
        assert len(fences) == 2 * len(pages.blocks(page)), page


@pytest.mark.parametrize("table", [ELSEWHERE, CANNOT, INSTEAD])
def test_the_tables_name_blocks_that_are_there(table):
    blocks = of(*RUN)
    for page, words in table:
        matching = [x for x in blocks if x.page == page and words in x.code]
        assert len(matching) == 1, (page, words, [str(x) for x in matching])


def test_what_runs_elsewhere_does():
    for file, name in ELSEWHERE.values():
        assert f"def {name}(" in (ROOT / file).read_text(), name


def test_a_new_block_is_run(tmp_path, monkeypatch):
    """One that nobody has thought of is neither passed over nor excused."""
    page = "* A list:\n\n  ```sh\n  false\n  ```\n"
    (tmp_path / "README.md").write_text(page)
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    [block] = of(*RUN)
    assert is_run(block) and block.code == "false\n"


@pytest.mark.parametrize("block", of("json"), ids=str)
def test_json_is_json(block):
    json.loads(block.code)


@pytest.fixture(scope="module")
def reports(tmp_path_factory) -> pathlib.Path:
    return tmp_path_factory.mktemp("reports")


def write_files(folder: pathlib.Path) -> None:
    """What the pages take for granted beside a repository."""
    import pyarrow
    import pyarrow.parquet
    from strata import demo_models

    texts = ["Hello world!", "This is a test"]
    for name in ("corpus.txt", "texts.txt"):
        (folder / name).write_text("".join(f"{x}\n" for x in texts))
    lines = [json.dumps({"id": str(i), "body": x}) for i, x in enumerate(texts)]
    (folder / "corpus.jsonl").write_text("\n".join(lines) + "\n")
    table = pyarrow.table({"text": texts})
    pyarrow.parquet.write_table(table, folder / "corpus.parquet")
    (folder / "outputs").mkdir()
    (folder / "checkpoints").mkdir()
    minilm = folder / "checkpoints" / "minilm"
    minilm.symlink_to(demo_models.minilm_checkpoint())


def write_electra(folder: pathlib.Path) -> None:
    """A checkpoint that Curated Transformers 2.x alone can read."""
    tiny_checkpoints.build(folder / "tiny")
    electra = folder / "electra"
    electra.symlink_to(folder / "tiny" / "electra")
    tiny_checkpoints.write_tokenizer(electra)


# PyTorch deprecates tracing, and warns of what it makes a constant.
@pytest.mark.filterwarnings(
    "ignore:.*torch.jit", "ignore::torch.jit.TracerWarning"
)
@pytest.mark.parametrize("page", paged())
def test_the_commands_of(page, bin_dir, models, server, reports, tmp_path):
    write_files(tmp_path)
    if page == "docs/export.md":
        write_electra(tmp_path)
    with Reader(tmp_path, bin_dir, models, server, reports, page) as read:
        for block in pages.blocks(page):
            if block.language not in RUN:
                continue
            if is_run(block):
                read.run(block)
            elif code := entry(INSTEAD, block):
                read.run(
                    pages.Block(
                        page, block.line, "python", textwrap.dedent(code)
                    )
                )


def reads(tmp_path, bin_dir, models, server) -> Reader:
    return Reader(tmp_path, bin_dir, models, server, tmp_path / "reports")


def test_a_command_that_fails_is_seen(tmp_path, bin_dir, models, server):
    with reads(tmp_path, bin_dir, models, server) as read:
        with pytest.raises(AssertionError, match="no-such-model"):
            code = "strata models no-such-model\n"
            read.run(pages.Block("a", 1, "sh", code))


def test_a_promise_that_is_broken_is_seen(tmp_path, bin_dir, models, server):
    with reads(tmp_path, bin_dir, models, server) as read:
        read.run(pages.Block("a", 1, "python", "a = 1\nprint(a)   # 1\n"))
        with pytest.raises(AssertionError, match="was not printed"):
            read.run(pages.Block("a", 3, "python", "print(a)   # (2, 3)\n"))


def test_which_commands_serve():
    assert reader.serves("strata-server --repository models\n")
    assert reader.serves("STRATA_X=1 build/release/bin/strata-server --a 1\n")
    assert not reader.serves("strata-server --help\n")
    assert not reader.serves("strata models\n")


@pytest.mark.nightly
def test_grpcurl(server, tmp_path):
    """With grpcurl itself, built once."""
    need("go", "version", least="1.24")
    grpcurl = shutil.which("grpcurl") or BUILD / "grpcurl"
    if not pathlib.Path(grpcurl).exists():
        run("go", "install", f"{GRPCURL}@v1.9.3", GOBIN=BUILD)
    shown = pages.blocks("README.md")
    [code] = [x.code for x in shown if x.code.startswith("grpcurl ")]
    code = code.replace(reader.USUAL_ADDRESS, server.address)
    answer = run("bash", "-c", code.replace("grpcurl ", f"{grpcurl} ", 1))
    assert json.loads(answer)["encodings"][0]["outputs"]


# Pages whose flags are those of others' programs too.
OF_OTHERS = {
    "docs/docker.md",
    "docs/migrate-from-tei.md",
    "docs/migrate-from-triton.md",
}


@pytest.fixture(scope="module")
def flags(bin_dir) -> set[str]:
    """Of all our programs, as their help says."""
    programs = [
        [bin_dir / "strata-server"],
        *([bin_dir / "strata", *x] for x in ([], ["encode"], ["top"])),
        [sys.executable, "-m", "strata.encode"],
        [sys.executable, "-m", "strata.export"],
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "client" / "python")}
    helped = [run(*x, "--help", **environment) for x in programs]
    return set(re.findall(r"--[a-z][a-z-]+", "".join(helped)))


@pytest.mark.parametrize("page", sorted(set(pages.guides()) - OF_OTHERS))
def test_the_flags_that_it_names_are_there(page, flags):
    named = set(re.findall(r"`(--[a-z-]+)", pages.prose(page)))
    others = {"--accept", "--only"}  # Of proto/check.sh and make bench.
    assert named <= flags | others


@pytest.mark.parametrize("page", pages.guides())
def test_the_metrics_that_it_names_are_there(page):
    known = (ROOT / "server" / "README.md").read_text()
    # What prometheus-adapter makes of one.
    known += "strata_queue_seconds"
    text = (ROOT / page).read_text()
    for name in re.findall(r"\bstrata_[a-z_]+[a-z]\b", text):
        plain = re.sub(r"_(sum|count|bucket)$", "", name)
        assert plain in known, name
