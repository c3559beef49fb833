// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

package strata.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.Optional;

/** Reads what a Strata server attaches to an error. */
public final class ErrorDetails {
  private ErrorDetails() {}

  /**
   * The reason: the name of a {@link strata.v1.ErrorReason} without its prefix, as
   * "MODEL_NOT_FOUND". Empty where the error does not come from a Strata server.
   */
  public static Optional<String> reason(StatusRuntimeException error) {
    return find(error, ErrorInfo.class).map(ErrorInfo::getReason);
  }

  /** How long the server asks to wait before the call is made again, where it does. */
  public static Optional<Duration> retryDelay(StatusRuntimeException error) {
    return find(error, RetryInfo.class)
        .map(RetryInfo::getRetryDelay)
        .map(delay -> Duration.ofSeconds(delay.getSeconds(), delay.getNanos()));
  }

  private static <T extends Message> Optional<T> find(
      StatusRuntimeException error, Class<T> type) {
    com.google.rpc.Status status = StatusProto.fromThrowable(error);
    if (status == null) {
      return Optional.empty();
    }
    for (Any detail : status.getDetailsList()) {
      if (detail.is(type)) {
        try {
          return Optional.of(detail.unpack(type));
        } catch (InvalidProtocolBufferException broken) {
          return Optional.empty();
        }
      }
    }
    return Optional.empty();
  }
}
