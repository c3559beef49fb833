# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The hidden states of a corpus, inside Ray Data.

What strata-encode does for one file, as a step of a pipeline on many machines:

    pip install 'ray[data]'
    python examples/ray_data.py corpus.jsonl states --model minilm

`corpus.jsonl` has an object with a "text" on each line; `states` becomes a
folder of Parquet files with a column "states" beside what was there.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import ray

import strata


class Encode:
    """Adds "states", the pooled last layer. Each worker has a client."""

    def __init__(self, server: str, model: str | None) -> None:
        # A server that is full or restarts holds the pipeline up, no more.
        policy = strata.RetryPolicy(max_attempts=30, max_backoff=10.0)
        self._client = strata.Client(server, timeout=600, retries=policy)
        self._model = model

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        encodings = self._client.encode(
            list(batch["text"]),
            self._model,
            pooling="mean",
            truncation="right",
        )
        # Raises StrataError where a text has failed.
        states = [encoding.hidden_states[0] for encoding in encodings]
        return {**batch, "states": np.stack(states)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", help="JSON lines with a field text")
    parser.add_argument("output", help="a folder of Parquet files")
    parser.add_argument("--server", default="127.0.0.1:50051")
    parser.add_argument("--model", help="needed where there are several")
    parser.add_argument(
        "--workers",
        type=int,
        default=4,
        help="requests under way; the server makes batches of them",
    )
    options = parser.parse_args()
    (
        ray.data.read_json(options.corpus, lines=True)
        .map_batches(
            Encode,
            fn_constructor_args=(options.server, options.model),
            batch_size=32,
            concurrency=options.workers,
            # They wait for the server, and compute nothing themselves.
            num_cpus=0.1,
        )
        .write_parquet(options.output)
    )


if __name__ == "__main__":
    main()
