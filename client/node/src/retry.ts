// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

import { setTimeout as sleep } from "node:timers/promises";

import { status } from "@grpc/grpc-js";

import { StrataError } from "./errors.js";

/**
 * When a failed call is made again, within its deadline. gRPC has retries of its
 * own, but they do not read the time that the server names.
 */
export interface RetryPolicy {
  /** Calls made in all, the first included. 1: never retry. */
  maxAttempts: number;
  /** Wait before the second call where the server names none; it doubles for each further one. */
  initialBackoffMs: number;
  maxBackoffMs: number;
}

export const defaultRetryPolicy: RetryPolicy = { maxAttempts: 4, initialBackoffMs: 100, maxBackoffMs: 5000 };

/**
 * How long to wait before the next call; undefined: give up.
 *
 * Only what can pass by itself is tried again: UNAVAILABLE, and
 * RESOURCE_EXHAUSTED with a time (without it the request is too large, and always
 * will be). The server's time is never shortened; waits are spread by chance, so
 * that many clients do not come again all at once.
 */
export function nextRetry(policy: RetryPolicy, error: unknown, attempts: number): number | undefined {
  if (!(error instanceof StrataError) || attempts >= policy.maxAttempts) return undefined;
  const named = error.retryAfterMs;
  const passing = error.code === status.UNAVAILABLE || (error.code === status.RESOURCE_EXHAUSTED && named !== undefined);
  if (!passing) return undefined;
  if (named !== undefined) return named * (1 + 0.2 * Math.random());
  const backoff = Math.min(policy.initialBackoffMs * 2 ** (attempts - 1), policy.maxBackoffMs);
  return backoff * (1 - 0.5 * Math.random());
}

/** Makes a call, again where the policy says so. `deadline` is as Date.now() counts. */
export async function withRetries<Response>(
  policy: RetryPolicy,
  deadline: number,
  call: () => Promise<Response>,
): Promise<Response> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await call();
    } catch (error) {
      const delay = nextRetry(policy, error, attempts);
      if (delay === undefined || Date.now() + delay >= deadline) throw error;
      await sleep(delay);
    }
  }
}
