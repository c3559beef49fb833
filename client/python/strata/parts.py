# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Puts answers that come in parts together again."""

from __future__ import annotations

from typing import Any

import grpc

from strata.errors import StrataError
from strata.v1 import hidden_state_service_pb2 as service_pb2


class Reassembly:
    """The events of one request, until they are the answer Encode gives."""

    def __init__(self, inputs: int) -> None:
        self._encodings: list[service_pb2.Encoding | None] = [None] * inputs
        # Of each input, the parts of each output that has begun.
        self._parts: list[list[list[bytes]]] = [[] for _ in range(inputs)]
        # Of each input, the output that the next part is of, and where.
        self._next = [(0, 0)] * inputs
        self.answer: service_pb2.EncodeResponse | None = None
        """The whole answer, once `done` has come."""

    def add(self, event: Any) -> None:
        """Takes an EncodeChunksResponse or EncodeStreamResponse.

        Raises:
            StrataError: The request failed, or events are missing.
        """
        kind = event.WhichOneof("event")
        if kind == "encoding":
            self._add_encoding(event.input, event.encoding)
        elif kind == "part":
            self._add_part(event.input, event.part)
        elif kind == "done":
            if event.done.code:
                raise StrataError.from_status(event.done)
            self._finish(event.answer)

    def _add_encoding(self, index: int, encoding: service_pb2.Encoding) -> None:
        if self._slot(index) is not None:
            raise _broken(f"input {index} was answered twice")
        self._encodings[index] = encoding

    def _add_part(self, index: int, part: service_pb2.TensorPart) -> None:
        encoding = self._slot(index)
        output, offset = self._next[index]
        if (
            encoding is None
            or (part.output, part.offset) != (output, offset)
            or output >= len(encoding.outputs)
        ):
            raise _broken(
                f"input {index}, output {part.output}, byte {part.offset} "
                f"came where output {output}, byte {offset} was expected"
            )
        parts = self._parts[index]
        if not offset:
            parts.append([])
        parts[-1].append(part.data)
        self._next[index] = (output, offset + len(part.data))
        if part.last:
            encoding.outputs[output].tensor.data = b"".join(parts[-1])
            parts[-1].clear()
            self._next[index] = (output + 1, 0)

    def _slot(self, index: int) -> service_pb2.Encoding | None:
        if not 0 <= index < len(self._encodings):
            raise _broken(
                f"got input {index} of a request of {len(self._encodings)}"
            )
        return self._encodings[index]

    def _finish(self, answer: service_pb2.EncodeResponse) -> None:
        for index, encoding in enumerate(self._encodings):
            output, _ = self._next[index]
            if encoding is None or output != len(encoding.outputs):
                raise _broken(f"input {index} is not complete")
            answer.encodings.append(encoding)
        self.answer = answer

    def result(self) -> service_pb2.EncodeResponse:
        """The whole answer.

        Raises:
            StrataError: The events ended early.
        """
        if self.answer is None:
            raise _broken("they ended before 'done'")
        return self.answer


def _broken(what: str) -> StrataError:
    return StrataError(
        grpc.StatusCode.INTERNAL,
        f"the parts of the server's answer do not fit together: {what}",
    )
