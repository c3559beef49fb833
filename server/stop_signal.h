// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_STOP_SIGNAL_H_
#define STRATA_SERVER_STOP_SIGNAL_H_

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace strata {

// SIGTERM and SIGINT as events to wait for, instead of as interruptions.
//
//   auto signals = StopSignal::Create();  // Before the first other thread.
//   const auto signal = (*signals)->Wait(absl::InfiniteDuration());
class StopSignal {
 public:
  // Blocks both signals for this thread and for those that it starts later.
  // Error: INTERNAL where the system has no descriptors left.
  static absl::StatusOr<std::unique_ptr<StopSignal>> Create();

  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  // The next signal; nullopt where `timeout` or Wake came first. Called by one
  // thread.
  std::optional<int> Wait(absl::Duration timeout);

  // Ends the Wait that runs, or else the next one. Thread-safe.
  void Wake() const;

 private:
  StopSignal(int signals, int wakes) : signals_(signals), wakes_(wakes) {}

  // File descriptors.
  const int signals_;
  const int wakes_;
};

}  // namespace strata

#endif  // STRATA_SERVER_STOP_SIGNAL_H_
