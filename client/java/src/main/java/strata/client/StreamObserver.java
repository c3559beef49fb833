// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

package strata.client;

import com.google.rpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import strata.v1.EncodeRequest;
import strata.v1.EncodeStreamRequest;
import strata.v1.EncodeStreamResponse;

/** One call of EncodeStream. gRPC calls its methods one after the other. */
final class StreamObserver
    implements ClientResponseObserver<EncodeStreamRequest, EncodeStreamResponse> {
  private final Iterator<EncodeRequest> requests;
  private final Consumer<Answer> onAnswer;
  private final Map<Integer, Reassembly> pending = new HashMap<>();
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private ClientCallStreamObserver<EncodeStreamRequest> call;
  private int sent = 0;
  private boolean exhausted = false;

  StreamObserver(Iterator<EncodeRequest> requests, Consumer<Answer> onAnswer) {
    this.requests = requests;
    this.onAnswer = onAnswer;
  }

  /** Returns when the call has ended; throws what it ended with. */
  void await() {
    try {
      ended.get();
    } catch (ExecutionException failed) {
      if (failed.getCause() instanceof StatusRuntimeException error) {
        throw error;
      }
      throw new IllegalStateException(failed.getCause());
    } catch (InterruptedException interrupted) {
      call.cancel("interrupted", interrupted);
      Thread.currentThread().interrupt();
      throw io.grpc.Status.CANCELLED.withCause(interrupted).asRuntimeException();
    }
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<EncodeStreamRequest> call) {
    this.call = call;
    call.setOnReadyHandler(this::send);
  }

  /** Sends as long as the server takes requests. */
  private void send() {
    while (call.isReady() && !exhausted) {
      if (!requests.hasNext()) {
        exhausted = true;
        call.onCompleted();
        return;
      }
      EncodeRequest request = requests.next();
      pending.put(sent, new Reassembly(request.getInputsCount()));
      call.onNext(
          EncodeStreamRequest.newBuilder()
              .setRequestId(Integer.toString(sent))
              .setRequest(request)
              .build());
      sent++;
    }
  }

  @Override
  public void onNext(EncodeStreamResponse event) {
    int index = Integer.parseInt(event.getRequestId());
    Reassembly reassembly = pending.get(index);
    switch (event.getEventCase()) {
      case ENCODING -> reassembly.addEncoding(event.getInput(), event.getEncoding());
      case PART -> reassembly.addPart(event.getInput(), event.getPart());
      case DONE -> {
        Status done = event.getDone();
        onAnswer.accept(
            done.getCode() == 0
                ? new Answer(index, reassembly.finish(event.getAnswer()), null)
                : new Answer(index, null, StatusProto.toStatusRuntimeException(done)));
        pending.remove(index); // Not before: what onAnswer throws fails the call.
      }
      case EVENT_NOT_SET -> {} // Of a newer server.
    }
  }

  @Override
  public void onError(Throwable error) {
    // A server that stops need not have seen that this was all.
    if (exhausted && pending.isEmpty()) {
      ended.complete(null);
    } else {
      ended.completeExceptionally(error);
    }
  }

  @Override
  public void onCompleted() {
    onError(
        io.grpc.Status.INTERNAL
            .withDescription("the stream ended before every request was answered")
            .asRuntimeException());
  }
}
