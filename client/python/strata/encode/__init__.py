# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""`strata-encode`: the hidden states of all texts of a file.

    strata-encode corpus.jsonl -o states.safetensors --pooling mean

It keeps many requests in flight over one stream, in bounded memory, and what it
has in a folder beside the output, so that it can go on where it was stopped.
"""
