# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Writes what Curated Transformers pads, and its masks, for rows_test.cc.

    make_padded.py FILE
"""

import json
import pathlib
import random
import sys

import huggingface_hub

# Curated Transformers 1.3.2 imports it for uploads; newer hubs have none.
if not hasattr(huggingface_hub, "Repository"):
    huggingface_hub.Repository = object

from curated_transformers.tokenizers import PiecesWithIds  # noqa: E402


def case(ids, padding_id):
    pieces = PiecesWithIds(ids=ids, pieces=[[""] * len(row) for row in ids])
    return {
        "ids": ids,
        "padding_id": padding_id,
        "padded": pieces.padded_tensor(padding_id=padding_id).tolist(),
        "mask": pieces.attention_mask().bool_mask.flatten(1).int().tolist(),
    }


def main(path):
    dice = random.Random(20260103)
    cases = [case([[7]], 0), case([[1, 2, 3], [4]], 1), case([[5, 5], [5]], 5)]
    for rows in (2, 5, 16, 33):
        lengths = [min(200, 1 + int(dice.lognormvariate(2.5, 1.2)))
                   for _ in range(rows)]
        ids = [[dice.randrange(50_000) for _ in range(n)] for n in lengths]
        cases.append(case(ids, dice.randrange(50_000)))
    path.write_text(json.dumps(cases))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
