// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

package strata.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import com.google.rpc.RetryInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import strata.v1.DataType;
import strata.v1.EncodeResponse;
import strata.v1.Encoding;
import strata.v1.Output;
import strata.v1.Tensor;
import strata.v1.TensorPart;

/** What needs no server. */
final class OfflineTest {
  private static final Encoding ENCODING =
      Encoding.newBuilder().addOutputs(Output.getDefaultInstance()).build();

  private static TensorPart part(int output, long offset) {
    return TensorPart.newBuilder()
        .setOutput(output)
        .setOffset(offset)
        .setData(ByteString.copyFrom(new byte[] {7}))
        .setLast(offset == 1)
        .build();
  }

  @Test
  void partsBecomeATensor() {
    var reassembly = new Reassembly(1);
    reassembly.addEncoding(0, ENCODING);
    reassembly.addPart(0, part(0, 0));
    reassembly.addPart(0, part(0, 1));
    EncodeResponse answer = reassembly.finish(EncodeResponse.getDefaultInstance());
    assertArrayEquals(
        new byte[] {7, 7},
        answer.getEncodings(0).getOutputs(0).getTensor().getData().toByteArray());
  }

  @Test
  void partsThatDoNotFitAreRefused() {
    assertThrows(
        IllegalStateException.class, () -> new Reassembly(1).addPart(0, part(0, 0)));
    List<Consumer<Reassembly>> broken =
        List.of(
            begun -> begun.addEncoding(0, ENCODING),
            begun -> begun.addEncoding(1, ENCODING),
            begun -> begun.addPart(0, part(0, 1)),
            begun -> begun.addPart(0, part(1, 0)),
            begun -> begun.addPart(1, part(0, 0)),
            begun -> begun.finish(EncodeResponse.getDefaultInstance()));
    for (var act : broken) {
      var begun = new Reassembly(1);
      begun.addEncoding(0, ENCODING);
      assertThrows(IllegalStateException.class, () -> act.accept(begun));
    }
  }

  @Test
  void tensorsThatDoNotFitAreRefused() {
    var tensor = Tensor.newBuilder().addShape(2).setDtype(DataType.DATA_TYPE_FLOAT32);
    tensor.setData(ByteString.copyFrom(new byte[7]));
    assertThrows(IllegalArgumentException.class, () -> Floats.of(tensor.build()));
    tensor.setDtype(DataType.DATA_TYPE_FLOAT16).setData(ByteString.copyFrom(new byte[4]));
    assertThrows(IllegalArgumentException.class, () -> Floats.of(tensor.build()));
  }

  @Test
  void whatCanPassIsRetried() {
    assertTrue(retried(Status.UNAVAILABLE, 1));
    assertTrue(retried(Status.UNAVAILABLE, 3));
    assertEquals(false, retried(Status.UNAVAILABLE, 4));
    assertEquals(false, retried(Status.RESOURCE_EXHAUSTED, 1)); // It names no time.
    assertEquals(false, retried(Status.INVALID_ARGUMENT, 1));
    assertEquals(false, retried(Status.DEADLINE_EXCEEDED, 1));
  }

  private static boolean retried(Status status, int attempts) {
    return RetryPolicy.DEFAULT.delay(status.asRuntimeException(), attempts).isPresent();
  }

  @Test
  void theServersTimeIsNotShortened() {
    var info = RetryInfo.newBuilder().setRetryDelay(Duration.newBuilder().setSeconds(7));
    StatusRuntimeException error =
        StatusProto.toStatusRuntimeException(
            com.google.rpc.Status.newBuilder()
                .setCode(Status.Code.RESOURCE_EXHAUSTED.value())
                .addDetails(Any.pack(info.build()))
                .build());
    var delay = RetryPolicy.DEFAULT.delay(error, 1).orElseThrow();
    assertTrue(delay.toMillis() >= 7000 && delay.toMillis() <= 8400, delay.toString());
  }

  @Test
  void aTokenDoesNotTravelUnencrypted() {
    var options = Options.DEFAULT.withToken("secret");
    assertThrows(
        IllegalArgumentException.class, () -> new StrataClient("strata.example:50051", options));
    for (String target : List.of("127.0.0.1:50051", "localhost:50051", "[::1]:50051")) {
      new StrataClient(target, options).close();
    }
  }
}
