// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/failure.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "strata/status.h"
#include "tests/client/fake_server.h"

namespace strata::cli {
namespace {

std::string Explained(const absl::Status& status) {
  return Explain(status, {.address = "127.0.0.1:50051"}, absl::Seconds(30));
}

absl::Status Answered(grpc::StatusCode code, const std::string& message,
                      const std::string& reason) {
  return StatusFromGrpc(ReasonStatus(code, message, reason));
}

TEST(ExitCodeOf, TellsWhoseErrorItIs) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), 0);
  EXPECT_EQ(ExitCodeOf(absl::InvalidArgumentError("the server's")), 1);
  EXPECT_EQ(ExitCodeOf(UsageError("ours")), 2);
  EXPECT_EQ(ExitCodeOf(absl::UnavailableError("refused")), 3);
  EXPECT_EQ(ExitCodeOf(absl::DeadlineExceededError("late")), 3);
  EXPECT_EQ(ExitCodeOf(SomeFailed("1 of 2 texts failed")), 4);
  EXPECT_EQ(ExitCodeOf(Interrupted("interrupted")), 130);
  EXPECT_EQ(ExitCodeOf(ReaderGone()), 141);
}

TEST(ExitCodeOf, AServerThatSaysUnavailableWasReached) {
  EXPECT_EQ(ExitCodeOf(Answered(grpc::StatusCode::UNAVAILABLE, "loading",
                                "MODEL_NOT_READY")),
            1);
}

TEST(Explain, WhatIsNoServersIsSaidAsItIs) {
  EXPECT_EQ(Explained(UsageError("ours")), "ours.");
  EXPECT_EQ(Explained(SomeFailed("1 of 2 texts failed")),
            "1 of 2 texts failed.");
}

TEST(Explain, NoAnswer) {
  EXPECT_EQ(Explained(absl::UnavailableError("connection refused")),
            "cannot reach the server at 127.0.0.1:50051: connection refused. "
            "Start strata-server there, or name another place with --server or "
            "STRATA_SERVER.");
  EXPECT_EQ(Explained(absl::DeadlineExceededError("Deadline Exceeded")),
            "no answer from 127.0.0.1:50051 within 30s. Wait longer with "
            "--timeout, or send less at once (--batch-size, --concurrency).");
}

struct AdviceRow {
  const char* reason;
  absl::string_view advice;
};

class ExplainTest : public testing::TestWithParam<AdviceRow> {};

TEST_P(ExplainTest, AddsWhatToDo) {
  EXPECT_EQ(Explained(Answered(grpc::StatusCode::FAILED_PRECONDITION, "no.",
                               GetParam().reason)),
            std::string("FAILED_PRECONDITION from 127.0.0.1:50051: no. [") +
                GetParam().reason + "]" + std::string(GetParam().advice));
}

INSTANTIATE_TEST_SUITE_P(
    Table, ExplainTest,
    testing::Values(
        AdviceRow{"MODEL_AMBIGUOUS",
                  ". Name one with --model; `strata models` lists them."},
        AdviceRow{"MODEL_NOT_FOUND",
                  ". Name one with --model; `strata models` lists them."},
        AdviceRow{"MODEL_REFUSED",
                  ". `strata models NAME` shows the check that failed."},
        AdviceRow{"INPUT_TOO_LONG",
                  ". Shorten the text, or cut it with --truncation right."},
        AdviceRow{"REPLY_TOO_LARGE",
                  ". Ask for fewer --layers, pool, or lower --batch-size."},
        AdviceRow{"DIGEST_MISMATCH", "."}),
    [](const auto& row) { return row.param.reason; });

TEST(Explain, AServiceThatHealthDoesNotKnow) {
  EXPECT_EQ(Explained(absl::NotFoundError("service name unknown")),
            "NOT_FOUND from 127.0.0.1:50051: service name unknown. `strata "
            "models` lists what there is.");
}

TEST(Explain, AnotherKindOfServer) {
  EXPECT_EQ(Explained(absl::UnimplementedError("404")),
            "UNIMPLEMENTED from 127.0.0.1:50051: 404. Is this a Strata "
            "server?");
}

}  // namespace
}  // namespace strata::cli
