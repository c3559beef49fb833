// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// The page of index.html: it lists the models, compares two texts, and shows every
// layer of one.

import type { Encoding } from "../generated/strata/v1/hidden_state_service_pb.js";
import { Client, ModelState, Pooling, StrataError, floats } from "./strata.js";
import type { Floats } from "./strata.js";

function element<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

const server = element<HTMLInputElement>("server");
const model = element<HTMLSelectElement>("model");
const text = element<HTMLInputElement>("text");
const other = element<HTMLInputElement>("other");
const output = element("output");
const error = element("error");

/** Of what is being asked; whatever is asked next ends it. */
let asking = new AbortController();

function input(value: string) {
  return { content: { case: "text" as const, value } };
}

/** The first output of an answer to one input. */
function first({ status, outputs }: Encoding): Floats {
  if (status?.code) throw StrataError.fromStatus(status);
  return floats(outputs[0]!.tensor!);
}

function describe({ shape, values }: Floats): string {
  const numbers = Array.from(values.subarray(0, 5), (value) => value.toFixed(4));
  return `[${shape.join(", ")}]: ${numbers.join(" ")} ...`;
}

/** Asks the server, and shows what comes of it or why it does not. */
async function ask(question: (client: Client, signal: AbortSignal) => Promise<string>): Promise<void> {
  asking.abort();
  const { signal } = (asking = new AbortController());
  error.textContent = "";
  output.textContent = "asking ...";
  try {
    output.textContent = await question(new Client(server.value), signal);
  } catch (failure) {
    // The next question has the page by now, where it was what ended this one.
    if (signal !== asking.signal) return;
    output.textContent = "";
    error.textContent = failure instanceof Error ? failure.message : String(failure);
  }
}

/** Fills the list of models with those that are ready; says why others are not. */
async function listModels(client: Client, signal: AbortSignal): Promise<string> {
  model.replaceChildren();
  const models = await client.listModels({ signal });
  const ready = models.filter(({ state }) => state === ModelState.READY).map(({ name }) => name);
  for (const name of new Set(ready)) model.add(new Option(name));
  return models
    .map(({ name, version, state, reason }) => `${name}, version ${version}: ${ModelState[state]} ${reason}`)
    .join("\n");
}

/** How near the means of two texts are. */
async function compare(client: Client, signal: AbortSignal): Promise<string> {
  const reply = await client.encode(
    {
      model: model.value,
      inputs: [input(text.value), input(other.value)],
      outputs: [{ pooling: Pooling.MEAN, normalize: true }],
    },
    { signal },
  );
  const [a, b] = reply.encodings.map(first) as [Floats, Floats];
  // The cosine of the angle between vectors of length 1.
  const similarity = a.values.reduce((sum, value, i) => sum + value * b.values[i]!, 0);
  return `cosine similarity ${similarity.toFixed(4)}\n${describe(a)}\n${describe(b)}`;
}

/** Hidden states of all layers and pieces, which may be too much for one message. */
async function everyLayer(client: Client, signal: AbortSignal): Promise<string> {
  const { traceReport } = await client.getModel(model.value, { signal });
  const layers = Array.from({ length: traceReport!.layers }, (_, layer) => layer);
  const onProgress = (received: number) => {
    output.textContent = `${received} bytes ...`;
  };
  const reply = await client.encodeInParts(
    { model: model.value, inputs: [input(text.value)], outputs: [{ layers }] },
    { signal, onProgress },
  );
  const states = first(reply.encodings[0]!);
  return `[layers, pieces, width]\n${describe(states)}\n${states.values.byteLength} bytes`;
}

element<HTMLFormElement>("questions").addEventListener("submit", (event) => {
  event.preventDefault();
  void ask(compare);
});
element("layers").addEventListener("click", () => void ask(everyLayer));
element("cancel").addEventListener("click", () => asking.abort());
server.value = new URLSearchParams(location.search).get("server") ?? server.value;
server.addEventListener("change", () => void ask(listModels));
void ask(listModels);
