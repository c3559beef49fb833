# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Texts of chosen lengths in pieces, the same every time.

A file of texts has a JSON object a line: {"text": "...", "ids": [1, 2]}.
"""

from __future__ import annotations

import itertools
import json
import math
import pathlib
import random
from collections.abc import Iterable, Sequence

MEDIAN = 25
# With it the mean is 37, as of the sentences that embeddings are made of.
SIGMA = math.sqrt(2 * math.log(37 / MEDIAN))
SHORTEST = 4


def log_normal_lengths(count: int, longest: int, seed: int) -> list[int]:
    generator = random.Random(seed)
    drawn = (
        round(generator.lognormvariate(math.log(MEDIAN), SIGMA))
        for _ in itertools.repeat(None)
    )
    # Drawn anew where too long: a heap at the limit would be no log-normal.
    fitting = (x for x in drawn if SHORTEST <= x <= longest)
    return list(itertools.islice(fitting, count))


class Writer:
    """Writes texts that a tokenizer makes so many pieces of."""

    def __init__(self, tokenizer_file: pathlib.Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(tokenizer_file))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._special = len(self._tokenizer.encode("").ids)
        self._words, self._short = self._find_words()

    def write(
        self, lengths: Sequence[int], file: pathlib.Path, seed: int
    ) -> pathlib.Path:
        """Texts of about these lengths, no two alike."""
        generator = random.Random(seed)
        texts: dict[str, None] = {}
        for length in lengths:
            text = self._text(length, generator)
            while text in texts:
                text = self._text(length, generator)
            texts[text] = None
        encoded = self._tokenizer.encode_batch(list(texts))
        ids = [encoding.ids for encoding in encoded]
        return write_file(file, zip(texts, ids, strict=True))

    def _find_words(self) -> tuple[list[tuple[str, int]], list[str]]:
        """Words with their pieces, and those that are one piece."""
        stems = {
            piece.lstrip("Ġ▁").lower()
            for piece in self._tokenizer.get_vocab()
            if not piece.startswith("##")
        }
        words = sorted(x for x in stems if x.isascii() and x.isalpha())
        encoded = self._tokenizer.encode_batch(
            [f" {word}" for word in words], add_special_tokens=False
        )
        counted = [(w, len(e.ids)) for w, e in zip(words, encoded, strict=True)]
        return counted, [word for word, pieces in counted if pieces == 1]

    def _text(self, length: int, generator: random.Random) -> str:
        missing = length - self._special
        words = []
        while missing > 0:
            word, pieces = generator.choice(self._words)
            if pieces > missing:
                word, pieces = generator.choice(self._short), 1
            words.append(word)
            missing -= pieces
        # Before the first too, so that it counts like the others.
        return " " + " ".join(words)


def write_file(
    file: pathlib.Path, texts: Iterable[tuple[str, Sequence[int]]]
) -> pathlib.Path:
    lines = (json.dumps({"text": text, "ids": ids}) for text, ids in texts)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def write_prefixed(
    file: pathlib.Path, *, requests: int, shared: bool, n_pieces: int
) -> pathlib.Path:
    """Requests of 64 sequences: prefixes of 64 pieces, tails of 16."""
    generator = random.Random(4)

    def draw(count: int) -> list[int]:
        return [generator.randrange(1, n_pieces) for _ in range(count)]

    sequences = []
    for _ in range(requests):
        prefix = draw(64)
        for _ in range(64):
            sequences.append((prefix if shared else draw(64)) + draw(16))
    return write_file(file, (("", ids) for ids in sequences))


def read_ids(file: pathlib.Path) -> list[list[int]]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["ids"] for line in lines]
