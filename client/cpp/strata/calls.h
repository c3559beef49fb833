// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CPP_CALLS_H_
#define STRATA_CLIENT_CPP_CALLS_H_

#include <grpcpp/client_context.h>

#include <condition_variable>
#include <mutex>
#include <set>

#include "absl/time/time.h"

namespace strata {

// The calls of one client that are under way; see Client::Cancel. A part of the
// client that is not installed. Thread-safe.
class Calls {
 public:
  // Counts the call of `context`, which has not begun, among them for as long
  // as this lives. Cancelled at once where Cancel came before.
  class Scope {
   public:
    Scope(Calls& calls, grpc::ClientContext& context);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Calls& calls_;
    grpc::ClientContext& context_;
  };

  // Ends them all, and those that are yet to come. Idempotent.
  void Cancel();

  // Returns after `delay`, or once Cancel is called.
  void Wait(absl::Duration delay);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool cancelled_ = false;
  std::set<grpc::ClientContext*> contexts_;
};

}  // namespace strata

#endif  // STRATA_CLIENT_CPP_CALLS_H_
