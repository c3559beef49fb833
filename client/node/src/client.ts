// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

import * as grpc from "@grpc/grpc-js";

import { EncodeRequest, EncodeResponse, HiddenStateServiceClient } from "../generated/strata/v1/hidden_state_service.js";
import type { DeepPartial } from "../generated/strata/v1/hidden_state_service.js";
import { ListModelsResponse, ModelServiceClient, ModelSummary } from "../generated/strata/v1/model_service.js";
import { StrataError } from "./errors.js";
import { defaultRetryPolicy, withRetries } from "./retry.js";
import type { RetryPolicy } from "./retry.js";
import { encodeAll } from "./stream.js";
import type { Answer } from "./stream.js";

export interface ClientOptions {
  /** Encrypts the connection. */
  tls?: {
    /** PEM of the authorities that the server's certificate may come from; by default those of Node. */
    rootCertificates?: Buffer;
    /** PEM of what this client shows of itself, and of its key. */
    certificate?: Buffer;
    key?: Buffer;
  };
  /** Sent with every call. */
  token?: string;
  /** Lets the token travel unencrypted to another machine, where it can be read on the way. */
  tokenOnPlaintext?: boolean;
  /** How long a call may take in all, retries and waits included; it travels to the server. */
  timeoutMs?: number;
  retry?: RetryPolicy;
}

type UnaryCall<Request, Response> = (
  request: Request,
  metadata: grpc.Metadata,
  options: grpc.CallOptions,
  callback: (error: grpc.ServiceError | null, response: Response) => void,
) => grpc.ClientUnaryCall;

/**
 * A connection to one Strata server, which many calls may share.
 *
 *     const client = new Client("127.0.0.1:50051");
 *     const reply = await client.encode({
 *       inputs: [{ text: "The cat sat on the mat." }],
 *       outputs: [{ layers: [0, -1] }],
 *     });
 *     const states = floats(reply.encodings[0]!.outputs[0]!.tensor!);
 *     states.shape; // [layers, pieces, width]
 *     client.close();
 *
 * Calls that fail throw StrataError.
 */
export class Client {
  /** The generated stubs, for what has no method here. */
  readonly hiddenStates: HiddenStateServiceClient;
  readonly models: ModelServiceClient;

  readonly #metadata = new grpc.Metadata();
  readonly #timeoutMs: number;
  readonly #retry: RetryPolicy;

  /** Does not connect yet; the first call does. */
  constructor(target: string, options: ClientOptions = {}) {
    const { tls, token } = options;
    const loopback = /^(127\.|localhost:|\[::1\]:)/.test(target);
    if (token) {
      if (!tls && !options.tokenOnPlaintext && !loopback) {
        throw new Error("the token could be read on the way to another machine: set tls or tokenOnPlaintext");
      }
      this.#metadata.set("authorization", `Bearer ${token}`);
    }
    this.#timeoutMs = options.timeoutMs ?? 60_000;
    this.#retry = options.retry ?? defaultRetryPolicy;
    const credentials = tls
      ? grpc.credentials.createSsl(tls.rootCertificates, tls.key, tls.certificate)
      : grpc.credentials.createInsecure();
    const channelOptions: grpc.ChannelOptions = {
      // Hidden states are large, and the server has limits of its own.
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
      // No proxy can reach this machine's own loopback.
      ...(loopback ? { "grpc.enable_http_proxy": 0 } : {}),
    };
    this.hiddenStates = new HiddenStateServiceClient(target, credentials, channelOptions);
    this.models = new ModelServiceClient(target, credentials, channelOptions);
  }

  /** Ends the connection. */
  close(): void {
    this.hiddenStates.close();
    this.models.close();
  }

  /** What is left out of the request is as the API says for unset fields. */
  encode(request: DeepPartial<EncodeRequest>): Promise<EncodeResponse> {
    return this.#call(this.hiddenStates.encode.bind(this.hiddenStates), EncodeRequest.fromPartial(request));
  }

  /**
   * Encodes many requests over one stream. They are taken as the server takes
   * them, and answered as they complete, in any order; an answer may be larger
   * than a message can be. A request that fails is an answer with an `error`,
   * and the others go on. Where the stream itself fails, it throws.
   */
  encodeAll(
    requests: Iterable<DeepPartial<EncodeRequest>> | AsyncIterable<DeepPartial<EncodeRequest>>,
    options: { timeoutMs?: number } = {},
  ): AsyncGenerator<Answer> {
    const deadline = options.timeoutMs === undefined ? Infinity : Date.now() + options.timeoutMs;
    return encodeAll(this.hiddenStates.encodeStream(this.#metadata, { deadline }), requests);
  }

  /** Every version of every model, refused ones included. */
  async listModels(): Promise<ModelSummary[]> {
    const models: ModelSummary[] = [];
    let pageToken = "";
    do {
      const page: ListModelsResponse = await this.#call(this.models.listModels.bind(this.models), {
        pageSize: 0,
        pageToken,
      });
      models.push(...page.models);
      pageToken = page.nextPageToken;
    } while (pageToken);
    return models;
  }

  #call<Request, Response>(method: UnaryCall<Request, Response>, request: Request): Promise<Response> {
    const deadline = Date.now() + this.#timeoutMs;
    return withRetries(
      this.#retry,
      deadline,
      () =>
        new Promise((resolve, reject) => {
          method(request, this.#metadata, { deadline }, (error, response) =>
            error ? reject(StrataError.fromServiceError(error)) : resolve(response),
          );
        }),
    );
  }
}
