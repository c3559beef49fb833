// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

package strata.client;

import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.protobuf.StatusProto;
import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import strata.v1.EncodeRequest;
import strata.v1.EncodeResponse;
import strata.v1.Encoding;
import strata.v1.ModelState;
import strata.v1.ModelSummary;
import strata.v1.OutputSpec;
import strata.v1.Pooling;

/**
 * Shows what a client of a Strata server does: it lists the models, encodes texts, and sends many
 * requests over one stream.
 *
 * <pre>java -jar target/strata-client.jar [--model=NAME] [--root-certificates=FILE] [HOST:PORT]</pre>
 *
 * <p>A token is read from STRATA_TOKEN.
 */
public final class Example {
  private static final List<String> TEXTS = List.of("Hello world!", "This is a test");

  private final StrataClient client;
  private final String model;

  private Example(StrataClient client, String model) {
    this.client = client;
    this.model = model == null ? chooseModel(client) : model;
  }

  public static void main(String[] words) throws IOException {
    String address = "127.0.0.1:50051";
    String model = null;
    Options options = Options.DEFAULT.withToken(System.getenv("STRATA_TOKEN"));
    for (String word : words) {
      String value = word.substring(word.indexOf('=') + 1);
      if (word.startsWith("--model=")) {
        model = value;
      } else if (word.startsWith("--root-certificates=")) {
        options =
            options.withTls(TlsChannelCredentials.newBuilder().trustManager(new File(value)).build());
      } else {
        address = word;
      }
    }
    try (var client = new StrataClient(address, options)) {
      for (ModelSummary found : client.listModels()) {
        System.out.printf(
            "model %s, version %d: %s%n", found.getName(), found.getVersion(), found.getState());
      }
      var example = new Example(client, model);
      example.encode();
      example.stream();
    } catch (StatusRuntimeException error) {
      System.err.println(error.getMessage());
      ErrorDetails.reason(error).ifPresent(reason -> System.err.println("the reason is " + reason));
      System.exit(1);
    }
  }

  /** The first that is ready. */
  private static String chooseModel(StrataClient client) {
    return client.listModels().stream()
        .filter(model -> model.getState() == ModelState.MODEL_STATE_READY)
        .map(ModelSummary::getName)
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("none of the server's models is ready"));
  }

  /** Asks for two layers of every piece, and for the mean of the last, in one request. */
  private void encode() {
    EncodeRequest request =
        EncodeRequest.newBuilder()
            .setModel(model)
            .addAllInputs(TEXTS.stream().map(StrataClient::text).toList())
            .addOutputs(OutputSpec.newBuilder().addLayers(0).addLayers(-1))
            .addOutputs(
                OutputSpec.newBuilder().setPooling(Pooling.POOLING_MEAN).setNormalize(true))
            .build();
    EncodeResponse reply = client.encode(request);
    for (int i = 0; i < TEXTS.size(); i++) {
      Encoding encoding = reply.getEncodings(i);
      if (encoding.getStatus().getCode() != 0) { // What failed for this text alone.
        throw StatusProto.toStatusRuntimeException(encoding.getStatus());
      }
      Floats states = Floats.of(encoding.getOutputs(0).getTensor());
      Floats pooled = Floats.of(encoding.getOutputs(1).getTensor());
      System.out.printf(
          "\"%s\": hidden states %s, pooled %s%n",
          TEXTS.get(i), Arrays.toString(states.shape()), Arrays.toString(pooled.shape()));
    }
  }

  /** Sends a hundred requests over one stream, and counts the answers. */
  private void stream() {
    var requests =
        IntStream.range(0, 100)
            .mapToObj(i -> StrataClient.text("Text number " + i))
            .map(text -> EncodeRequest.newBuilder().setModel(model).addInputs(text).build())
            .iterator();
    var answered = new AtomicInteger();
    client.encodeAll(
        requests,
        answer -> {
          if (answer.error() != null) {
            throw answer.error();
          }
          answered.incrementAndGet();
        },
        Duration.ofMinutes(1));
    System.out.println(answered + " requests answered over one stream");
  }
}
