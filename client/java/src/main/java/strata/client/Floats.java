// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

package strata.client;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import strata.v1.DataType;
import strata.v1.Tensor;

/**
 * A dense array of numbers, row-major.
 *
 * @param shape [layers, pieces, width] of hidden states, [layers, width] of pooled ones; the API
 *     describes the others
 */
public record Floats(int[] shape, float[] values) {
  /**
   * Reads a tensor of an answer.
   *
   * @throws IllegalArgumentException where its type is one that is not read here (ask for FLOAT32
   *     or BFLOAT16), or data and shape do not fit
   */
  public static Floats of(Tensor tensor) {
    boolean half = tensor.getDtype() == DataType.DATA_TYPE_BFLOAT16;
    if (!half && tensor.getDtype() != DataType.DATA_TYPE_FLOAT32) {
      throw new IllegalArgumentException(
          "the tensor is of type " + tensor.getDtype() + "; ask for FLOAT32 or BFLOAT16");
    }
    int[] shape = tensor.getShapeList().stream().mapToInt(Math::toIntExact).toArray();
    long count = tensor.getShapeList().stream().reduce(1L, Math::multiplyExact);
    ByteBuffer data = tensor.getData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    if (data.remaining() != count * (half ? 2 : 4)) {
      throw new IllegalArgumentException(
          "a tensor of shape "
              + tensor.getShapeList()
              + " has "
              + data.remaining()
              + " bytes, which do not fit");
    }
    float[] values = new float[(int) count];
    if (half) {
      for (int i = 0; i < values.length; i++) {
        // The upper half of a float.
        values[i] = Float.intBitsToFloat(data.getShort() << 16);
      }
    } else {
      data.asFloatBuffer().get(values);
    }
    return new Floats(shape, values);
  }
}
