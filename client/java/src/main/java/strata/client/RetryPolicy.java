// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

package strata.client;

import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * When a failed unary call is made again, within its deadline. gRPC has retries of its own, but
 * they do not read the time that the server names.
 *
 * @param maxAttempts calls made in all, the first included; 1: never retry
 * @param initialBackoff wait before the second call where the server names none; it doubles for
 *     each further one, up to maxBackoff
 */
public record RetryPolicy(int maxAttempts, Duration initialBackoff, Duration maxBackoff) {
  public static final RetryPolicy DEFAULT =
      new RetryPolicy(4, Duration.ofMillis(100), Duration.ofSeconds(5));

  /**
   * How long to wait before the next call; empty: give up.
   *
   * <p>Only what can pass by itself is tried again: UNAVAILABLE, and RESOURCE_EXHAUSTED with a time
   * (without it the request is too large, and always will be). The server's time is never
   * shortened; waits are spread by chance, so that many clients do not come again all at once.
   */
  Optional<Duration> delay(StatusRuntimeException error, int attempts) {
    if (attempts >= maxAttempts) {
      return Optional.empty();
    }
    Status.Code code = error.getStatus().getCode();
    Optional<Duration> named = ErrorDetails.retryDelay(error);
    double chance = ThreadLocalRandom.current().nextDouble();
    if (named.isPresent()
        && (code == Status.Code.UNAVAILABLE || code == Status.Code.RESOURCE_EXHAUSTED)) {
      return named.map(delay -> scaled(delay, 1 + 0.2 * chance));
    }
    if (code != Status.Code.UNAVAILABLE) {
      return Optional.empty();
    }
    Duration backoff = initialBackoff;
    for (int i = 1; i < attempts && backoff.compareTo(maxBackoff) < 0; i++) {
      backoff = backoff.multipliedBy(2);
    }
    backoff = backoff.compareTo(maxBackoff) < 0 ? backoff : maxBackoff;
    return Optional.of(scaled(backoff, 1 - 0.5 * chance));
  }

  /** Makes a call, again where the policy says so. */
  <T> T call(Deadline deadline, Function<Deadline, T> call) {
    for (int attempts = 1; ; attempts++) {
      try {
        return call.apply(deadline);
      } catch (StatusRuntimeException error) {
        Duration delay = delay(error, attempts).orElseThrow(() -> error);
        if (delay.toNanos() >= deadline.timeRemaining(TimeUnit.NANOSECONDS)) {
          throw error;
        }
        sleep(delay, error);
      }
    }
  }

  private static void sleep(Duration delay, StatusRuntimeException error) {
    try {
      TimeUnit.NANOSECONDS.sleep(delay.toNanos());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw error;
    }
  }

  private static Duration scaled(Duration duration, double factor) {
    return Duration.ofNanos((long) (duration.toNanos() * factor));
  }
}
