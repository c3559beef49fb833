// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/stream_call.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/call_environment.h"
#include "server/caller.h"
#include "server/request_trace.h"
#include "server/stream_set.h"

namespace strata {

void StreamCall::Start() {
  streams_.Add(stream(), environment().call.clock.Now());
  if (const absl::Status status = Authenticate().status(); !status.ok()) {
    CountRefused(environment().call, "", status);
    stream()->StopReading(status);
    return;
  }
  stream()->ReadNext();
}

void StreamCall::OnReadDone(bool ok) {
  if (!ok) {
    stream()->OnHalfClose();
    return;
  }
  const auto size = static_cast<std::int64_t>(read_.Length());
  auto trace = Trace(message_, /*streamed=*/true);
  absl::StatusOr<Caller> caller = Authenticate();
  // Nothing is read before ReadNext.
  ReadOn(environment().call, size,
         [this, self = self(), trace = std::move(trace),
          caller = std::move(caller)]() mutable {
           if (stream()->stop_token().stop_requested()) return;
           if (caller.ok()) {
             TakeUp(*caller, read_, std::move(trace));
           } else {
             Stop("", caller.status(), *trace);
           }
           stream()->ReadNext();
         });
}

void StreamCall::OnDone() {
  streams_.Remove(stream());
  PartsCall::OnDone();
}

void StreamCall::Stop(const std::string& model, const absl::Status& status,
                      RequestTrace& trace) {
  trace.Answered(status);
  CountRefused(environment().call, model, status);
  stream()->StopReading(status);
}

}  // namespace strata
