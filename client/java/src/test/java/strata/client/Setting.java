// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

package strata.client;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import strata.v1.EncodeRequest;
import strata.v1.OutputSpec;
import strata.v1.Pooling;

/**
 * What tests/client/test_other_languages.py runs for the tests, and what the Python client was
 * answered.
 */
final class Setting {
  /** A tensor as the file has it. */
  static final class Numbers {
    int[] shape;
    float[] values;
  }

  String address;
  String tlsAddress;
  String rootCertificates;
  String token;

  /** Its server is always full. */
  String fullAddress;

  /** Nothing listens there. */
  String closedAddress;

  /** To be made of the full server. */
  int attempts;

  String model;
  List<String> texts;
  List<Integer> layers;

  /** Of each text. */
  List<Numbers> hiddenStates;

  List<Numbers> pooled;

  /** Skips the test where there is none. */
  static Setting read() throws IOException {
    String file = System.getenv("STRATA_CLIENT_TEST");
    assumeTrue(
        file != null, "tests/client/test_other_languages.py runs it, and sets STRATA_CLIENT_TEST");
    return new GsonBuilder()
        .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
        .create()
        .fromJson(Files.readString(Path.of(file)), Setting.class);
  }

  /** Asks for the layers of every piece, and for the mean of the last. */
  EncodeRequest.Builder request(List<String> texts) {
    return EncodeRequest.newBuilder()
        .setModel(model)
        .addAllInputs(texts.stream().map(StrataClient::text).toList())
        .addOutputs(OutputSpec.newBuilder().addAllLayers(layers))
        .addOutputs(OutputSpec.newBuilder().setPooling(Pooling.POOLING_MEAN).setNormalize(true));
  }
}
