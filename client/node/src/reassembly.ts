// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

import { EncodeResponse, Encoding, TensorPart } from "../generated/strata/v1/hidden_state_service.js";

/** Puts the events of one request together to the answer that Encode gives. */
export class Reassembly {
  readonly #encodings: (Encoding | undefined)[];
  /** Of each input: the parts so far of each of its outputs, the last of which may be incomplete. */
  readonly #parts: Buffer[][][];
  /** Of each input: where the next part begins, and of which output it is. */
  readonly #next: { output: number; offset: number }[];

  constructor(inputs: number) {
    this.#encodings = new Array(inputs).fill(undefined);
    this.#parts = Array.from({ length: inputs }, () => []);
    this.#next = Array.from({ length: inputs }, () => ({ output: 0, offset: 0 }));
  }

  /** An input's answer, whose tensors have no data yet. */
  addEncoding(input: number, encoding: Encoding): void {
    if (!(input in this.#encodings) || this.#encodings[input]) {
      throw new Error(`got an answer to input ${input} of ${this.#encodings.length}, which is none or has one`);
    }
    this.#encodings[input] = encoding;
  }

  /** A part of a tensor's data; parts come in order. */
  addPart(input: number, part: TensorPart): void {
    const next = this.#next[input];
    const tensor = this.#encodings[input]?.outputs[part.output]?.tensor;
    if (!next || !tensor || part.output !== next.output || part.offset !== next.offset) {
      throw new Error(`got byte ${part.offset} of output ${part.output} of input ${input} out of order`);
    }
    const parts = (this.#parts[input]![part.output] ??= []);
    parts.push(part.data);
    next.offset += part.data.length;
    if (!part.last) return;
    tensor.data = Buffer.concat(parts);
    this.#parts[input]![part.output] = [];
    this.#next[input] = { output: part.output + 1, offset: 0 };
  }

  /** Takes what comes with `done`, and returns the whole answer. */
  finish(answer: EncodeResponse): EncodeResponse {
    const encodings = this.#encodings.map((encoding, input) => {
      if (!encoding || this.#next[input]!.output !== encoding.outputs.length) {
        throw new Error(`the answer to input ${input} is not complete`);
      }
      return encoding;
    });
    return { ...answer, encodings };
  }
}
