// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// Calls that wait while something happens: a full server, deadlines,
// cancellation, shutting down.

#include <chrono>
#include <future>
#include <memory>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/engine/engine.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "tests/server/server_fixture.h"
#include "tests/server/wire_error.h"

namespace strata {
namespace {

// A call on its way, which the puppet's strings hold.
struct Pending {
  grpc::ClientContext context;
  v1::EncodeRequest request;
  v1::EncodeResponse response;
  std::promise<grpc::Status> done;
  std::future<grpc::Status> status = done.get_future();
};

class WaitingTest : public ServerFixture {
 protected:
  // The engine's clock passes the deadline, the machine's does not.
  std::unique_ptr<Pending> StartEncode() {
    auto call = std::make_unique<Pending>();
    call->context.set_deadline(std::chrono::system_clock::now() +
                               std::chrono::hours(1));
    call->request = FromText<v1::EncodeRequest>("inputs { text: 'A' }");
    hidden_states_->async()->Encode(
        &call->context, &call->request, &call->response,
        [&done = call->done](const grpc::Status& status) {
          done.set_value(status);
        });
    return call;
  }

  // One call inside the runner, which holds it.
  std::unique_ptr<Pending> Occupy() {
    strings_->Hold();
    auto call = StartEncode();
    strings_->AwaitEntered(1);
    return call;
  }
};

TEST_F(WaitingTest, AFullServerSaysWhenToTryAgain) {
  Restart({.max_requests = 1});
  const auto first = Occupy();
  Encode("inputs { text: 'A' }");
  ExpectError(status(), grpc::StatusCode::RESOURCE_EXHAUSTED, "SERVER_FULL", "",
              "1 requests are in flight");
  EXPECT_GT(ReadError(status()).retry_after, absl::ZeroDuration());
  strings_->ReleaseAll();
  EXPECT_TRUE(first->status.get().ok());
  ExpectServes();
}

TEST_F(WaitingTest, ADeadlineThatPassesInTheQueueOrInTheForward) {
  const auto first = Occupy();
  const auto call = StartEncode();
  // Once the queue has it, the engine's clock passes the caller's hour.
  observer_.AwaitQueueDepth(1);
  clock_.Advance(absl::Hours(2));
  strings_->ReleaseAll();
  ExpectError(call->status.get(), grpc::StatusCode::DEADLINE_EXCEEDED,
              "DEADLINE_PASSED", "", "waited for a device");
  ExpectError(first->status.get(), grpc::StatusCode::DEADLINE_EXCEEDED,
              "DEADLINE_PASSED", "", "was computed");
  // One never reached the runner, the other's forward was ended.
  EXPECT_EQ(strings_->batches().size(), 1U);
  ExpectServes();
}

TEST_F(WaitingTest, ACallerThatGoesAwayLeavesTheQueue) {
  const auto first = Occupy();
  const auto call = StartEncode();
  observer_.AwaitQueueDepth(1);
  call->context.TryCancel();
  EXPECT_EQ(call->status.get().error_code(), grpc::StatusCode::CANCELLED);
  observer_.AwaitDone(absl::StatusCode::kCancelled);
  strings_->ReleaseAll();
  EXPECT_TRUE(first->status.get().ok());
  EXPECT_EQ(strings_->batches().size(), 1U);
  ExpectServes();
}

TEST_F(WaitingTest, AnEngineThatStopsFailsWhatWaits) {
  const auto first = Occupy();
  const auto call = StartEncode();
  observer_.AwaitQueueDepth(1);
  engine_->Stop();
  ExpectError(call->status.get(), grpc::StatusCode::UNAVAILABLE,
              "SERVER_STOPPING", "", "stopping");
  strings_->ReleaseAll();
  EXPECT_TRUE(first->status.get().ok());
}

TEST_F(WaitingTest, ShutdownWaitsForWhatRuns) {
  const auto first = Occupy();
  std::jthread shutdown([this] { server_->Shutdown(absl::Hours(1)); });
  strings_->ReleaseAll();
  EXPECT_TRUE(first->status.get().ok());
}

TEST_F(WaitingTest, ShutdownCancelsWhatIsLeftAtItsEnd) {
  const auto first = Occupy();
  const auto call = StartEncode();
  observer_.AwaitQueueDepth(1);
  std::jthread shutdown([this] { server_->Shutdown(absl::ZeroDuration()); });
  EXPECT_FALSE(call->status.get().ok());
  strings_->ReleaseAll();
}

}  // namespace
}  // namespace strata
