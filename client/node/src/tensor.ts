// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

import { endianness } from "node:os";

import { DataType, Tensor, dataTypeToJSON } from "../generated/strata/v1/tensor.js";

/** A dense array of numbers, row-major. */
export interface Floats {
  /** [layers, pieces, width] of hidden states, [layers, width] of pooled ones; the API describes the others. */
  shape: number[];
  values: Float32Array;
}

/**
 * Reads a tensor of an answer. Throws where the type is one that it does not read
 * (ask for FLOAT32 or BFLOAT16), or data and shape do not fit.
 */
export function floats({ dtype, shape, data }: Tensor): Floats {
  const size = dtype === DataType.DATA_TYPE_FLOAT32 ? 4 : dtype === DataType.DATA_TYPE_BFLOAT16 ? 2 : 0;
  if (!size) throw new Error(`the tensor is of type ${dataTypeToJSON(dtype)}; ask for FLOAT32 or BFLOAT16`);
  const count = shape.reduce((product, length) => product * length, 1);
  if (data.length !== count * size) {
    throw new Error(`a tensor of shape [${shape}] has ${data.length} bytes; expected ${count * size}`);
  }
  // A copy: the message's bytes need not begin where a Float32Array may.
  const bytes = Uint8Array.from(data);
  if (size === 2) {
    const view = new DataView(bytes.buffer);
    const bits = Uint32Array.from({ length: count }, (_, i) => view.getUint16(2 * i, true) << 16);
    return { shape, values: new Float32Array(bits.buffer) };
  }
  if (endianness() === "BE") Buffer.from(bytes.buffer).swap32();
  return { shape, values: new Float32Array(bytes.buffer) };
}
