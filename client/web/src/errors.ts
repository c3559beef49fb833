// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";

import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../generated/google/rpc/error_details_pb.js";
import type { Status } from "../generated/google/rpc/status_pb.js";

/** A call that failed, or one input of a request. */
export class StrataError extends Error {
  override readonly name = "StrataError";

  constructor(
    /** The gRPC status code, as Code.NotFound. */
    readonly code: Code,
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
    super(`${Code[code]}${reason && ` (${reason})`}: ${message}`);
  }

  /** Reads what a call failed with; `received`: bytes of tensors that had come, if anything had. */
  static fromConnectError(error: ConnectError, received?: number): StrataError {
    if (isLostConnection(error)) return new StrataError(Code.Unavailable, whyLost(received));
    const [info] = error.findDetails(ErrorInfoSchema);
    const [badRequest] = error.findDetails(BadRequestSchema);
    const [retry] = error.findDetails(RetryInfoSchema);
    return new StrataError(
      error.code,
      error.rawMessage,
      info?.reason,
      badRequest?.fieldViolations[0]?.field,
      retry?.retryDelay && durationMs(retry.retryDelay),
    );
  }

  /** Reads a google.rpc.Status whose code is not 0. */
  static fromStatus({ code, message, details }: Status): StrataError {
    const error = new ConnectError(message, code);
    error.details = details.map(({ typeUrl, value }) => ({ type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1), value }));
    return StrataError.fromConnectError(error);
  }
}

/** Whether there is no status: fetch throws TypeError where it gets no answer, or no end of it. */
function isLostConnection({ code, cause, rawMessage }: ConnectError): boolean {
  return code === Code.Unknown && (cause instanceof TypeError || rawMessage === "missing trailer");
}

/** A page is not told why; its user can look into the browser's console. */
function whyLost(received?: number): string {
  return received !== undefined
    ? `the connection broke after ${received} bytes of the answer; the server or the proxy may have stopped`
    : "no answer: the server or the proxy cannot be reached or has stopped, or pages of " +
        `${location.origin} may not ask (CORS); the browser's console says which`;
}
