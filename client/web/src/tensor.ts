// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

import { DataType } from "../generated/strata/v1/tensor_pb.js";
import type { Tensor } from "../generated/strata/v1/tensor_pb.js";

/** A dense array of numbers, row-major. */
export interface Floats {
  /** [layers, pieces, width] of hidden states, [layers, width] of pooled ones; the API describes the others. */
  shape: number[];
  values: Float32Array;
}

/** How many bytes the data of a tensor has. */
export function byteLength({ dtype, shape }: Tensor): number {
  const size = dtype === DataType.FLOAT32 ? 4 : 2;
  return shape.reduce((bytes, length) => bytes * Number(length), size);
}

/**
 * Reads a tensor of an answer, without a copy where its bytes lie as those of a
 * Float32Array may. Throws where the type is one that it does not read (ask for
 * FLOAT32 or BFLOAT16), or data and shape do not fit.
 */
export function floats(tensor: Tensor): Floats {
  const { dtype, data } = tensor;
  const shape = tensor.shape.map(Number);
  if (dtype !== DataType.FLOAT32 && dtype !== DataType.BFLOAT16) {
    throw new Error(`the tensor is of type ${DataType[dtype]}; ask for FLOAT32 or BFLOAT16`);
  }
  if (data.length !== byteLength(tensor)) {
    throw new Error(`a tensor of shape [${shape}] has ${data.length} bytes; expected ${byteLength(tensor)}`);
  }
  if (dtype === DataType.BFLOAT16) {
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    const bits = Uint32Array.from({ length: data.length / 2 }, (_, i) => view.getUint16(2 * i, true) << 16);
    return { shape, values: new Float32Array(bits.buffer) };
  }
  // Little-endian, as every machine that has a browser.
  const { buffer, byteOffset } = data.byteOffset % 4 ? data.slice() : data;
  return { shape, values: new Float32Array(buffer, byteOffset, data.length / 4) };
}
