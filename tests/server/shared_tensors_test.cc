// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// Tensors of ModelInfer in shared memory, over a real connection.

#include <cstdint>
#include <cstring>
#include <future>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"
#include "tests/fakes/from_text.h"
#include "tests/server/inference_call.h"
#include "tests/server/server_fixture.h"
#include "tests/server/shared_object.h"
#include "triton/grpc_service.grpc.pb.h"

namespace strata {
namespace {

using grpc::StatusCode;
using inference::ModelInferRequest;
using inference::ModelInferResponse;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

using Stub = inference::GRPCInferenceService::Stub;

constexpr std::size_t kSize = 4096;

template <typename Number>
std::vector<Number> Numbers(const std::string& bytes) {
  std::vector<Number> numbers(bytes.size() / sizeof(Number));
  std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return numbers;
}

// A tensor's parameters that say where it is.
std::string In(const std::string& region, std::int64_t offset,
               std::int64_t size) {
  return absl::StrCat(
      "parameters { key: 'shared_memory_region' value { string_param: '",
      region, "' } } parameters { key: 'shared_memory_offset' value { ",
      "int64_param: ", offset, " } } parameters { key: ",
      "'shared_memory_byte_size' value { int64_param: ", size, " } } ");
}

std::string Text(const std::string& place) {
  return absl::StrCat("inputs { name: 'text' datatype: 'BYTES' shape: 2 ",
                      place, "} ");
}

std::string Output(const std::string& name, const std::string& place) {
  return absl::StrCat("outputs { name: '", name, "' ", place, "} ");
}

class SharedTensorsTest : public ServerFixture {
 protected:
  SharedTensorsTest() {
    GrpcServerOptions options;
    options.shared_memory = true;
    options.max_message_bytes = kSize;
    RestartServer(options);
    Register("mine");
    // "A" and "BC", as BYTES are.
    object_.Put(8, std::string("\1\0\0\0A\2\0\0\0BC", 11));
  }

  template <typename Request, typename Response>
  Response Call(grpc::Status (Stub::*method)(grpc::ClientContext*,
                                             const Request&, Response*),
                const std::string& request) {
    return CallInference(channel_, method, request, ended_);
  }

  ModelInferResponse Infer(const std::string& request) {
    return Call(&Stub::ModelInfer, request);
  }

  void Register(const std::string& name) {
    Call(&Stub::SystemSharedMemoryRegister,
         absl::StrCat("name: '", name, "' key: '", object_.key(),
                      "' byte_size: ", kSize));
    EXPECT_TRUE(ended_.ok()) << ended_.error_message();
  }

  void ExpectRefused(const std::string& request, const std::string& field,
                     const std::string& words) {
    SCOPED_TRACE(request);
    Infer(request);
    ExpectError(ended_, StatusCode::INVALID_ARGUMENT, "INVALID_FIELD", field,
                words);
    ExpectServes();
  }

