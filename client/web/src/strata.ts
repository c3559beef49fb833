// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

import type { Message, MessageInitShape } from "@bufbuild/protobuf";
import { ConnectError, createClient } from "@connectrpc/connect";
import type { Client as ServiceClient, Interceptor } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";

import { HiddenStateService } from "../generated/strata/v1/hidden_state_service_pb.js";
import type { EncodeRequestSchema, EncodeResponse } from "../generated/strata/v1/hidden_state_service_pb.js";
import { ModelService } from "../generated/strata/v1/model_service_pb.js";
import type { GetModelResponse, ListModelsResponse, ModelSummary } from "../generated/strata/v1/model_service_pb.js";
import { StrataError } from "./errors.js";
import { Reassembly } from "./reassembly.js";

export { Code } from "@connectrpc/connect";
export { OutputKind, Pooling, Truncation } from "../generated/strata/v1/hidden_state_service_pb.js";
export { ModelState } from "../generated/strata/v1/model_service_pb.js";
export { DataType } from "../generated/strata/v1/tensor_pb.js";
export { StrataError } from "./errors.js";
export { floats } from "./tensor.js";
export type { Floats } from "./tensor.js";

/** What is left out is as the API says for unset fields. */
export type EncodeRequest = Exclude<MessageInitShape<typeof EncodeRequestSchema>, Message>;

export interface ClientOptions {
  /** Sent with every call. Whoever uses the page can read it. */
  token?: string;
  /** How long a call may take; it travels to the server. 0: as long as it takes. */
  timeoutMs?: number;
}

export interface CallOptions {
  /** Ends the call when it is aborted; the server then computes no more of it than it has begun. */
  signal?: AbortSignal;
  /** Instead of the client's own. */
  timeoutMs?: number;
}

export interface PartsOptions extends CallOptions {
  /**
   * Called with the bytes of tensors that have come. What follows is not read
   * before what it returns is done, and the server holds it back meanwhile.
   */
  onProgress?: (received: number) => void | Promise<void>;
}

/**
 * A Strata server behind a proxy that takes gRPC-Web.
 *
 *     const client = new Client("http://127.0.0.1:8080");
 *     const reply = await client.encode({
 *       inputs: [{ content: { case: "text", value: "The cat sat on the mat." } }],
 *       outputs: [{ layers: [0, -1] }],
 *     });
 *     const states = floats(reply.encodings[0].outputs[0].tensor);
 *     states.shape; // [layers, pieces, width]
 *
 * Calls that fail throw StrataError.
 */
export class Client {
  /** The generated clients, for what has no method here. */
  readonly hiddenStates: ServiceClient<typeof HiddenStateService>;
  readonly models: ServiceClient<typeof ModelService>;

  /** Where the proxy is, as "https://strata.example.com". */
  constructor(baseUrl: string, { token, timeoutMs = 60_000 }: ClientOptions = {}) {
    const { protocol, hostname } = new URL(baseUrl);
    if (token && protocol !== "https:" && !/^(127\.|localhost$|\[::1\]$)/.test(hostname)) {
      throw new Error("the token could be read on the way to another machine: use https");
    }
    const authorize: Interceptor = (next) => (request) => {
      request.header.set("authorization", `Bearer ${token}`);
      return next(request);
    };
    const transport = createGrpcWebTransport({
      baseUrl,
      defaultTimeoutMs: timeoutMs,
      interceptors: token ? [authorize] : [],
    });
    this.hiddenStates = createClient(HiddenStateService, transport);
    this.models = createClient(ModelService, transport);
  }

  /** Encodes and is answered at once; refused with REPLY_TOO_LARGE where that would be too much. */
  async encode(request: EncodeRequest, options?: CallOptions): Promise<EncodeResponse> {
    return answerOf(this.hiddenStates.encode(request, options));
  }

  /** Encodes and is answered in parts, which are put together: an answer of any size. */
  async encodeInParts(request: EncodeRequest, options: PartsOptions = {}): Promise<EncodeResponse> {
    const reassembly = new Reassembly(request.inputs?.length ?? 0);
    // To leave the loop below would not end the call.
    const left = new AbortController();
    const signal = AbortSignal.any([left.signal, options.signal].filter((x) => x !== undefined));
    const { timeoutMs, onProgress } = options;
    // Unset until something of the answer has come.
    let received: number | undefined;
    try {
      for await (const event of this.hiddenStates.encodeChunks({ request }, { signal, timeoutMs })) {
        reassembly.add(event);
        received = reassembly.received;
        await onProgress?.(received);
      }
      return reassembly.finish();
    } catch (error) {
      throw named(error, received);
    } finally {
      left.abort();
    }
  }

  /** Every version of every model, refused ones included. */
  async listModels(options?: CallOptions): Promise<ModelSummary[]> {
    const models: ModelSummary[] = [];
    let pageToken = "";
    do {
      const page: ListModelsResponse = await answerOf(this.models.listModels({ pageToken }, options));
      models.push(...page.models);
      pageToken = page.nextPageToken;
    } while (pageToken);
    return models;
  }

  /** What a model is; its newest version that is ready. */
  async getModel(model: string, options?: CallOptions): Promise<GetModelResponse> {
    return answerOf(this.models.getModel({ model }, options));
  }
}

/** The answer of a call that has one message. */
async function answerOf<Response>(call: Promise<Response>): Promise<Response> {
  try {
    return await call;
  } catch (error) {
    throw named(error);
  }
}

/** What a call failed with, as a StrataError; what the caller's own code threw stays as it is. */
function named(error: unknown, received?: number): unknown {
  return error instanceof ConnectError ? StrataError.fromConnectError(error, received) : error;
}
