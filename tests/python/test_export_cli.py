# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The command line: what it prints, its exit codes, what it leaves behind."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import huggingface_hub
import pytest
import tiny_models
import torch
from strata.export import cli
from strata.export.directory import new_directory
from strata.export.errors import ExportError


def run_python(*arguments: str) -> subprocess.CompletedProcess:
    """Another Python, with this one's package."""
    package = Path(cli.__file__).parents[2]
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(package)},
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def run(repository: Path, capsys):
    """Runs the command with a repository and the name "m"."""

    def call(source, *options: str) -> tuple[int, str, str]:
        code = cli.main(
            [
                str(source),
                "--repository",
                str(repository),
                "--name",
                "m",
                *options,
            ]
        )
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_exports_a_folder(run, make_checkpoint, repository):
    code, out, err = run(make_checkpoint(), "--max-pieces", "40")
    assert code == 0
    summary = dict(line.split(None, 1) for line in out.splitlines())
    assert summary["exported"] == str(repository / "m" / "1")
    assert summary["layers"].startswith("3,")
    assert summary["width"] == "32"
    assert summary["dtype"] == "float32"
    assert summary["signature"] == (
        "pairs (piece_ids, attention_mask, positions)"
    )
    assert summary["longest"] == "40 pieces"
    assert summary["model.pt"].endswith("KiB")
    assert "of at most 1e-05, to 40 pieces" in out
    assert "[3/5] tracing with the pairs signature" in err
    assert "[4/5] comparing the trace with the model" in err
    assert re.search(r"tracing with the pairs signature: \d+\.\d s", err)
    assert [x.name for x in (repository / "m").iterdir()] == ["1"]


def test_the_options_reach_the_trace(run, make_checkpoint, repository):
    code, out, _ = run(
        make_checkpoint(),
        *("--signature", "dict", "--dtype", "bfloat16", "--no-sdpa"),
        *("--model-version", "7", "--max-pieces", "40", "--tolerance", "0.2"),
    )
    assert code == 0
    assert "bfloat16" in out and "of at most 0.2" in out
    directory = repository / "m" / "7"
    config = json.loads((directory / "strata.json").read_text())
    assert config["mask_form"] == "dict"
    trace = torch.jit.load(str(directory / "model.pt"))
    assert "scaled_dot_product" not in str(trace.inlined_graph)


def test_the_signature_can_be_chosen(run, make_checkpoint, repository):
    code, out, _ = run(
        make_checkpoint(),
        *("--signature", "pieces", "--positions", "--no-type-ids"),
        *("--layers", "0,2", "--max-pieces", "40"),
    )
    assert code == 0
    assert "pieces (piece_ids, attention_mask, positions)" in out
    assert "2 of the model's; by index 0: 0, 1: 2" in out
    text = (repository / "m" / "1" / "strata.json").read_text()
    config = json.loads(text)
    assert config["arguments"] == ["piece_ids", "attention_mask", "positions"]
    assert config["mask_form"] == "pieces"


def test_logits_of_a_hub_name(
    run, make_checkpoint, repository, tokenizer_folder, monkeypatch
):
    state = tiny_models.llama_state(tiny_models.build("llama"))
    state["lm_head.weight"] = torch.randn((300, 32))
    folder = make_checkpoint(state)

    def download(repo_id: str, filename: str, revision: str) -> str:
        assert (repo_id, revision) == ("somebody/something", "v2")
        if not (folder / filename).exists():
            raise huggingface_hub.utils.LocalEntryNotFoundError(filename)
        return str(folder / filename)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    code, out, err = run(
        *("somebody/something", "--revision", "v2"),
        *("--logits", "--max-pieces", "40"),
    )
    assert code == 0, err
    assert "[2/5] loading somebody/something" in err
    trace = torch.jit.load(str(repository / "m" / "1" / "model.pt"))
    ids = torch.zeros((1, 3), dtype=torch.long)
    mask = torch.ones((1, 1, 3, 3), dtype=torch.bool)
    output = trace(ids, mask, torch.arange(3).view(1, 3))
    assert output[1].shape == (1, 3, 300)


