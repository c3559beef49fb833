# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The example of Ray Data writes the numbers that Encode gives."""

import importlib.util
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pyarrow.parquet
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "client" / "python" / "examples" / "ray_data.py"
TEXTS = [f"Text {i} " + "of a few words " * (i % 9) for i in range(150)]


@pytest.mark.nightly
def test_the_example_of_ray_data(server, client, tmp_path):
    if importlib.util.find_spec("ray") is None:
        pytest.skip("ray is not installed here: pip install 'ray[data]'")
    corpus = tmp_path / "corpus.jsonl"
    records = [{"text": text, "n": i} for i, text in enumerate(TEXTS)]
    corpus.write_text("\n".join(map(json.dumps, records)))
    environment = dict(
        os.environ,
        PYTHONPATH=str(ROOT / "client" / "python"),
        RAY_USAGE_STATS_ENABLED="0",
    )
    subprocess.run(
        [
            sys.executable,
            EXAMPLE,
            corpus,
            tmp_path / "states",
            f"--server={server.address}",
            "--model=minilm",
            "--workers=2",
        ],
        check=True,
        env=environment,
        timeout=600,
    )
    table = pyarrow.parquet.read_table(tmp_path / "states")
    rows = sorted(table.to_pylist(), key=lambda row: row["n"])
    assert [row["text"] for row in rows] == TEXTS
    expected = client.encode(TEXTS, "minilm", pooling="mean")
    np.testing.assert_allclose(
        np.array([row["states"] for row in rows]),
        np.stack([answer.hidden_states[0] for answer in expected]),
        rtol=1e-4,
        atol=1e-5,
    )
