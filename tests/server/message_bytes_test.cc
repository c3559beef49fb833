// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/message_bytes.h"

#include <array>
#include <string>

#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"
#include "gtest/gtest.h"
#include "strata/v1/hidden_state_service.pb.h"

namespace strata {
namespace {

grpc::ByteBuffer Bytes(const std::string& text) {
  const grpc::Slice slice(text);
  return {&slice, 1};
}

TEST(MessageBytesTest, ReadsWhatItWrote) {
  v1::EncodeRequest request;
  request.set_model("minilm");
  request.add_inputs()->set_text(std::string(100'000, 'x'));
  auto bytes = SerializeMessage(request);
  ASSERT_TRUE(bytes.ok());
  v1::EncodeRequest read;
  ASSERT_TRUE(ParseMessage(*bytes, read));
  EXPECT_EQ(read.DebugString(), request.DebugString());
}

TEST(MessageBytesTest, ReadsBytesInSeveralSlices) {
  v1::EncodeRequest request;
  request.add_inputs()->set_text("split anywhere");
  const std::string text = request.SerializeAsString();
  const std::array slices = {grpc::Slice(text.substr(0, 5)),
                             grpc::Slice(text.substr(5))};
  grpc::ByteBuffer bytes(slices.data(), slices.size());
  v1::EncodeRequest read;
  ASSERT_TRUE(ParseMessage(bytes, read));
  EXPECT_EQ(read.inputs(0).text(), "split anywhere");
}

TEST(MessageBytesTest, NoBytesAreTheDefaultMessage) {
  grpc::ByteBuffer bytes = Bytes("");
  v1::EncodeRequest read;
  EXPECT_TRUE(ParseMessage(bytes, read));
}

TEST(MessageBytesTest, RefusesWhatIsNoMessage) {
  v1::EncodeRequest read;
  // A field that is cut short; a group that never began; a text that is not
  // UTF-8.
  for (const std::string text : {"\x0A\x05"
                                 "ab",
                                 "\x0C", "\x0A\x01\xFF"}) {
    grpc::ByteBuffer bytes = Bytes(text);
    EXPECT_FALSE(ParseMessage(bytes, read));
  }
}

}  // namespace
}  // namespace strata
