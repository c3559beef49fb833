# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What a call to a Strata server raises when it fails."""

from __future__ import annotations

from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2

_STATUS_KEY = "grpc-status-details-bin"
_CODES = {code.value[0]: code for code in grpc.StatusCode}


class StrataError(Exception):
    """A call that failed.

    `str(error)` says what was got, what was expected and what to do.

    Attributes:
        code: The gRPC status code.
        message: The server's sentence, without the code.
        reason: The name of a value of strata.v1.ErrorReason, without its
            prefix, as "INVALID_FIELD". Empty where the error does not come
            from a Strata server: it cannot be reached, or something between
            answered for it.
        field: The request's field that is wrong, as "inputs[2].text"; None
            where the error is not about one.
        retry_after: Seconds to wait before trying again; None where the
            server does not say.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        message: str,
        reason: str = "",
        field: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        label = f"{code.name} ({reason})" if reason else code.name
        super().__init__(f"{label}: {message}")
        self.code = code
        self.message = message
        self.reason = reason
        self.field = field
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles it whole, so that other processes can raise it."""
        return type(self), (
            self.code,
            self.message,
            self.reason,
            self.field,
            self.retry_after,
        )

    @classmethod
    def from_status(cls, status: status_pb2.Status) -> StrataError:
        """Reads a google.rpc.Status whose code is not 0."""
        info = error_details_pb2.ErrorInfo()
        bad_request = error_details_pb2.BadRequest()
        retry = error_details_pb2.RetryInfo()
        field, retry_after = None, None
        for detail in status.details:
            if detail.Unpack(bad_request) and bad_request.field_violations:
                field = bad_request.field_violations[0].field
            elif detail.Unpack(retry):
                retry_after = retry.retry_delay.ToTimedelta().total_seconds()
            else:
                detail.Unpack(info)
        code = _CODES.get(status.code, grpc.StatusCode.UNKNOWN)
        return cls(code, status.message, info.reason, field, retry_after)

    @classmethod
    def from_rpc_error(cls, error: grpc.RpcError) -> StrataError:
        """Reads what a gRPC call raised.

        Where a server is gone in the midst of its answer, a proxy resets the
        stream, which gRPC calls INTERNAL. It is UNAVAILABLE, as without a
        proxy; an INTERNAL of a server's has details.
        """
        metadata: Any = error.trailing_metadata()
        for key, value in metadata or ():
            if key == _STATUS_KEY:
                return cls.from_status(status_pb2.Status.FromString(value))
        code, details = error.code(), error.details() or "no details"
        if code is grpc.StatusCode.INTERNAL and "RST_STREAM" in details:
            code = grpc.StatusCode.UNAVAILABLE
        return cls(code, details)
