// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";

import { status } from "@grpc/grpc-js";

import { Encoding, Pooling, TensorPart } from "../generated/strata/v1/hidden_state_service.js";
import { ModelState } from "../generated/strata/v1/model_service.js";
import { DataType } from "../generated/strata/v1/tensor.js";
import { Client } from "../src/client.js";
import type { ClientOptions } from "../src/client.js";
import { StrataError } from "../src/errors.js";
import { Reassembly } from "../src/reassembly.js";
import { defaultRetryPolicy, nextRetry } from "../src/retry.js";
import { floats } from "../src/tensor.js";

interface Numbers {
  shape: number[];
  values: number[];
}

/**
 * What tests/client/test_other_languages.py runs for these tests, and what the
 * Python client was answered.
 */
interface Setting {
  address: string;
  tls_address: string;
  root_certificates: string;
  token: string;
  /** Its server is always full. */
  full_address: string;
  /** Nothing listens there. */
  closed_address: string;
  /** To be made of the full server. */
  attempts: number;
  model: string;
  texts: string[];
  layers: number[];
  /** Of each text. */
  hidden_states: Numbers[];
  pooled: Numbers[];
}

const file = process.env.STRATA_CLIENT_TEST;
if (!file) throw new Error("run tests/client/test_other_languages.py, which sets STRATA_CLIENT_TEST");
const setting: Setting = JSON.parse(readFileSync(file, "utf8"));

async function using<Result>(
  target: string,
  options: ClientOptions,
  use: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new Client(target, options);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

/** Asks for the layers of every piece, and for the mean of the last. */
function request(...texts: string[]) {
  return {
    model: setting.model,
    inputs: texts.map((text) => ({ text })),
    outputs: [{ layers: setting.layers }, { pooling: Pooling.POOLING_MEAN, normalize: true }],
  };
}

/** Compares an answer with what the Python client got for the text. */
function check(text: number, encoding: Encoding): void {
  const expected = [setting.hidden_states[text]!, setting.pooled[text]!];
  assert.equal(encoding.status?.code ?? 0, 0);
  assert.equal(encoding.outputs.length, expected.length);
  encoding.outputs.forEach((output, i) => {
    const got = floats(output.tensor!);
    assert.deepEqual(got.shape, expected[i]!.shape);
    expected[i]!.values.forEach((value, place) => {
      const difference = Math.abs(got.values[place]! - value);
      assert.ok(difference <= 1e-4 * (1 + Math.abs(value)), `text ${text}, output ${i}, number ${place}`);
    });
  });
}

function failure(code: number, reason: string) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof StrataError, String(error));
    assert.equal(error.code, code, error.message);
    assert.equal(error.reason, reason);
    return true;
  };
}

suite("a server", () => {
  test("lists its models", () =>
    using(setting.address, {}, async (client) => {
      const models = await client.listModels();
      assert.deepEqual(models.map((model) => model.name), [setting.model]);
      assert.equal(models[0]!.state, ModelState.MODEL_STATE_READY);
    }));

  test("encodes", () =>
    using(setting.address, {}, async (client) => {
      const reply = await client.encode(request(...setting.texts));
      assert.equal(reply.encodings.length, setting.texts.length);
      reply.encodings.forEach((encoding, i) => check(i, encoding));
    }));

  test("answers in bfloat16", () =>
    using(setting.address, {}, async (client) => {
      const outputs = [{ layers: setting.layers, dtype: DataType.DATA_TYPE_BFLOAT16 }];
      const reply = await client.encode({ ...request(setting.texts[0]!), outputs });
      const { values } = floats(reply.encodings[0]!.outputs[0]!.tensor!);
      setting.hidden_states[0]!.values.forEach((value, place) => {
        assert.ok(Math.abs(values[place]! - value) <= 0.01 * (0.01 + Math.abs(value)), `number ${place}`);
      });
    }));

  // Every tenth is malformed, and the server sends parts that end inside a number.
  test("answers many requests over one stream", () =>
    using(setting.address, {}, async (client) => {
      function* requests() {
        for (let i = 0; i < 100; i++) {
          const one = request(setting.texts[i % setting.texts.length]!);
          yield i % 10 === 9 ? { ...one, outputs: [{ layers: [99] }] } : one;
        }
      }
      const answered = new Set<number>();
      for await (const { index, response, error } of client.encodeAll(requests())) {
        answered.add(index);
        if (index % 10 === 9) {
          failure(status.INVALID_ARGUMENT, "INVALID_FIELD")(error);
          assert.equal((error as StrataError).field, "outputs[0].layers[0]");
        } else {
          assert.equal(error, undefined);
          check(index % setting.texts.length, response!.encodings[0]!);
        }
      }
      assert.equal(answered.size, 100);
    }));

  test("can be left while it answers", () =>
    using(setting.address, {}, async (client) => {
      function* endless() {
        for (;;) yield request(...setting.texts);
      }
      for await (const { error } of client.encodeAll(endless())) {
        assert.equal(error, undefined);
        break;
      }
    }));

  test("names the reason of an error", () =>
    using(setting.address, {}, (client) =>
      assert.rejects(
        client.encode({ ...request(...setting.texts), model: "nobody" }),
        failure(status.NOT_FOUND, "MODEL_NOT_FOUND"),
      ),
    ));

  test("is given up at the deadline", () =>
    using(setting.address, { timeoutMs: 0 }, (client) =>
      assert.rejects(client.encode(request(...setting.texts)), failure(status.DEADLINE_EXCEEDED, "")),
    ));

  test("is asked over TLS, with a token", async () => {
    const tls = { rootCertificates: readFileSync(setting.root_certificates) };
    await using(setting.tls_address, { tls, token: setting.token }, async (client) => {
      const reply = await client.encode(request(setting.texts[0]!));
      check(0, reply.encodings[0]!);
    });
    await using(setting.tls_address, { tls }, (client) =>
      assert.rejects(client.encode(request(setting.texts[0]!)), failure(status.UNAUTHENTICATED, "NOT_AUTHENTICATED")),
    );
  });

  // The server's own count of refusals is compared by test_other_languages.py.
  test("is asked again where it is full", () =>
    using(setting.full_address, { retry: { ...defaultRetryPolicy, maxAttempts: setting.attempts } }, (client) =>
      assert.rejects(client.encode(request(...setting.texts)), (error: StrataError) => {
        assert.ok(error.retryAfterMs! > 0);
        return failure(status.RESOURCE_EXHAUSTED, "SERVER_FULL")(error);
      }),
    ));
});

