// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

package strata.client;

import io.grpc.ChannelCredentials;
import io.grpc.Deadline;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import strata.v1.EncodeRequest;
import strata.v1.EncodeResponse;
import strata.v1.HiddenStateServiceGrpc;
import strata.v1.HiddenStateServiceGrpc.HiddenStateServiceBlockingStub;
import strata.v1.Input;
import strata.v1.ListModelsRequest;
import strata.v1.ListModelsResponse;
import strata.v1.ModelServiceGrpc;
import strata.v1.ModelServiceGrpc.ModelServiceBlockingStub;
import strata.v1.ModelSummary;

/**
 * A connection to one Strata server, which serves the hidden states of transformers. Threads may
 * share it.
 *
 * <pre>{@code
 * try (var client = new StrataClient("127.0.0.1:50051", Options.DEFAULT)) {
 *   var request =
 *       EncodeRequest.newBuilder()
 *           .addInputs(StrataClient.text("The cat sat on the mat."))
 *           .addOutputs(OutputSpec.newBuilder().addLayers(0).addLayers(-1))
 *           .build();
 *   EncodeResponse reply = client.encode(request);
 *   Floats states = Floats.of(reply.getEncodings(0).getOutputs(0).getTensor());
 *   states.shape(); // [layers, pieces, width]
 * }
 * }</pre>
 *
 * <p>Calls that fail throw {@link io.grpc.StatusRuntimeException}, which {@link ErrorDetails} reads.
 */
public final class StrataClient implements AutoCloseable {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final Options options;
  private final ManagedChannel channel;
  private final HiddenStateServiceBlockingStub hiddenStates;
  private final ModelServiceBlockingStub models;
  private final HiddenStateServiceGrpc.HiddenStateServiceStub streams;

  /**
   * Does not connect yet; the first call does.
   *
   * @param target HOST:PORT, or any gRPC target
   * @throws IllegalArgumentException where the token could be read on its way
   */
  public StrataClient(String target, Options options) {
    this.options = options;
    ChannelCredentials tls = options.tls();
    ManagedChannelBuilder<?> builder =
        Grpc.newChannelBuilder(target, tls == null ? InsecureChannelCredentials.create() : tls)
            // Hidden states are large, and the server has limits of its own.
            .maxInboundMessageSize(Integer.MAX_VALUE);
    if (options.token() != null) {
      if (tls == null && !options.tokenOnPlaintext() && !isLoopback(target)) {
        throw new IllegalArgumentException(
            "the token could be read on the way to another machine: set tls or tokenOnPlaintext");
      }
      var headers = new Metadata();
      headers.put(AUTHORIZATION, "Bearer " + options.token());
      builder.intercept(MetadataUtils.newAttachHeadersInterceptor(headers));
    }
    channel = builder.build();
    hiddenStates = HiddenStateServiceGrpc.newBlockingStub(channel);
    models = ModelServiceGrpc.newBlockingStub(channel);
    streams = HiddenStateServiceGrpc.newStub(channel);
  }

  /** An input of one text. */
  public static Input text(String text) {
    return Input.newBuilder().setText(text).build();
  }

  /** Encodes the inputs of one request. */
  public EncodeResponse encode(EncodeRequest request) {
    return options
        .retry()
        .call(deadline(), deadline -> hiddenStates.withDeadline(deadline).encode(request));
  }

  /**
   * Encodes many requests over one stream. They are taken as the server takes them, and answered as
   * they complete, in any order; an answer may be larger than a message can be. A request that
   * fails is an {@link Answer} with an error, and the others go on. Returns when all are answered.
   *
   * @param requests asked on a thread of gRPC's
   * @param onAnswer called on a thread of gRPC's, once at a time; the stream waits for it
   * @param timeout of the whole stream, and of each request
   * @throws io.grpc.StatusRuntimeException where the stream itself fails; what has no answer then
   *     may be sent again
   */
  public void encodeAll(
      Iterator<EncodeRequest> requests, Consumer<Answer> onAnswer, Duration timeout) {
    var observer = new StreamObserver(requests, onAnswer);
    streams
        .withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS)
        .encodeStream(observer);
    observer.await();
  }

  /** Every version of every model, refused ones included. */
  public List<ModelSummary> listModels() {
    var all = new ArrayList<ModelSummary>();
    var request = ListModelsRequest.newBuilder();
    do {
      ListModelsRequest asked = request.build();
      ListModelsResponse page =
          options
              .retry()
              .call(deadline(), deadline -> models.withDeadline(deadline).listModels(asked));
      all.addAll(page.getModelsList());
      request.setPageToken(page.getNextPageToken());
    } while (!request.getPageToken().isEmpty());
    return all;
  }

  /** Ends the connection; calls in flight are cancelled. */
  @Override
  public void close() {
    channel.shutdownNow();
  }

  private Deadline deadline() {
    return Deadline.after(options.timeout().toNanos(), TimeUnit.NANOSECONDS);
  }

  private static boolean isLoopback(String target) {
    return target.startsWith("127.")
        || target.startsWith("localhost:")
        || target.startsWith("[::1]:");
  }
}
