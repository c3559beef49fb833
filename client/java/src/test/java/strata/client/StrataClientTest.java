// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

package strata.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import strata.v1.DataType;
import strata.v1.EncodeResponse;
import strata.v1.Encoding;
import strata.v1.ModelState;
import strata.v1.ModelSummary;
import strata.v1.Output;

/** Asks real servers. */
final class StrataClientTest {
  private static final Duration TIMEOUT = Duration.ofMinutes(5);

  private Setting setting;

  @BeforeEach
  void readSetting() throws IOException {
    setting = Setting.read();
  }

  private StrataClient client() {
    return new StrataClient(setting.address, Options.DEFAULT);
  }

  /** Compares an answer with what the Python client got for the text. */
  private void check(int text, Encoding encoding) {
    assertEquals(0, encoding.getStatus().getCode());
    assertEquals(2, encoding.getOutputsCount());
    checkOutput(setting.hiddenStates.get(text), encoding.getOutputs(0));
    checkOutput(setting.pooled.get(text), encoding.getOutputs(1));
  }

  private static void checkOutput(Setting.Numbers expected, Output output) {
    Floats got = Floats.of(output.getTensor());
    assertArrayEquals(expected.shape, got.shape());
    assertEquals(expected.values.length, got.values().length);
    for (int i = 0; i < expected.values.length; i++) {
      assertEquals(
          expected.values[i], got.values()[i], 1e-4f * (1 + Math.abs(expected.values[i])));
    }
  }

  private static StatusRuntimeException expect(Status.Code code, String reason, Executable call) {
    var error = assertThrows(StatusRuntimeException.class, call);
    assertIs(code, reason, error);
    return error;
  }

  private static void assertIs(Status.Code code, String reason, StatusRuntimeException error) {
    assertEquals(code, error.getStatus().getCode(), error.getMessage());
    assertEquals(reason, ErrorDetails.reason(error).orElse(""));
  }

  @Test
  void listsModels() {
    try (var client = client()) {
      List<ModelSummary> models = client.listModels();
      assertEquals(1, models.size());
      assertEquals(setting.model, models.get(0).getName());
      assertEquals(ModelState.MODEL_STATE_READY, models.get(0).getState());
    }
  }

  @Test
  void encodes() {
    try (var client = client()) {
      EncodeResponse reply = client.encode(setting.request(setting.texts).build());
      assertEquals(setting.texts.size(), reply.getEncodingsCount());
      for (int i = 0; i < reply.getEncodingsCount(); i++) {
        check(i, reply.getEncodings(i));
      }
    }
  }

  @Test
  void readsBfloat16() {
    try (var client = client()) {
      var request = setting.request(setting.texts.subList(0, 1));
      request.getOutputsBuilder(0).setDtype(DataType.DATA_TYPE_BFLOAT16);
      Floats got =
          Floats.of(client.encode(request.build()).getEncodings(0).getOutputs(0).getTensor());
      float[] expected = setting.hiddenStates.get(0).values;
      assertEquals(expected.length, got.values().length);
      for (int i = 0; i < expected.length; i++) {
        assertEquals(expected[i], got.values()[i], 0.01f * (0.01f + Math.abs(expected[i])));
      }
    }
  }

  /** Every tenth is malformed, and the server sends parts that end inside a number. */
  @Test
  void answersManyRequestsOverOneStream() {
    int texts = setting.texts.size();
    var requests =
        IntStream.range(0, 100)
            .mapToObj(
                i -> {
                  var request =
                      setting.request(setting.texts.subList(i % texts, i % texts + 1));
                  if (i % 10 == 9) {
                    request.getOutputsBuilder(0).clearLayers().addLayers(99);
                  }
                  return request.build();
                })
            .iterator();
    var answers = new HashSet<Answer>();
    try (var client = client()) {
      client.encodeAll(requests, answers::add, TIMEOUT);
    }
    assertEquals(100, answers.stream().map(Answer::index).distinct().count());
    for (Answer answer : answers) {
      if (answer.index() % 10 == 9) {
        assertIs(Status.Code.INVALID_ARGUMENT, "INVALID_FIELD", answer.error());
      } else {
        check(answer.index() % texts, answer.response().getEncodings(0));
      }
    }
  }

  @Test
  void endsAStreamWhoseConsumerThrows() {
    try (var client = client()) {
      var requests = List.of(setting.request(setting.texts).build());
      var error =
          expect(
              Status.Code.CANCELLED,
              "",
              () ->
                  client.encodeAll(
                      requests.iterator(),
                      answer -> {
                        throw new IllegalArgumentException("of the caller");
                      },
                      TIMEOUT));
      assertEquals("of the caller", error.getCause().getMessage());
    }
  }

  @Test
  void failsAStreamToNobody() {
    try (var client = new StrataClient(setting.closedAddress, Options.DEFAULT)) {
      var requests = List.of(setting.request(setting.texts).build());
      expect(
          Status.Code.UNAVAILABLE,
          "",
          () -> client.encodeAll(requests.iterator(), answer -> {}, TIMEOUT));
    }
  }

  @Test
  void namesTheReasonOfAnError() {
    try (var client = client()) {
      var request = setting.request(setting.texts).setModel("nobody").build();
      expect(Status.Code.NOT_FOUND, "MODEL_NOT_FOUND", () -> client.encode(request));
    }
  }

  @Test
  void givesUpAtTheDeadline() {
    var options = Options.DEFAULT.withTimeout(Duration.ofNanos(1000));
    try (var client = new StrataClient(setting.address, options)) {
      var request = setting.request(setting.texts).build();
      expect(Status.Code.DEADLINE_EXCEEDED, "", () -> client.encode(request));
    }
  }

  /** The server's own count of refusals is compared by test_other_languages.py. */
  @Test
  void asksAFullServerAgain() {
    RetryPolicy usual = RetryPolicy.DEFAULT;
    var retry = new RetryPolicy(setting.attempts, usual.initialBackoff(), usual.maxBackoff());
    try (var client = new StrataClient(setting.fullAddress, Options.DEFAULT.withRetry(retry))) {
      var request = setting.request(setting.texts).build();
      var error =
          expect(Status.Code.RESOURCE_EXHAUSTED, "SERVER_FULL", () -> client.encode(request));
      assertTrue(ErrorDetails.retryDelay(error).orElseThrow().toNanos() > 0);
    }
  }

  @Test
  void sendsATokenOverTls() throws IOException {
    var roots = new File(setting.rootCertificates);
    var encrypted =
        Options.DEFAULT.withTls(TlsChannelCredentials.newBuilder().trustManager(roots).build());
    var request = setting.request(setting.texts.subList(0, 1)).build();
    try (var client = new StrataClient(setting.tlsAddress, encrypted.withToken(setting.token))) {
      check(0, client.encode(request).getEncodings(0));
    }
    try (var client = new StrataClient(setting.tlsAddress, encrypted)) {
      expect(Status.Code.UNAUTHENTICATED, "NOT_AUTHENTICATED", () -> client.encode(request));
    }
  }
}
