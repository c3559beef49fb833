# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The texts of a corpus: a file of lines, of JSON lines, or Parquet."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from strata.encode.errors import UsageError

_CHUNK = 1 << 20
_ROWS = 1024


@dataclasses.dataclass(frozen=True)
class Text:
    """One text of a corpus."""

    row: int
    """Its place, from 0: of a line, of a JSON value, or of a row."""
    text: str
    id: str = ""
    """What its record says; empty where ids were not asked for."""
    problem: str = ""
    """Why there is no text here. Empty: there is."""

    @property
    def nbytes(self) -> int:
        """Of the text in UTF-8, as it travels."""
        return len(self.text.encode())


class Corpus(Protocol):
    """A file of texts."""

    rows: int
    sha256: str
    """Of the file."""

    def texts(self) -> Iterator[Text]:
        """All of them, in their order."""
        ...

    def changed(self) -> bool:
        """Whether the file was written to since it was opened."""
        ...


def open_corpus(
    path: Path, text_field: str | None, id_field: str | None
) -> Corpus:
    """Reads the file once, to know it again.

    Raises:
        UsageError: It cannot be read, or has no such fields.
    """
    suffix = path.suffix.lower()
    try:
        if suffix == ".txt":
            if text_field or id_field:
                raise UsageError(
                    f"{path} has a text on each line and no fields; leave out "
                    "--text-field and --id-field"
                )
            return _Lines(path)
        if suffix in (".jsonl", ".ndjson"):
            return _JsonLines(path, text_field or "text", id_field)
        if suffix == ".parquet":
            return _Parquet(path, text_field or "text", id_field)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    raise UsageError(
        f"got the corpus {path}; its name must end in .txt (a text on each "
        "line), .jsonl (an object on each line) or .parquet"
    )


class _File:
    """What tells that a file is as it was."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = self._now()

    def changed(self) -> bool:
        return self._now() != self._stamp

    def _now(self) -> tuple[int, ...]:
        now = self._path.stat()
        return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns


class _Lines(_File):
    """A text on each line, as `strata encode --file` reads them."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        digest = hashlib.sha256()
        self.rows = 0
        with path.open("rb") as file:
            for line in file:
                digest.update(line)
                self.rows += self._counts(line)
        self.sha256 = digest.hexdigest()

    def texts(self) -> Iterator[Text]:
        with self._path.open("rb") as file:
            lines = (line for line in file if self._counts(line))
            for row, line in enumerate(lines):
                line = line.removesuffix(b"\n").removesuffix(b"\r")
                try:
                    yield self._text(row, line.decode())
                except UnicodeDecodeError as error:
                    yield Text(
                        row,
                        "",
                        problem="the line is not valid UTF-8 from byte "
                        f"{error.start} on",
                    )

    def _counts(self, line: bytes) -> bool:
        return True

    def _text(self, row: int, line: str) -> Text:
        return Text(row, line)


class _JsonLines(_Lines):
    """An object on each line; blank lines count for nothing."""

    def __init__(
        self, path: Path, text_field: str, id_field: str | None
    ) -> None:
        super().__init__(path)
        self._text_field = text_field
        self._id_field = id_field
        # A wrong field would fail every text, one after the other.
        for first in itertools.islice(self.texts(), 1):
            if first.problem:
                raise UsageError(
                    f"{path}, the first record: {first.problem}; name the "
                    "fields with --text-field and --id-field"
                )

    def _counts(self, line: bytes) -> bool:
        return bool(line.strip())

    def _text(self, row: int, line: str) -> Text:
        try:
            record = json.loads(line)
            if isinstance(record, dict):
                return _text_of(row, record, self._text_field, self._id_field)
        except ValueError:
            return Text(row, "", problem="the line is not JSON")
        except RecursionError:
            return Text(row, "", problem="the line is nested too deeply")
        return Text(row, "", problem="the line is no JSON object")


class _Parquet(_File):
    """A row for each text."""

    def __init__(
        self, path: Path, text_field: str, id_field: str | None
    ) -> None:
        super().__init__(path)
        self._text_field = text_field
        self._id_field = id_field
        with path.open("rb") as file:
            digest = hashlib.sha256()
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        self.sha256 = digest.hexdigest()
        with self._open() as file:
            self.rows = file.metadata.num_rows
            schema = file.schema_arrow
        names = schema.names
        for name in filter(None, (text_field, id_field)):
            if name not in names:
                raise UsageError(
                    f'{path} has no column "{name}", only '
                    + ", ".join(names)
                    + "; name one with --text-field or --id-field"
                )
        kind = schema.field(text_field).type
        if not _holds_text(kind):
            raise UsageError(
                f'the column "{text_field}" of {path} is of {kind}, and not '
                "of strings; name another with --text-field"
            )

    def texts(self) -> Iterator[Text]:
        columns = [self._text_field]
        if self._id_field:
            columns.append(self._id_field)
        rows = itertools.count()
        with self._open() as file:
            try:
                for batch in file.iter_batches(_ROWS, columns=columns):
                    for record in _records(batch):
                        yield self._text(next(rows), record)
            except (ValueError, OSError) as error:  # As pyarrow's own are.
                raise self._broken(error) from error

    def _text(self, row: int, record: dict[str, Any] | None) -> Text:
        if record is None:
            return Text(row, "", problem="the record is not valid UTF-8")
        return _text_of(row, record, self._text_field, self._id_field)

    def _open(self) -> Any:
        from strata.encode.packages import package

        module = package("pyarrow.parquet")
        try:
            return module.ParquetFile(self._path)
        except ValueError as error:
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> UsageError:
        return UsageError(f"{self._path} is no Parquet file: {error}")


def _records(batch: Any) -> Iterator[dict[str, Any] | None]:
    """Those of some rows; None: its strings are none."""
    try:
        yield from batch.to_pylist()
    except UnicodeDecodeError:
        # Raised before the first, and it does not say of which.
        for row in range(len(batch)):
            try:
                yield from batch.slice(row, 1).to_pylist()
            except UnicodeDecodeError:
                yield None


def _holds_text(kind: Any) -> bool:
    """Whether a type of Arrow's is one of strings."""
    from strata.encode.packages import package

    types = package("pyarrow").types
    if types.is_dictionary(kind):
        kind = kind.value_type
    # Whichever there are: views are of later versions.
    names = ("is_string", "is_large_string", "is_string_view")
    return any(getattr(types, x)(kind) for x in names if hasattr(types, x))


def _text_of(
    row: int, record: dict[str, Any], text_field: str, id_field: str | None
) -> Text:
    identity = ""
    if id_field:
        if record.get(id_field) is None:
            return Text(row, "", problem=f'there is no field "{id_field}"')
        identity = _valid(str(record[id_field]))
    text = record.get(text_field)
    if text is None:
        problem = f'there is no field "{text_field}"'
    elif not isinstance(text, str):
        problem = f'the field "{text_field}" is no text'
    elif text != _valid(text):
        problem = "the text has half of a surrogate pair"
    else:
        return Text(row, text, identity)
    return Text(row, "", identity, problem)


def _valid(text: str) -> str:
    """Without what UTF-8 has no bytes for, as JSON's "\\ud800" makes it."""
    return text.encode("utf-8", "replace").decode()
