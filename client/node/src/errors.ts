// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

import * as grpc from "@grpc/grpc-js";

import { BadRequest, ErrorInfo, RetryInfo } from "../generated/google/rpc/error_details.js";
import { Status } from "../generated/google/rpc/status.js";

/** A call that failed, or one request of a stream, or one input of a request. */
export class StrataError extends Error {
  override readonly name = "StrataError";

  constructor(
    /** The gRPC status code, as grpc.status.NOT_FOUND. */
    readonly code: number,
    message: string,
    /**
     * Name of a strata.v1.ErrorReason without its prefix, as "MODEL_NOT_FOUND".
     * Empty where the error does not come from a Strata server.
     */
    readonly reason = "",
    /** The request's field that is wrong, as "inputs[2].text". */
    readonly field?: string,
    /** How long to wait before trying again, where the server says it. */
    readonly retryAfterMs?: number,
  ) {
    super(`${grpc.status[code] ?? code}${reason && ` (${reason})`}: ${message}`);
  }

  /** Reads a google.rpc.Status whose code is not 0. */
  static fromStatus(status: Status): StrataError {
    let reason = "";
    let field: string | undefined;
    let retryAfterMs: number | undefined;
    for (const { typeUrl, value } of status.details) {
      if (typeUrl.endsWith("/google.rpc.ErrorInfo")) {
        reason = ErrorInfo.decode(value).reason;
      } else if (typeUrl.endsWith("/google.rpc.BadRequest")) {
        field = BadRequest.decode(value).fieldViolations[0]?.field;
      } else if (typeUrl.endsWith("/google.rpc.RetryInfo")) {
        const delay = RetryInfo.decode(value).retryDelay;
        if (delay) retryAfterMs = delay.seconds * 1000 + delay.nanos / 1e6;
      }
    }
    return new StrataError(status.code, status.message, reason, field, retryAfterMs);
  }

  /** Reads what a call of grpc-js failed with. */
  static fromServiceError(error: grpc.ServiceError): StrataError {
    const [details] = error.metadata?.get("grpc-status-details-bin") ?? [];
    if (Buffer.isBuffer(details)) return StrataError.fromStatus(Status.decode(details));
    return new StrataError(error.code, error.details);
  }
}