def test_a_dry_run_writes_nothing(run, make_checkpoint, repository):
    code, out, err = run(make_checkpoint(), "--max-pieces", "40", "--dry-run")
    assert code == 0
    assert not repository.exists()
    summary = dict(line.split(None, 1) for line in out.splitlines()[1:])
    assert out.startswith("would write ")
    assert f"{repository}/m/1" in out.splitlines()[0]
    assert "KiB" in summary["model.pt"]
    assert {"strata.json", "tokenizer.json"} <= set(summary)
    assert "of at most 1e-05, to 40 pieces" in out


def test_a_dry_run_finds_what_is_wrong(run, make_checkpoint, repository):
    code, out, err = run(make_checkpoint(), "--dry-run", "--tolerance", "1e-30")
    assert (code, out) == (1, "")
    assert "the trace and the model disagree on lengths" in err
    assert not repository.exists()


def test_overwriting_is_refused(run, make_checkpoint, repository):
    checkpoint = make_checkpoint()
    assert run(checkpoint, "--max-pieces", "40")[0] == 0
    model = repository / "m" / "1" / "model.pt"
    before = model.stat()

    code, out, err = run(checkpoint)
    assert (code, out) == (1, "")
    assert f"{repository}/m/1 is already there" in err
    assert "--model-version 2" in err and "--force" in err
    assert model.stat() == before

    code, out, _ = run(checkpoint, "--force", "--max-pieces", "30")
    assert code == 0 and "30 pieces" in out
    assert model.stat().st_ino != before.st_ino
    assert [x.name for x in (repository / "m").iterdir()] == ["1"]


def test_a_failed_export_leaves_what_was_there(
    run, make_checkpoint, repository
):
    checkpoint = make_checkpoint()
    assert run(checkpoint, "--max-pieces", "40")[0] == 0
    code, out, err = run(checkpoint, "--force", "--tolerance", "1e-30")
    assert (code, out) == (1, "")
    assert "the trace and the model disagree on lengths" in err
    assert [x.name for x in (repository / "m").iterdir()] == ["1"]
    assert len(list((repository / "m" / "1").iterdir())) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model-version", "0"], "version is 0; expected an integer from 1"),
        (
            ["--model-version", "99999999999999999999"],
            "expected an integer from 1 to 9223372036854775807",
        ),
        (["--tolerance", "-1"], "--tolerance is -1.0; expected a number from"),
        (["--tolerance", "nan"], "--tolerance is nan; expected a number from"),
        (["--name", "a/b"], "the model's name is 'a/b'; expected letters"),
        (["--device", "gpu"], "--device is 'gpu'; expected cpu, cuda"),
        (["--max-pieces", "0"], "--max-pieces is 0; expected at least 1"),
        (["--tokenizer", "/nowhere"], "there is no tokenizer at /nowhere"),
    ],
)
def test_values_that_are_refused(options, message, run, make_checkpoint):
    code, out, err = run(make_checkpoint(), *options)
    assert (code, out) == (1, "")
    assert message in err


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there(run, make_checkpoint):
    code, _, err = run(make_checkpoint(), "--device", "cuda")
    assert code == 1
    assert "PyTorch sees no CUDA device here; export with --device cpu" in err


