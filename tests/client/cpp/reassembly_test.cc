// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "strata/reassembly.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "strata/status.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "tests/fakes/from_text.h"

namespace strata {
namespace {

using testing::HasSubstr;

// Adds all events, up to the first that is refused.
absl::StatusOr<v1::EncodeResponse> Reassemble(
    int inputs, const std::vector<std::string>& events) {
  Reassembly answer(inputs);
  for (const std::string& text : events) {
    auto event = FromText<v1::EncodeChunksResponse>(text);
    if (absl::Status status = answer.Add(event); !status.ok()) return status;
  }
  return answer.Take();
}

std::string Failure(int inputs, const std::vector<std::string>& events) {
  const auto answer = Reassemble(inputs, events);
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kInternal);
  return std::string(answer.status().message());
}

constexpr const char* kTwoOutputs = R"(
    input: 1 encoding {
      piece_count: 3
      outputs { name: 'a' tensor { dtype: DATA_TYPE_FLOAT16 shape: 3 } }
      outputs { name: 'b' tensor { dtype: DATA_TYPE_FLOAT16 shape: 0 } } })";

TEST(Reassembly, IsTheAnswerThatEncodeGives) {
  const auto answer =
      Reassemble(2, {kTwoOutputs, "input: 1 part { data: 'abcd' }",
                     "input: 1 part { offset: 4 data: 'ef' last: true }",
                     "input: 1 part { output: 1 last: true }",
                     "encoding { status { code: 13 message: 'infinite' } }",
                     "done {} answer { model: 'm' version: 2 digest: 'd' }"});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->DebugString(), FromText<v1::EncodeResponse>(R"(
      model: 'm' version: 2 digest: 'd'
      encodings { status { code: 13 message: 'infinite' } }
      encodings {
        piece_count: 3
        outputs {
          name: 'a'
          tensor { dtype: DATA_TYPE_FLOAT16 shape: 3 data: 'abcdef' } }
        outputs { name: 'b' tensor { dtype: DATA_TYPE_FLOAT16 shape: 0 } } })")
                                       .DebugString());
}

TEST(Reassembly, TakesTheEventsOfAStreamToo) {
  Reassembly answer(1);
  for (const char* text : {"request_id: 'x' encoding { outputs { } }",
                           "request_id: 'x' part { data: 'ab' last: true }",
                           "request_id: 'x' done { } answer { model: 'm' }"}) {
    EXPECT_FALSE(answer.done());
    auto event = FromText<v1::EncodeStreamResponse>(text);
    ASSERT_TRUE(answer.Add(event).ok());
  }
  EXPECT_TRUE(answer.done());
  EXPECT_EQ(answer.Take()->encodings(0).outputs(0).tensor().data(), "ab");
}

TEST(Reassembly, AFailureInDoneIsTheRequests) {
  const auto answer =
      Reassemble(1, {"encoding { piece_count: 1 }",
                     R"(done { code: 14 message: 'the server is stopping'
                          details { [type.googleapis.com/google.rpc.ErrorInfo]
                            { domain: 'strata' reason: 'SERVER_STOPPING' } } })"});
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReasonOf(answer.status()), "SERVER_STOPPING");
}

TEST(Reassembly, EventsOfANewerServerAreSkipped) {
  EXPECT_TRUE(Reassemble(1, {"encoding {}", "input: 7", "done {}"}).ok());
}

TEST(Reassembly, WhatDoesNotFitTogetherIsRefused) {
  EXPECT_THAT(Failure(1, {"input: 1 encoding {}"}),
              HasSubstr("an encoding of input 1, the request has 1"));
  EXPECT_THAT(Failure(1, {"input: -1 encoding {}"}), HasSubstr("input -1"));
  EXPECT_THAT(Failure(1, {"encoding {}", "encoding {}"}),
              HasSubstr("each is answered once"));
  EXPECT_THAT(Failure(1, {"part { last: true }"}),
              HasSubstr("a part of output 0 of input 0, out of its turn"));
  EXPECT_THAT(Failure(2, {kTwoOutputs, "input: 1 part { output: 1 }"}),
              HasSubstr("a part of output 1 of input 1, out of its turn"));
  EXPECT_THAT(Failure(2, {kTwoOutputs, "input: 1 part { offset: 2 }"}),
              HasSubstr("a part at byte 2, expected one at byte 0"));
  EXPECT_THAT(Failure(2, {kTwoOutputs, "input: 1 part { last: true }",
                          "input: 1 part { output: 1 last: true }",
                          "input: 1 part { output: 2 last: true }"}),
              HasSubstr("output 2"));
  EXPECT_THAT(Failure(2, {kTwoOutputs, "input: 5 part {}"}),
              HasSubstr("input 5"));
}

TEST(Reassembly, WhatIsMissingIsMissed) {
  EXPECT_THAT(Failure(1, {"done {}"}), HasSubstr("input 0 is not complete"));
  EXPECT_THAT(
      Failure(1, {"encoding { outputs {} }", "part { data: 'a' }", "done {}"}),
      HasSubstr("input 0 is not complete"));
  EXPECT_THAT(Failure(1, {"encoding {}"}), HasSubstr("it ended before 'done'"));
}

}  // namespace
}  // namespace strata
