// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "strata/stream_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "strata/client.h"
#include "strata/status.h"
#include "strata/stream.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "tests/client/fake_server.h"

namespace strata {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using Events = std::vector<v1::EncodeStreamResponse>;

// What came of the requests "0", "1", ... of a stream.
struct Outcome {
  std::map<std::int64_t, std::string> data;
  std::map<std::int64_t, absl::Status> errors;
  absl::Status status;
};

Outcome Stream(FakeHandlers handlers, int requests) {
  const FakeServer server(std::move(handlers));
  const auto client = Client::Create({.target = server.address()});
  EXPECT_TRUE(client.ok()) << client.status();
  Outcome outcome;
  int sent = 0;
  outcome.status = (*client)->EncodeStream(
      [&]() -> std::optional<v1::EncodeRequest> {
        if (sent == requests) return std::nullopt;
        v1::EncodeRequest request;
        request.add_inputs()->set_text(absl::StrCat(sent++));
        return request;
      },
      [&](const StreamAnswer& answer) {
        if (!answer.response.ok()) {
          outcome.errors[answer.index] = answer.response.status();
          return;
        }
        outcome.data[answer.index] =
            answer.response->encodings(0).outputs(0).tensor().data();
      },
      absl::Seconds(60));
  return outcome;
}

// Answers with the text twice, in two parts.
void AnswerInParts(const v1::EncodeStreamRequest& request, Events& events) {
  const std::string& text = request.request().inputs(0).text();
  const std::size_t first = events.size();
  events.resize(first + 4);
  events[first].mutable_encoding()->add_outputs()->mutable_tensor();
  events[first + 1].mutable_part()->set_data(text);
  auto& last = *events[first + 2].mutable_part();
  last.set_offset(std::ssize(text));
  last.set_data(text);
  last.set_last(true);
  events[first + 3].mutable_done();
  for (std::size_t i = first; i < events.size(); ++i) {
    events[i].set_request_id(request.request_id());
  }
}

TEST(EncodeStream, PutsEachAnswerTogetherInAnyOrder) {
  // They are answered two by two, the later one first.
  std::optional<v1::EncodeStreamRequest> held;
  const auto outcome =
      Stream({.encode_stream =
                  [&](const auto&, const v1::EncodeStreamRequest& request,
                      Events& events) {
                    if (!held.has_value()) {
                      held = request;
                      return grpc::Status::OK;
                    }
                    AnswerInParts(request, events);
                    AnswerInParts(*held, events);
                    held.reset();
                    return grpc::Status::OK;
                  }},
             20);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_THAT(outcome.errors, IsEmpty());
  ASSERT_THAT(outcome.data, SizeIs(20));
  for (const auto& [index, data] : outcome.data) {
    EXPECT_EQ(data, absl::StrCat(index, index));
  }
}

TEST(EncodeStream, OneThatFailsLeavesTheOthers) {
  const auto outcome =
      Stream({.encode_stream =
                  [](const auto&, const v1::EncodeStreamRequest& request,
                     Events& events) {
                    AnswerInParts(request, events);
                    if (request.request_id() == "1") {
                      auto& done = *events.back().mutable_done();
                      done.set_code(grpc::StatusCode::NOT_FOUND);
                      done.set_message("no such model");
                    }
                    return grpc::Status::OK;
                  }},
             3);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_THAT(outcome.data, SizeIs(2));
  ASSERT_THAT(outcome.errors, SizeIs(1));
  EXPECT_TRUE(absl::IsNotFound(outcome.errors.at(1)));
}

TEST(EncodeStream, AStreamThatBreaksOffIsAnError) {
  const auto outcome =
      Stream({.encode_stream =
                  [](const auto&, const v1::EncodeStreamRequest& request,
                     Events& events) {
                    AnswerInParts(request, events);
                    if (request.request_id() == "0") return grpc::Status::OK;
                    events.pop_back();
                    return ReasonStatus(grpc::StatusCode::UNAVAILABLE,
                                        "stopping", "SERVER_STOPPING");
                  }},
             2);
  EXPECT_THAT(outcome.data, SizeIs(1));
  EXPECT_TRUE(absl::IsUnavailable(outcome.status)) << outcome.status;
  EXPECT_EQ(ErrorReasonOf(outcome.status), "SERVER_STOPPING");
}

TEST(EncodeStream, AServerThatStopsAfterTheLastAnswerIsNone) {
  const auto outcome = Stream(
      {.encode_stream =
           [](const auto&, const v1::EncodeStreamRequest& request,
              Events& events) {
             AnswerInParts(request, events);
             if (request.request_id() == "0") return grpc::Status::OK;
             return grpc::Status(grpc::StatusCode::UNAVAILABLE, "stopping");
           }},
      2);
  EXPECT_THAT(outcome.data, SizeIs(2));
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
}

TEST(EncodeStream, AnEndWithoutAnswersIsADefect) {
  const auto outcome =
      Stream({.encode_stream = [](const auto&, const auto&,
                                  Events&) { return grpc::Status::OK; }},
             1);
  EXPECT_TRUE(absl::IsInternal(outcome.status)) << outcome.status;
  EXPECT_THAT(std::string(outcome.status.message()),
              HasSubstr("before every request was answered"));
}

}  // namespace
}  // namespace strata
