// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/batch_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "client/cli/failure.h"
#include "google/rpc/error_details.pb.h"
#include "strata/status.h"
#include "tests/client/fake_server.h"

namespace strata::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

absl::Status Refusal(
    const std::string& field,
    grpc::StatusCode code = grpc::StatusCode::INVALID_ARGUMENT) {
  google::rpc::BadRequest request;
  request.add_field_violations()->set_field(field);
  google::rpc::ErrorInfo info;
  info.set_reason("INPUT_TOO_LONG");
  return StatusFromGrpc(RichStatus(code, absl::StrCat(field, ": is too long"),
                                   {&request, &info}));
}

// Refuses requests with a text "long", as a server does, and counts pieces as
// bytes.
class FakeCall {
 public:
  absl::StatusOr<v1::EncodeResponse> operator()(
      const std::vector<std::string>& texts) {
    requests.push_back(texts);
    v1::EncodeResponse response;
    response.set_model("minilm");
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (texts[i] == "long") return Refusal(absl::StrCat("inputs[", i, "]"));
      response.add_encodings()->set_piece_count(
          static_cast<int>(texts[i].size()));
    }
    return response;
  }

  std::vector<std::vector<std::string>> requests;
};

// From the eleventh line on.
std::vector<Line> Lines(const std::vector<std::string>& texts) {
  std::vector<Line> lines;
  lines.reserve(texts.size());
  for (const std::string& text : texts) {
    lines.push_back(
        {.index = static_cast<std::int64_t>(10 + lines.size()), .text = text});
  }
  return lines;
}

// Of each encoding the piece count, or -code where it failed.
std::vector<int> Outcomes(const BatchAnswer& answer) {
  std::vector<int> outcomes;
  for (const auto& encoding : answer.response.encodings()) {
    const int code = encoding.status().code();
    outcomes.push_back(code == 0 ? encoding.piece_count() : -code);
  }
  return outcomes;
}

TEST(EncodeBatch, OneRequestWhereAllIsWell) {
  FakeCall call;
  const auto answer = EncodeBatch(Lines({"a", "bb"}), {}, std::ref(call));
  EXPECT_TRUE(answer.status.ok()) << answer.status;
  EXPECT_THAT(Outcomes(answer), ElementsAre(1, 2));
  EXPECT_THAT(call.requests, ElementsAre(ElementsAre("a", "bb")));
}

TEST(EncodeBatch, ARefusedTextEndsItAfterThoseBefore) {
  FakeCall call;
  const auto answer =
      EncodeBatch(Lines({"a", "bb", "long", "c", "long"}), {}, std::ref(call));
  EXPECT_EQ(answer.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(answer.status.message(), "line 13: is too long [INPUT_TOO_LONG]");
  EXPECT_EQ(ErrorReasonOf(answer.status), "INPUT_TOO_LONG");
  EXPECT_THAT(Outcomes(answer), ElementsAre(1, 2));
  EXPECT_THAT(call.requests,
              ElementsAre(testing::SizeIs(5), ElementsAre("a", "bb")));
}

TEST(EncodeBatch, KeepsGoingWithoutThem) {
  FakeCall call;
  const auto answer = EncodeBatch(Lines({"long", "a", "long", "bb", "long"}),
                                  {.keep_going = true}, std::ref(call));
  EXPECT_TRUE(answer.status.ok()) << answer.status;
  EXPECT_THAT(Outcomes(answer), ElementsAre(-3, 1, -3, 2, -3));
  EXPECT_EQ(answer.response.encodings(2).status().message(),
            "line 13: is too long [INPUT_TOO_LONG]");
  EXPECT_EQ(answer.response.model(), "minilm");
  EXPECT_EQ(call.requests.size(), 4U);
}

TEST(EncodeBatch, NothingIsSentWhereAllIsRefused) {
  FakeCall call;
  EXPECT_THAT(Outcomes(EncodeBatch(Lines({"long", "long"}),
                                   {.keep_going = true}, std::ref(call))),
              ElementsAre(-3, -3));
  EXPECT_EQ(call.requests.size(), 2U);
  const auto stopped = EncodeBatch(Lines({"long"}), {}, std::ref(call));
  EXPECT_FALSE(stopped.status.ok());
  EXPECT_EQ(stopped.response.encodings_size(), 0);
  EXPECT_EQ(call.requests.size(), 3U);
}

TEST(EncodeBatch, WhatIsNotUtf8IsNotSent) {
  FakeCall call;
  const auto lines = Lines({"a", "caf\xE9", "bb"});
  const auto stopped = EncodeBatch(lines, {}, std::ref(call));
  EXPECT_EQ(ExitCodeOf(stopped.status), kUsage);
  EXPECT_EQ(stopped.status.message(),
            "line 12 is not valid UTF-8 from byte 3 on; convert it to UTF-8 "
            "first");
  EXPECT_THAT(Outcomes(stopped), ElementsAre(1));
  EXPECT_THAT(
      Outcomes(EncodeBatch(lines, {.keep_going = true}, std::ref(call))),
      ElementsAre(1, -3, 2));
  EXPECT_THAT(call.requests,
              ElementsAre(ElementsAre("a"), ElementsAre("a", "bb")));
}

TEST(EncodeBatch, ArgumentsAreTexts) {
  FakeCall call;
  const auto answer =
      EncodeBatch(Lines({"long"}), {.are_lines = false}, std::ref(call));
  EXPECT_THAT(std::string(answer.status.message()), HasSubstr("text 11: "));
}

TEST(EncodeBatch, AnErrorThatIsAboutNoTextEndsItAll) {
  for (const bool keep_going : {false, true}) {
    const auto answer =
        EncodeBatch(Lines({"a"}), {.keep_going = keep_going},
                    [](const auto&) { return absl::UnavailableError("gone"); });
    EXPECT_EQ(answer.status, absl::UnavailableError("gone"));
    EXPECT_EQ(answer.response.encodings_size(), 0);
  }
}

TEST(EncodeBatch, AnswersThatDoNotMatchAreRefused) {
  const auto answer = EncodeBatch(
      Lines({"a"}), {}, [](const auto&) { return v1::EncodeResponse(); });
  EXPECT_EQ(answer.status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(answer.status.message()),
              HasSubstr("answered 0 encodings for 1 texts"));
  // A refusal of an input that was not sent is about none.
  EXPECT_EQ(EncodeBatch(Lines({"a"}), {.keep_going = true},
                        [](const auto&) { return Refusal("inputs[7]"); })
                .status.message(),
            "inputs[7]: is too long [INPUT_TOO_LONG]");
}

TEST(RefusedInput, OnlyWhatIsAboutTheTextItself) {
  EXPECT_EQ(RefusedInput(Refusal("inputs[3]")), 3U);
  EXPECT_EQ(RefusedInput(Refusal("inputs[0].text")), 0U);
  // All texts share the prompt and the pair.
  EXPECT_EQ(RefusedInput(Refusal("inputs[3].prompt")), std::nullopt);
  EXPECT_EQ(RefusedInput(Refusal("inputs[3].text_pair")), std::nullopt);
  EXPECT_EQ(RefusedInput(Refusal("outputs[0].layers")), std::nullopt);
  EXPECT_EQ(RefusedInput(Refusal("inputs")), std::nullopt);
  EXPECT_EQ(RefusedInput(Refusal("inputs[3]", grpc::StatusCode::INTERNAL)),
            std::nullopt);
  EXPECT_EQ(RefusedInput(absl::InvalidArgumentError("inputs[3]")),
            std::nullopt);
}

}  // namespace
}  // namespace strata::cli
