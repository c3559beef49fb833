// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// Shows what a client of a Strata server does: it lists the models, encodes texts,
// and sends many requests over one stream.
//
//   node dist/src/example.js [--model NAME] [--root-certificates FILE] [HOST:PORT]
//
// A token is read from STRATA_TOKEN.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { Pooling } from "../generated/strata/v1/hidden_state_service.js";
import { ModelState, modelStateToJSON } from "../generated/strata/v1/model_service.js";
import { Client } from "./client.js";
import { StrataError } from "./errors.js";
import { floats } from "./tensor.js";

const TEXTS = ["Hello world!", "This is a test"];

/** Prints the models, and returns the one to ask. */
async function chooseModel(client: Client, chosen?: string): Promise<string> {
  for (const model of await client.listModels()) {
    console.log(`model ${model.name}, version ${model.version}: ${modelStateToJSON(model.state)}`);
    if (model.state === ModelState.MODEL_STATE_READY) chosen ??= model.name;
  }
  if (!chosen) throw new Error("none of the server's models is ready");
  return chosen;
}

/** Asks for two layers of every piece, and for the mean of the last, in one request. */
async function encode(client: Client, model: string): Promise<void> {
  const reply = await client.encode({
    model,
    inputs: TEXTS.map((text) => ({ text })),
    outputs: [{ layers: [0, -1] }, { pooling: Pooling.POOLING_MEAN, normalize: true }],
  });
  reply.encodings.forEach((encoding, i) => {
    if (encoding.status?.code) throw StrataError.fromStatus(encoding.status);
    const [states, pooled] = encoding.outputs.map((output) => floats(output.tensor!));
    console.log(`"${TEXTS[i]}": hidden states [${states!.shape.join(", ")}], pooled [${pooled!.shape.join(", ")}]`);
  });
}

/** Sends a hundred requests over one stream, and counts the answers. */
async function stream(client: Client, model: string): Promise<void> {
  const requests = Array.from({ length: 100 }, (_, i) => ({ model, inputs: [{ text: `Text number ${i}` }] }));
  let answered = 0;
  for await (const answer of client.encodeAll(requests, { timeoutMs: 60_000 })) {
    if (answer.error) throw answer.error;
    answered++;
  }
  console.log(`${answered} requests answered over one stream`);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { model: { type: "string" }, "root-certificates": { type: "string" } },
    allowPositionals: true,
  });
  const roots = values["root-certificates"];
  const client = new Client(positionals[0] ?? "127.0.0.1:50051", {
    token: process.env.STRATA_TOKEN,
    tls: roots === undefined ? undefined : { rootCertificates: readFileSync(roots) },
  });
  try {
    const model = await chooseModel(client, values.model);
    await encode(client, model);
    await stream(client, model);
  } finally {
    client.close();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
