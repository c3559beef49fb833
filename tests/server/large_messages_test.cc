// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// Messages that take long to read keep nobody else waiting.

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "tests/server/server_fixture.h"

namespace strata {
namespace {

// More than gRPC has threads for calls.
constexpr int kCalls = 40;

grpc::ByteBuffer BytesOf(const google::protobuf::Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return {&slice, 1};
}

// Refused on the thread that reads it, for pieces that no model has.
v1::EncodeRequest LargeRequest() {
  v1::EncodeRequest request;
  auto& ids = *request.add_inputs()->mutable_pieces()->mutable_ids();
  for (int i = 0; i < 20'000; ++i) ids.Add(std::int64_t{1} << 40);
  return request;
}

class LargeMessagesTest : public ServerFixture {
 protected:
  ~LargeMessagesTest() override { observer_.Release(); }

  // Every thread that reads one of `message` is held at the end of its request,
  // and health is asked meanwhile.
  void ExpectHealthIsAnswered(const std::string& method,
                              const google::protobuf::Message& message,
                              grpc::StatusCode expected) {
    ASSERT_GT(message.ByteSizeLong(), 64U << 10);
    struct Call {
      grpc::ClientContext context;
      grpc::ByteBuffer request;
      grpc::ByteBuffer response;
      std::promise<grpc::Status> done;
    };
    grpc::GenericStub stub(channel_);
    std::vector<std::unique_ptr<Call>> calls;
    observer_.Hold();
    for (int i = 0; i < kCalls; ++i) {
      Call& call = *calls.emplace_back(std::make_unique<Call>());
      call.request = BytesOf(message);
      stub.UnaryCall(
          &call.context, method, {}, &call.request, &call.response,
          [&call](const grpc::Status& status) { call.done.set_value(status); });
    }
    observer_.AwaitHeld();
    for (int i = 0; i < kCalls; ++i) EXPECT_EQ(IsServing("puppet"), true);
    observer_.Release();
    for (const auto& call : calls) {
      const grpc::Status status = call->done.get_future().get();
      EXPECT_EQ(status.error_code(), expected) << status.error_message();
    }
    ExpectServes();
  }
};

TEST_F(LargeMessagesTest, OfEncode) {
  ExpectHealthIsAnswered("/strata.v1.HiddenStateService/Encode", LargeRequest(),
                         grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(LargeMessagesTest, OfEncodeChunks) {
  v1::EncodeChunksRequest request;
  *request.mutable_request() = LargeRequest();
  ExpectHealthIsAnswered("/strata.v1.HiddenStateService/EncodeChunks", request,
                         grpc::StatusCode::INVALID_ARGUMENT);
}

// The failure is in the `done` of the only request of each.
TEST_F(LargeMessagesTest, OfEncodeStream) {
  v1::EncodeStreamRequest request;
  request.set_request_id("only");
  *request.mutable_request() = LargeRequest();
  ExpectHealthIsAnswered("/strata.v1.HiddenStateService/EncodeStream", request,
                         grpc::StatusCode::OK);
}

}  // namespace
}  // namespace strata
