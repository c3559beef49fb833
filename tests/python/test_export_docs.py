# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What docs/export.md says is so."""

import pathlib
import re

from strata.export import convert, curated, options
from strata.export.signature import MASK_FORMS

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[str]:
    """The rows of the first table under a heading."""
    part = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [x for x in part.splitlines() if x.startswith("| ")][1:]


def quoted(row: str, column: int) -> list[str]:
    return re.findall(r"`([^`]+)`", row.split("|")[column])


def test_the_options_are_those_of_help():
    parser = options.make_parser("strata-export")
    helped = {
        flag
        for action in parser._actions
        for flag in action.option_strings
        if flag not in ("-h", "--help")
    }
    told = [flag for row in rows("Options") for flag in quoted(row, 1)]
    assert len(told) == len(set(told))
    assert set(told) == helped


def test_the_signatures_are_all_there():
    told = [quoted(row, 1)[0] for row in rows("Signatures")]
    assert told == list(MASK_FORMS)


def test_the_families_are_those_that_are_loaded():
    table = PAGE.split("| family |")[1].split("\n\n")[0].splitlines()[2:]
    told = {
        kind: row.split("|")[3].strip() == "yes"
        for row in table
        for kind in quoted(row, 2)
    }
    assert {x for x, by_1 in told.items() if by_1} == set(curated.model_types())
    assert {x for x, by_1 in told.items() if not by_1} == {"electra"}


def test_the_tokenizers_are_those_that_are_read():
    told = {file for row in rows("Tokenizers") for file in quoted(row, 1)}
    assert told == {"tokenizer.json", "tokenizer.model", *convert.all_files()}
