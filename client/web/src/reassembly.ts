// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

import type {
  EncodeChunksResponse,
  EncodeResponse,
  Encoding,
  TensorPart,
} from "../generated/strata/v1/hidden_state_service_pb.js";
import { byteLength } from "./tensor.js";

/** Puts the events of EncodeChunks together to the answer that Encode gives. */
export class Reassembly {
  /** Bytes of tensors that have come. */
  received = 0;

  readonly #encodings: (Encoding | undefined)[];
  /** Of each input: where the next part begins, and of which output it is. */
  readonly #next: { output: number; offset: number }[];
  #answer?: EncodeResponse;

  constructor(inputs: number) {
    this.#encodings = new Array(inputs).fill(undefined);
    this.#next = Array.from({ length: inputs }, () => ({ output: 0, offset: 0 }));
  }

  add({ input, event, answer }: EncodeChunksResponse): void {
    if (event.case === "encoding") this.#addEncoding(input, event.value);
    if (event.case === "part") this.#addPart(input, event.value);
    this.#answer = answer;
  }

  /** The whole answer, once the last event has come. */
  finish(): EncodeResponse {
    if (!this.#answer) throw new Error("the answer ended before it was complete");
    this.#answer.encodings = this.#encodings.map((encoding, input) => {
      if (!encoding || this.#next[input]!.output !== encoding.outputs.length) {
        throw new Error(`the answer to input ${input} is not complete`);
      }
      return encoding;
    });
    return this.#answer;
  }

  #addEncoding(input: number, encoding: Encoding): void {
    if (!(input in this.#encodings) || this.#encodings[input]) {
      throw new Error(`got an answer to input ${input} of ${this.#encodings.length}, which is none or has one`);
    }
    for (const { tensor } of encoding.outputs) tensor!.data = new Uint8Array(byteLength(tensor!));
    this.#encodings[input] = encoding;
  }

  #addPart(input: number, { output, offset, data, last }: TensorPart): void {
    const next = this.#next[input];
    const whole = this.#encodings[input]?.outputs[output]?.tensor?.data;
    if (!next || !whole || output !== next.output || Number(offset) !== next.offset) {
      throw new Error(`got byte ${offset} of output ${output} of input ${input} out of order`);
    }
    if (last ? next.offset + data.length !== whole.length : next.offset + data.length > whole.length) {
      throw new Error(`output ${output} of input ${input} has not the ${whole.length} bytes of its shape`);
    }
    whole.set(data, next.offset);
    this.received += data.length;
    this.#next[input] = last ? { output: output + 1, offset: 0 } : { output, offset: next.offset + data.length };
  }
}
