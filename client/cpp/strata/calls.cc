// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "strata/calls.h"

#include <grpcpp/client_context.h>

#include <mutex>

#include "absl/time/time.h"

namespace strata {

Calls::Scope::Scope(Calls& calls, grpc::ClientContext& context)
    : calls_(calls), context_(context) {
  const std::lock_guard lock(calls_.mutex_);
  calls_.contexts_.insert(&context_);
  if (calls_.cancelled_) context_.TryCancel();
}

Calls::Scope::~Scope() {
  const std::lock_guard lock(calls_.mutex_);
  calls_.contexts_.erase(&context_);
}

void Calls::Cancel() {
  {
    // Under the lock, which keeps the contexts alive.
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    for (grpc::ClientContext* context : contexts_) context->TryCancel();
  }
  changed_.notify_all();
}

void Calls::Wait(absl::Duration delay) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoNanoseconds(delay),
                    [this] { return cancelled_; });
}

}  // namespace strata
