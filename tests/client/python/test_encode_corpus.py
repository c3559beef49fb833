# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What strata-encode reads as a text, and what it refuses."""

import hashlib

import pyarrow
import pyarrow.parquet
import pytest
from strata.encode.corpus import Text, open_corpus
from strata.encode.errors import UsageError


def write(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def read(path, text_field=None, id_field=None):
    corpus = open_corpus(path, text_field, id_field)
    texts = list(corpus.texts())
    assert len(texts) == corpus.rows
    assert [text.row for text in texts] == list(range(corpus.rows))
    assert corpus.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    return texts


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"a", ["a"]),
        (b"a\n", ["a"]),
        (b"a\r\n\nb \n\n", ["a", "", "b ", ""]),
        ("é\u2028b\x0bc".encode(), ["é\u2028b\x0bc"]),
    ],
)
def test_lines(tmp_path, content, expected):
    texts = read(write(tmp_path, "c.txt", content))
    assert [text.text for text in texts] == expected
    assert not any(text.problem for text in texts)


def test_a_line_that_is_not_utf_8(tmp_path):
    texts = read(write(tmp_path, "c.txt", b"a\nb\xff\nc"))
    assert [text.text for text in texts] == ["a", "", "c"]
    assert texts[1].problem == "the line is not valid UTF-8 from byte 1 on"


def test_json_lines(tmp_path):
    content = b'{"text": "a", "n": 5}\n\n  \n{"n": "x", "text": ""}\n'
    path = write(tmp_path, "c.jsonl", content)
    assert read(path, id_field="n") == [Text(0, "a", "5"), Text(1, "", "x")]
    assert read(path) == [Text(0, "a"), Text(1, "")]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "the line is not JSON"),
        (b"[1]", "the line is no JSON object"),
        (b'{"n": 1}', 'there is no field "t"'),
        (b'{"t": null, "n": 1}', 'there is no field "t"'),
        (b'{"t": 7, "n": 1}', 'the field "t" is no text'),
        (b"[" * 100_000, "the line is nested too deeply"),
        (b'{"t": "a"}', 'there is no field "n"'),
        (b'{"t": "\\ud800", "n": 1}', "the text has half of a surrogate pair"),
        (b'{"t": "\xff", "n": 1}', "is not valid UTF-8 from byte 7 on"),
    ],
)
def test_a_record_that_has_no_text(tmp_path, line, problem):
    good = b'{"t": "a", "n": 0}\n'
    path = write(tmp_path, "c.jsonl", good + line)
    first, second = read(path, "t", "n")
    assert not first.problem
    assert problem in second.problem and second.text == ""
    # The first of all tells of a wrong command.
    path = write(tmp_path, "d.jsonl", line + b"\n" + good)
    with pytest.raises(UsageError, match="the first record: .*--text-field"):
        open_corpus(path, "t", "n")


def test_parquet(tmp_path):
    path = tmp_path / "c.parquet"
    table = pyarrow.table({"body": ["a", None, "c"], "k": [7, 8, None]})
    pyarrow.parquet.write_table(table, path, row_group_size=2)
    assert read(path, "body") == [
        Text(0, "a"),
        Text(1, "", problem='there is no field "body"'),
        Text(2, "c"),
    ]
    assert [x.id for x in read(path, "body", "k")] == ["7", "8", ""]
    with pytest.raises(UsageError, match='no column "text", only body, k; na'):
        open_corpus(path, None, None)


@pytest.mark.parametrize(
    "kind",
    [
        pyarrow.string(),
        pyarrow.large_string(),
        pyarrow.dictionary(pyarrow.int32(), pyarrow.string()),
    ],
)
def test_kinds_of_parquet_columns(tmp_path, kind):
    path = tmp_path / "c.parquet"
    texts = pyarrow.array(["a", "b", "a"]).cast(kind)
    pyarrow.parquet.write_table(pyarrow.table({"text": texts}), path)
    assert [x.text for x in read(path)] == ["a", "b", "a"]


@pytest.mark.parametrize("values", [[1, 2], [b"a"], [["a"]], [None]])
def test_a_parquet_column_of_something_else(tmp_path, values):
    path = tmp_path / "c.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": values}), path)
    with pytest.raises(UsageError, match='"text" of .* is of .*--text-field'):
        open_corpus(path, None, None)


def test_parquet_strings_that_are_not_utf_8(tmp_path):
    """pyarrow reads and writes them as they are."""
    path = tmp_path / "c.parquet"
    raw = pyarrow.array([b"a", b"b\xff", b"c"])
    texts = pyarrow.StringArray.from_buffers(3, *raw.buffers()[1:])
    pyarrow.parquet.write_table(pyarrow.table({"text": texts}), path)
    problem = "the record is not valid UTF-8"
    expected = [Text(0, "a"), Text(1, "", problem=problem), Text(2, "c")]
    assert read(path) == expected


def test_parquet_that_is_damaged(tmp_path):
    path = tmp_path / "c.parquet"
    table = pyarrow.table({"text": [f"text {i}" for i in range(1000)]})
    pyarrow.parquet.write_table(table, path)
    whole = path.read_bytes()
    # Behind the first four bytes are the pages, at the end what they are.
    path.write_bytes(whole[:4] + b"\xff" * 500 + whole[504:])
    corpus = open_corpus(path, None, None)
    with pytest.raises(UsageError, match="is no Parquet file"):
        list(corpus.texts())


def test_files_that_are_none(tmp_path):
    with pytest.raises(UsageError, match="its name must end in .txt"):
        open_corpus(tmp_path / "c.csv", None, None)
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        open_corpus(tmp_path / "c.txt", None, None)
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        open_corpus(make_folder(tmp_path / "f.txt"), None, None)
    with pytest.raises(UsageError, match="leave out --text-field"):
        open_corpus(write(tmp_path, "c.txt", b"a"), "text", None)
    with pytest.raises(UsageError, match="is no Parquet file"):
        open_corpus(write(tmp_path, "c.parquet", b"no such thing"), None, None)


def make_folder(path):
    path.mkdir()
    return path
