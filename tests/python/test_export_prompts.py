# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The prompts of a sentence-transformers checkpoint go into strata.json."""

import json

import pytest
from strata.export import ExportError, export
from strata.export.checkpoint import load
from strata.export.prompts import PROMPTS_FILE


@pytest.fixture
def export_with(make_checkpoint, tmp_path):
    """export_with(text of the prompts' file): what strata.json says."""

    def run(text):
        folder = make_checkpoint()
        if text is not None:
            (folder / PROMPTS_FILE).write_text(text)
        source = load(str(folder))
        directory = tmp_path / "m" / "1"
        export(source.module, source.tokenizer, directory, config=source.config)
        return json.loads((directory / "strata.json").read_text())

    return run


def test_prompts_are_taken_over(export_with):
    prompts = {"query": "query: ", "document": ""}
    text = json.dumps({"prompts": prompts, "default_prompt_name": None})
    assert export_with(text)["prompts"] == prompts


@pytest.mark.parametrize("text", [None, "{}", '{"prompts": {}}'])
def test_without_prompts_the_key_is_left_out(export_with, text):
    assert "prompts" not in export_with(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot read config_sentence_transformers.json: Expecting"),
        ('{"prompts": {"query": 1}}', r'"prompts" is \{"query": 1\}; expected'),
        ('{"prompts": {"": "a"}}', "expected an object of texts by name"),
        ("[]", r'"prompts" is \[\]; expected an object of texts by name'),
    ],
)
def test_what_is_no_prompts_is_refused(export_with, text, words):
    with pytest.raises(ExportError, match=words):
        export_with(text)
