// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

package strata.client;

import com.google.protobuf.ByteString;
import java.util.Arrays;
import strata.v1.EncodeResponse;
import strata.v1.Encoding;
import strata.v1.TensorPart;

/**
 * Puts the events of one request together to the answer that Encode gives.
 *
 * <p>Throws IllegalStateException where the events are not as the API promises.
 */
final class Reassembly {
  private final Encoding.Builder[] encodings;
  /** Of each input: the output that the next part is of. */
  private final int[] next;
  /** Of each input: what has come of that output. */
  private final ByteString[] data;

  Reassembly(int inputs) {
    encodings = new Encoding.Builder[inputs];
    next = new int[inputs];
    data = new ByteString[inputs];
    Arrays.fill(data, ByteString.EMPTY);
  }

  /** Takes an input's answer, whose tensors have no data yet. */
  void addEncoding(int input, Encoding encoding) {
    if (input < 0 || input >= encodings.length || encodings[input] != null) {
      throw new IllegalStateException(
          "got an answer to input " + input + " of " + encodings.length + ", which is none or has one");
    }
    encodings[input] = encoding.toBuilder();
  }

  /** Takes a part of a tensor's data; parts come in order. */
  void addPart(int input, TensorPart part) {
    if (input < 0
        || input >= encodings.length
        || encodings[input] == null
        || part.getOutput() != next[input]
        || next[input] >= encodings[input].getOutputsCount()
        || part.getOffset() != data[input].size()) {
      throw new IllegalStateException(
          "got byte " + part.getOffset() + " of output " + part.getOutput() + " of input " + input
              + " out of order");
    }
    // A rope: nothing is copied until it is read.
    data[input] = data[input].concat(part.getData());
    if (part.getLast()) {
      encodings[input].getOutputsBuilder(next[input]).getTensorBuilder().setData(data[input]);
      data[input] = ByteString.EMPTY;
      next[input]++;
    }
  }

  /** Takes what comes with 'done'; returns the whole answer. */
  EncodeResponse finish(EncodeResponse answer) {
    EncodeResponse.Builder whole = answer.toBuilder();
    for (int input = 0; input < encodings.length; input++) {
      if (encodings[input] == null || next[input] != encodings[input].getOutputsCount()) {
        throw new IllegalStateException("the answer to input " + input + " is not complete");
      }
      whole.addEncodings(encodings[input]);
    }
    return whole.build();
  }
}
