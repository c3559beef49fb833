// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

package strata.client;

import io.grpc.ChannelCredentials;
import java.time.Duration;

/**
 * Options of a connection.
 *
 * @param tls as {@link io.grpc.TlsChannelCredentials} makes it; null: the connection is not
 *     encrypted
 * @param token sent with every call; null: none
 * @param tokenOnPlaintext lets the token travel unencrypted to another machine, where it can be
 *     read on the way
 * @param timeout how long a call may take in all, retries and waits included; it travels to the
 *     server
 * @param retry when a failed call is made again
 */
public record Options(
    ChannelCredentials tls,
    String token,
    boolean tokenOnPlaintext,
    Duration timeout,
    RetryPolicy retry) {
  public static final Options DEFAULT =
      new Options(null, null, false, Duration.ofMinutes(1), RetryPolicy.DEFAULT);

  public Options withTls(ChannelCredentials tls) {
    return new Options(tls, token, tokenOnPlaintext, timeout, retry);
  }

  public Options withToken(String token) {
    return new Options(tls, token, tokenOnPlaintext, timeout, retry);
  }

  public Options withTimeout(Duration timeout) {
    return new Options(tls, token, tokenOnPlaintext, timeout, retry);
  }

  public Options withRetry(RetryPolicy retry) {
    return new Options(tls, token, tokenOnPlaintext, timeout, retry);
  }
}