def test_more_pieces_than_learned_positions(
    run, tokenizer_folder, tmp_path, monkeypatch
):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "strata_bert.py").write_text(
        "import tiny_models\n"
        "def build():\n"
        f"    return tiny_models.build('bert'), {str(tokenizer_folder)!r}\n"
    )
    code, _, err = run("strata_bert:build", "--max-pieces", "65")
    assert code == 1
    assert (
        "--max-pieces is 65, but the model has learned positions for 64" in err
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            [],
            "arguments are required: source, --repository, --name",
        ),
        (
            ["x", "--repository", "r", "--name", "m", "--dtype", "int8"],
            "float32",
        ),
        (
            ["x", "--repository", "r", "--name", "m", "--signature", "a"],
            "pairs",
        ),
        (
            ["x", "--repository", "r", "--name", "m", "--model-version", "a"],
            "int",
        ),
        (
            ["x", "--repository", "r", "--name", "m", "--layers", "1,x"],
            "'1,x' is no list of integers such as 0,6,12",
        ),
        (
            ["x", "--check", "models/m/1"],
            "--check examines the directory that it names; leave out source",
        ),
    ],
)
def test_usage_errors_exit_with_two(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_help_explains_and_loads_no_torch():
    code = (
        "import sys\n"
        "from strata.export import cli\n"
        "try:\n"
        "    cli.main(['--help'])\n"
        "except SystemExit as stopped:\n"
        "    assert stopped.code == 0\n"
        "assert 'torch' not in sys.modules, 'torch was loaded'\n"
    )
    shown = run_python("-c", code)
    assert shown.returncode == 0, shown.stderr
    for word in (
        "--repository",
        "package.module:function",
        "examples:",
        "examination has the\nlast word",
    ):
        assert word in shown.stdout


def test_runs_as_a_module(make_checkpoint, repository):
    command = ["-m", "strata.export", str(make_checkpoint())]
    command += ["--repository", str(repository), "--name", "m"]
    ran = run_python(*command, "--max-pieces", "20")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("exported ")
    again = run_python(*command)
    assert again.returncode == 1
    assert again.stderr.startswith("strata-export: ")
    assert "Traceback" not in again.stderr


def test_the_directory_appears_at_the_end(tmp_path):
    directory = tmp_path / "m" / "3"
    with new_directory(directory, force=False) as draft:
        (draft / "model.pt").write_text("x")
        assert not directory.exists()
        # The server reads versions' folders only: integers.
        assert draft.parent == directory.parent and draft.name.startswith(".")
    assert [x.name for x in directory.iterdir()] == ["model.pt"]
    assert [x.name for x in directory.parent.iterdir()] == ["3"]
    assert directory.stat().st_mode & 0o777 == 0o755


def test_another_export_that_finished_first_is_kept(tmp_path):
    directory = tmp_path / "m" / "3"
    with pytest.raises(ExportError, match="m/3 is already there"):
        with new_directory(directory, force=False):
            directory.mkdir()
    assert [x.name for x in directory.parent.iterdir()] == ["3"]


def test_a_repository_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="cannot write to .*file/m: "):
        with new_directory(tmp_path / "file" / "m" / "1", force=False):
            pass


@pytest.mark.parametrize("target", ["gone", "other", None])
def test_what_is_no_folder_is_replaced_by_force_alone(target, tmp_path):
    (tmp_path / "other").mkdir()
    directory = tmp_path / "m" / "3"
    directory.parent.mkdir()
    if target is None:
        directory.write_text("a file")
    else:
        directory.symlink_to(tmp_path / target)
    with pytest.raises(ExportError, match="m/3 is already there"):
        with new_directory(directory, force=False):
            pytest.fail("it went on")
    with new_directory(directory, force=True) as draft:
        (draft / "model.pt").write_text("x")
    assert [x.name for x in directory.iterdir()] == ["model.pt"]
    assert [x.name for x in directory.parent.iterdir()] == ["3"]
    assert not directory.is_symlink()
    # What a link led to is another's.
    assert (tmp_path / "other").is_dir()


def test_a_file_that_cannot_be_written(tmp_path):
    directory = tmp_path / "m" / "3"
    with pytest.raises(ExportError, match="cannot write .*m/3: .*No such file"):
        with new_directory(directory, force=False) as draft:
            (draft / "gone" / "strata.json").write_text("{}")
    assert list(directory.parent.iterdir()) == []