test("a stream to nobody fails", () =>
  using(setting.closed_address, {}, (client) =>
    assert.rejects(async () => {
      for await (const answer of client.encodeAll([request(...setting.texts)])) assert.fail(String(answer.index));
    }, failure(status.UNAVAILABLE, "")),
  ));

test("what the caller's iterable throws is thrown", () =>
  using(setting.address, {}, (client) =>
    assert.rejects(async () => {
      function* broken() {
        yield request(setting.texts[0]!);
        throw new RangeError("of the caller");
      }
      for await (const { error } of client.encodeAll(broken())) assert.equal(error, undefined);
    }, new RangeError("of the caller")),
  ));

test("what is retried", () => {
  for (const [code, retryAfterMs, attempts, again] of [
    [status.UNAVAILABLE, undefined, 1, true],
    [status.UNAVAILABLE, undefined, 4, false],
    [status.RESOURCE_EXHAUSTED, 200, 1, true],
    [status.RESOURCE_EXHAUSTED, undefined, 1, false],
    [status.INVALID_ARGUMENT, undefined, 1, false],
  ] as const) {
    const error = new StrataError(code, "", "", undefined, retryAfterMs);
    const delay = nextRetry(defaultRetryPolicy, error, attempts);
    assert.equal(delay !== undefined, again, error.message);
    if (retryAfterMs && delay) assert.ok(delay >= retryAfterMs);
  }
});

test("a token does not travel unencrypted", () => {
  assert.throws(() => new Client("strata.example:50051", { token: "secret" }), /read on the way/);
  for (const target of ["127.0.0.1:50051", "localhost:50051", "[::1]:50051"]) {
    new Client(target, { token: "secret" }).close();
  }
});

test("parts that do not fit are refused", () => {
  const encoding = () => Encoding.fromPartial({ outputs: [{ tensor: {} }] });
  const part = (output: number, offset: number) => TensorPart.fromPartial({ output, offset, data: Buffer.from([1]) });
  const begun = () => {
    const reassembly = new Reassembly(1);
    reassembly.addEncoding(0, encoding());
    return reassembly;
  };
  assert.throws(() => new Reassembly(1).addPart(0, part(0, 0)));
  assert.throws(() => new Reassembly(1).addEncoding(1, encoding()));
  assert.throws(() => begun().addEncoding(0, encoding()));
  assert.throws(() => begun().addPart(0, part(0, 1)));
  assert.throws(() => begun().addPart(0, part(1, 0)));
  assert.throws(() => begun().finish({} as never));
});

test("tensors that do not fit are refused", () => {
  const shape = [2];
  assert.throws(() => floats({ dtype: DataType.DATA_TYPE_FLOAT32, shape, data: Buffer.alloc(7) }), /expected 8/);
  assert.throws(() => floats({ dtype: DataType.DATA_TYPE_FLOAT16, shape, data: Buffer.alloc(4) }), /FLOAT16/);
});
