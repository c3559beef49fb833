// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

import { once } from "node:events";

import type { ClientDuplexStream, ServiceError } from "@grpc/grpc-js";

import { EncodeRequest, EncodeResponse, EncodeStreamRequest, EncodeStreamResponse } from "../generated/strata/v1/hidden_state_service.js";
import type { DeepPartial } from "../generated/strata/v1/hidden_state_service.js";
import { StrataError } from "./errors.js";
import { Reassembly } from "./reassembly.js";

/** The answer to one request of a stream: `response` or `error`. */
export interface Answer {
  /** Which request it is, from 0 in the order in which they were given. */
  index: number;
  response?: EncodeResponse;
  /** What failed for this request alone. */
  error?: Error;
}

type Stream = ClientDuplexStream<EncodeStreamRequest, EncodeStreamResponse>;
type Requests = Iterable<DeepPartial<EncodeRequest>> | AsyncIterable<DeepPartial<EncodeRequest>>;

/** See Client.encodeAll. */
export async function* encodeAll(stream: Stream, requests: Requests): AsyncGenerator<Answer> {
  // Errors are those of the iteration below; without a listener Node would exit.
  stream.on("error", () => {});
  const sender = new Sender(stream);
  const sent = sender.send(requests);
  try {
    for await (const event of stream) {
      const answer = sender.take(event as EncodeStreamResponse);
      if (answer) yield answer;
    }
  } catch (error) {
    // A server that stops need not have seen that this was all.
    if (!sender.allDone && !sender.failure) throw StrataError.fromServiceError(error as ServiceError);
  } finally {
    sender.stop();
    stream.cancel();
  }
  await sent;
  if (sender.failure) throw sender.failure;
  if (!sender.allDone) throw new Error("the stream ended before every request was answered");
}

/** Sends requests, and keeps those that are not answered yet. */
class Sender {
  /** What the caller's own iterable threw. */
  failure?: unknown;

  readonly #stream: Stream;
  readonly #pending = new Map<string, Reassembly>();
  #exhausted = false;
  #stopped = false;
  #stop!: () => void;
  readonly #whenStopped = new Promise<void>((resolve) => (this.#stop = resolve));

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  get allDone(): boolean {
    return this.#exhausted && this.#pending.size === 0;
  }

  stop(): void {
    this.#stopped = true;
    this.#stop();
  }

  /** Until there are no more, or it is stopped. */
  async send(requests: Requests): Promise<void> {
    let index = 0;
    try {
      for await (const partial of requests) {
        if (this.#stopped) return;
        const request = EncodeRequest.fromPartial(partial);
        const requestId = String(index++);
        this.#pending.set(requestId, new Reassembly(request.inputs.length));
        const room = this.#stream.write({ requestId, request });
        // Not an event that never comes, where the stream has ended.
        if (!room) await Promise.race([once(this.#stream, "drain").catch(() => {}), this.#whenStopped]);
      }
      this.#exhausted = true;
    } catch (error) {
      this.failure = error;
    }
    this.#stream.end();
  }

  /** The answer that an event completes, if it does. */
  take({ requestId, input, encoding, part, done, answer }: EncodeStreamResponse): Answer | undefined {
    const reassembly = this.#pending.get(requestId);
    if (!reassembly) return undefined; // It has failed.
    const index = Number(requestId);
    try {
      if (encoding) reassembly.addEncoding(input, encoding);
      if (part) reassembly.addPart(input, part);
      if (!done) return undefined;
      this.#pending.delete(requestId);
      if (done.code) throw StrataError.fromStatus(done);
      return { index, response: reassembly.finish(answer!) };
    } catch (error) {
      this.#pending.delete(requestId);
      return { index, error: error as Error };
    }
  }
}