  const SharedObject object_{kSize};
  grpc::Status ended_;
};

// The puppet's numbers are layer * 1000 + id; "A" is <s>, 67, </s>.
TEST_F(SharedTensorsTest, ComeAndGo) {
  object_.Put(100, std::string(300, '?'));
  const ModelInferResponse response = Infer(
      Text(In("mine", 8, 11)) + Output("hidden_states", In("mine", 100, 3000)) +
      Output("attention_mask", "") + Output("piece_ids", In("mine", 3500, 64)));
  ASSERT_TRUE(ended_.ok()) << ended_.error_message();
  ASSERT_EQ(response.raw_output_contents_size(), 3);
  EXPECT_EQ(response.raw_output_contents(0), "");
  EXPECT_THAT(Numbers<std::int64_t>(response.raw_output_contents(1)),
              ElementsAre(1, 1, 1, 0, 1, 1, 1, 1));
  EXPECT_EQ(response.raw_output_contents(2), "");
  const auto& head = response.outputs(0);
  EXPECT_THAT(head.shape(), ElementsAre(2, 4, 2));
  EXPECT_EQ(head.parameters().at("shared_memory_region").string_param(),
            "mine");
  EXPECT_EQ(head.parameters().at("shared_memory_offset").int64_param(), 100);
  EXPECT_EQ(head.parameters().at("shared_memory_byte_size").int64_param(), 64);
  EXPECT_THAT(Numbers<float>(object_.Get(100, 64)),
              ElementsAre(3000, 3000, 3067, 3067, 3001, 3001, 0, 0,  //
                          3000, 3000, 3068, 3068, 3069, 3069, 3001, 3001));
  EXPECT_THAT(Numbers<std::int64_t>(object_.Get(3500, 64)),
              ElementsAre(0, 67, 1, 0, 0, 68, 69, 1));
  // Nothing beyond.
  EXPECT_THAT(object_.Get(164, 236), Each('?'));
}

TEST_F(SharedTensorsTest, AreAsThoseInMessages) {
  const std::string ids =
      "inputs { name: 'input_ids' datatype: 'INT32' shape: [1, 2] ";
  object_.Put(0, std::string("\5\0\0\0\7\0\0\0", 8));
  // The mask is in the message, as the one entry that is not shared.
  ModelInferRequest request = FromText<ModelInferRequest>(
      ids + In("mine", 0, 8) +
      "} inputs { name: 'attention_mask' datatype: 'BOOL' shape: [1, 2] } " +
      Output("piece_ids", ""));
  request.add_raw_input_contents(std::string("\1\0", 2));
  const auto stub = inference::GRPCInferenceService::NewStub(channel_);
  grpc::ClientContext context;
  ModelInferResponse response;
  ended_ = stub->ModelInfer(&context, request, &response);
  ASSERT_TRUE(ended_.ok()) << ended_.error_message();
  EXPECT_THAT(Numbers<std::int64_t>(response.raw_output_contents(0)),
              ElementsAre(5));
}

TEST_F(SharedTensorsTest, BadOnesAreRefused) {
  const std::string good = Text(In("mine", 8, 11));
  ExpectRefused(Text(In("yours", 8, 11)), "text",
                "no region 'yours' is registered");
  ExpectRefused(Text(In("mine", 8, kSize)), "text",
                "got 4096 bytes from 8 on in the region 'mine', which has "
                "4096");
  ExpectRefused(Text(In("mine", -1, 11)), "text", "from -1 on");
  for (const int size : {-1, 0}) {
    ExpectRefused(Text(In("mine", 8, size)),
                  "text.parameters[shared_memory_byte_size]",
                  absl::StrCat("got ", size));
  }
  ExpectRefused(Text(In("mine", 8, 10)), "text", "are cut short");
  ExpectRefused(good + "raw_input_contents: 'A'", "raw_input_contents",
                "has 1 entries, expected 0");
  ExpectRefused(
      "inputs { name: 'text' datatype: 'BYTES' shape: 2 contents { "
      "bytes_contents: 'A' } " +
          In("mine", 8, 11) + "}",
      "text", "typed contents");
  ExpectRefused(
      "inputs { name: 'text' datatype: 'BYTES' shape: 2 parameters { "
      "key: 'shared_memory_region' value { int64_param: 3 } } }",
      "text.parameters[shared_memory_region]", "expected a string");
  // Of the messages' size, all tensors together.
  ExpectRefused(Text(In("mine", 0, kSize)) +
                    "inputs { name: 'text_pair' datatype: 'BYTES' shape: 2 " +
                    In("mine", 0, 1) + "}",
                "text_pair", "a request may have 4096 there");
  ExpectRefused(good + Output("pooled", In("yours", 0, 64)), "outputs[0]",
                "no region 'yours' is registered");
  ExpectRefused(good + Output("pooled", In("mine", 4000, 97)), "outputs[0]",
                "got 97 bytes from 4000 on");
  ExpectRefused(good + Output("pooled", In("mine", 4000, 15)), "outputs[0]",
                "has 16 bytes, more than the 15 of its "
                "shared_memory_byte_size");
}

TEST_F(SharedTensorsTest, AnObjectThatBecomesShorterHarmsNobody) {
  object_.Resize(12);
  ExpectRefused(Text(In("mine", 8, 11)), "text",
                "its object has become shorter");
}

// Whoever has unregistered a region has its memory back.
TEST_F(SharedTensorsTest, NothingIsWrittenAfterUnregister) {
  strings_->Hold();
  const auto stub = inference::GRPCInferenceService::NewStub(channel_);
  grpc::ClientContext context;
  const auto request = FromText<ModelInferRequest>(
      Text(In("mine", 8, 11)) + Output("pooled", In("mine", 100, 3000)));
  ModelInferResponse response;
  std::promise<grpc::Status> done;
  stub->async()->ModelInfer(
      &context, &request, &response,
      [&done](const grpc::Status& status) { done.set_value(status); });
  strings_->AwaitEntered(1);
  Call(&Stub::SystemSharedMemoryUnregister, "name: 'mine'");
  EXPECT_TRUE(ended_.ok());
  object_.Put(100, std::string(100, '!'));
  strings_->ReleaseAll();
  ExpectError(done.get_future().get(), StatusCode::INVALID_ARGUMENT,
              "INVALID_FIELD", "outputs[0]", "was unregistered meanwhile");
  EXPECT_THAT(object_.Get(100, 100), Each('!'));
}

TEST_F(SharedTensorsTest, RegionsAreListedAndLetGo) {
  Register("other");
  const auto all = Call(&Stub::SystemSharedMemoryStatus, "");
  EXPECT_EQ(all.regions().size(), 2U);
  const auto one = Call(&Stub::SystemSharedMemoryStatus, "name: 'mine'");
  ASSERT_EQ(one.regions().size(), 1U);
  EXPECT_EQ(one.regions().at("mine").key(), object_.key());
  EXPECT_EQ(one.regions().at("mine").byte_size(), kSize);
  Call(&Stub::SystemSharedMemoryUnregister, "name: 'mine'");
  EXPECT_TRUE(ended_.ok());
  Call(&Stub::SystemSharedMemoryStatus, "name: 'mine'");
  EXPECT_EQ(ended_.error_code(), StatusCode::INVALID_ARGUMENT);
  Call(&Stub::SystemSharedMemoryUnregister, "");
  EXPECT_EQ(Call(&Stub::SystemSharedMemoryStatus, "").regions().size(), 0U);
}

// It would keep the device waiting.
TEST_F(SharedTensorsTest, AreNotForStreams) {
  const auto stub = inference::GRPCInferenceService::NewStub(channel_);
  grpc::ClientContext context;
  const auto stream = stub->ModelStreamInfer(&context);
  const std::string text =
      "inputs { name: 'text' datatype: 'BYTES' shape: 1 "
      "contents { bytes_contents: 'A' } } ";
  for (const std::string& request :
       {Text(In("mine", 8, 11)),
        text + Output("pooled", In("mine", 100, 3000))}) {
    ASSERT_TRUE(stream->Write(FromText<ModelInferRequest>(request)));
    inference::ModelStreamInferResponse response;
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_THAT(response.error_message(), HasSubstr("UNIMPLEMENTED"));
    EXPECT_THAT(response.error_message(),
                HasSubstr("shared memory is for ModelInfer alone"));
  }
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(SharedTensorsTest, NothingIsSharedUnlessTheOperatorSaysSo) {
  RestartServer(GrpcServerOptions());
  const auto expect_refused = [this] {
    EXPECT_EQ(ended_.error_code(), StatusCode::PERMISSION_DENIED);
    EXPECT_THAT(ended_.error_message(), HasSubstr("--shared-memory=on"));
  };
  Call(&Stub::SystemSharedMemoryRegister,
       absl::StrCat("name: 'mine' key: '", object_.key(), "' byte_size: 10"));
  expect_refused();
  Call(&Stub::SystemSharedMemoryStatus, "");
  expect_refused();
  Call(&Stub::SystemSharedMemoryUnregister, "");
  expect_refused();
  Infer(Text(In("mine", 8, 11)));
  expect_refused();
  Infer(
      "inputs { name: 'text' datatype: 'BYTES' shape: 1 contents { "
      "bytes_contents: 'A' } } " +
      Output("pooled", In("mine", 0, 100)));
  expect_refused();
}

}  // namespace
}  // namespace strata
