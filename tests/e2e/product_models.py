# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The product of families, signatures, versions, dtypes, attentions, heads.

Each variant is a tiny checkpoint (tests/python/tiny_checkpoints.py, with
outlier channels) exported in one way, and a model of its own in the repository.
Curated Transformers 2.x exports in a process of its own.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import pathlib
import random
import sys
import tempfile
from collections.abc import Iterable

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "python"))

import tiny_checkpoints  # noqa: E402
import tiny_models  # noqa: E402

MAX_PIECES = tiny_checkpoints.MAX_PIECES
PLANTED = tiny_checkpoints.PLANTED

DECODERS = (
    "falcon-old",
    "falcon-old-serial",
    "falcon-alibi",
    "falcon-new",
    "gpt-neox",
    "llama",
    "mpt",
)
# Where a piece stands is what its distance to others is, in steps of the row
# (ALiBi) or, of the others, of the positions that they are given (rotary).
ALIBI = ("falcon-alibi", "mpt")
# Reversed positions move these by 0.04, which is less than what bfloat16 may be
# off: the examination cannot tell whether what they begin with may be shared.
FAINT_POSITIONS = ("falcon-old", "gpt-neox")
ENCODERS = ("bert", "roberta", "camembert", "xlm-roberta", "albert", "electra")
FAMILIES = DECODERS + ENCODERS
VERSIONS = ("1.3.2", "2.x")
SIGNATURES = ("pairs", "keys", "pieces", "ids", "dict")
DTYPES = ("float32", "bfloat16", "float16")
ATTENTIONS = ("sdpa", "eager")
HEADS = ("states", "logits")


@dataclasses.dataclass(frozen=True)
class Variant:
    """One way to export one family."""

    family: str
    version: str
    signature: str
    dtype: str
    attention: str
    head: str

    @property
    def name(self) -> str:
        return "-".join(dataclasses.astuple(self)).replace(".", "_")

    @property
    def exists(self) -> bool:
        """Whether Curated Transformers can do it."""
        if self.head == "logits" and self.family not in DECODERS:
            return False
        if self.version == "1.3.2":
            return self.family != "electra"
        # 2.x is traced through wrappers only, and its SDPA takes masks of keys.
        sdpa_pairs = (self.signature, self.attention) == ("pairs", "sdpa")
        return self.signature != "dict" and not sdpa_pairs

    @property
    def can_be_padded(self) -> bool:
        """Whether a mask, or causality, hides padding."""
        return self.signature != "ids" or self.family in DECODERS

    @property
    def can_be_packed(self) -> bool:
        """Whether sequences can share a row, apart by a mask of pairs.

        A dictionary can hold one, but comes without positions: an encoder's
        second sequence would not begin at its first.
        """
        if self.signature == "dict":
            return self.family in DECODERS
        return self.signature == "pairs"

    @property
    def can_share_prefixes(self) -> bool:
        """Whether what comes after a beginning can be told where it stands.

        By positions, of a model that looks at nothing else, and back only.
        """
        if self.dtype == "bfloat16" and self.family in FAINT_POSITIONS:
            return False
        rotary = self.family in DECODERS and self.family not in ALIBI
        return self.signature == "pairs" and rotary

    @property
    def takes_types(self) -> bool:
        """Whether its trace takes type ids."""
        return self.family in tiny_models.TYPED and self.signature != "dict"


def every_variant() -> list[Variant]:
    product = itertools.product(
        FAMILIES, VERSIONS, SIGNATURES, DTYPES, ATTENTIONS, HEADS
    )
    return [x for x in itertools.starmap(Variant, product) if x.exists]


def sampled_variants() -> list[Variant]:
    """A sample that is the same every time.

    It holds every pair of values of two dimensions that there is, except that
    not every family is there with every signature.
    """
    variants = every_variant()
    random.Random(20260101).shuffle(variants)
    covered: set[tuple] = set()
    sample = []
    for variant in variants:
        pairs = _pairs(variant)
        if not pairs <= covered:
            covered |= pairs
            sample.append(variant)
    return sorted(sample, key=lambda x: x.name)


def _pairs(variant: Variant) -> set[tuple]:
    items = dataclasses.asdict(variant).items()
    pairs = set(itertools.combinations(items, 2))
    family = ("family", variant.family)
    return pairs - {(family, ("signature", variant.signature))}


def build(
    repository: pathlib.Path, variants: Iterable[Variant]
) -> pathlib.Path:
    """Exports what is not there yet; returns the checkpoints' folder."""
    repository.mkdir(parents=True, exist_ok=True)
    key = _key()
    folder = repository / f".checkpoints-{key}"
    if not (folder / "complete").exists():
        tiny_checkpoints.build(folder)
        tiny_checkpoints.write_tokenizer(folder)
        (folder / "complete").touch()
    for version in VERSIONS:
        missing = [
            x
            for x in variants
            if x.version == version
            and not (repository / x.name / f".{key}").exists()
        ]
        if not missing:
            continue
        if version == "1.3.2":
            _export(repository, folder, missing)
        else:
            _export_with_2(repository, folder, missing)
        for variant in missing:
            (repository / variant.name / f".{key}").touch()
    return folder


def subset(
    repository: pathlib.Path, variants: Iterable[Variant], into: pathlib.Path
) -> pathlib.Path:
    """A repository `into` of links to some of the variants."""
    into.mkdir(exist_ok=True)
    for variant in variants:
        (into / variant.name).symlink_to(repository / variant.name)
    return into


def _export(
    repository: pathlib.Path, folder: pathlib.Path, variants: list[Variant]
) -> None:
    import torch

    from strata.export import export
    from strata.export.checkpoint import load

    for variant in variants:
        logits = variant.head == "logits"
        source = load(
            str(folder / variant.family), tokenizer=folder, logits=logits
        )
        export(
            source.module,
            source.tokenizer,
            repository / variant.name / "1",
            signature=variant.signature,
            dtype=getattr(torch, variant.dtype),
            sdpa=variant.attention == "sdpa",
            logits=logits,
            config=source.config,
            force=True,
        )


def _export_with_2(
    repository: pathlib.Path, folder: pathlib.Path, variants: list[Variant]
) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump([dataclasses.asdict(x) for x in variants], file)
        file.flush()
        tiny_checkpoints.run_with_curated_2(
            __file__, str(repository), str(folder), file.name
        )


def _key() -> str:
    """What the models depend on."""
    digest = hashlib.sha256()
    exporter = sorted((ROOT / "client/python/strata/export").glob("*.py"))
    requirements = sorted((ROOT / "deploy").glob("requirements*.txt"))
    tiny = sorted((ROOT / "tests" / "python").glob("tiny_*.py"))
    for path in [pathlib.Path(__file__), *exporter, *requirements, *tiny]:
        digest.update(path.name.encode() + b"\n" + path.read_bytes())
    return digest.hexdigest()[:12]


def main() -> None:
    """The process of 2.x."""
    import torch

    torch.set_num_threads(1)
    repository, folder, variants = map(pathlib.Path, sys.argv[1:])
    chosen = [Variant(**x) for x in json.loads(variants.read_text())]
    _export(repository, folder, chosen)


if __name__ == "__main__":
    main()
