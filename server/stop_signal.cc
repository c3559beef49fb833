// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/stop_signal.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace strata {
namespace {

// For poll: at least one where there is something left, so that it does not
// spin through the last part of a millisecond.
int PollTimeout(absl::Duration left) {
  if (left == absl::InfiniteDuration()) return -1;
  const std::int64_t milliseconds =
      absl::ToInt64Milliseconds(absl::Ceil(left, absl::Milliseconds(1)));
  return static_cast<int>(std::clamp<std::int64_t>(
      milliseconds, 0, std::numeric_limits<int>::max()));
}

// Takes what is there to read without waiting; false where nothing is.
template <typename Value>
bool Take(int descriptor, Value& value) {
  return read(descriptor, &value, sizeof(value)) == sizeof(value);
}

}  // namespace

absl::StatusOr<std::unique_ptr<StopSignal>> StopSignal::Create() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  if (const int error = pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0) {
    return absl::ErrnoToStatus(error, "cannot block SIGTERM and SIGINT");
  }
  const int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  const int wakes = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  // Not make_unique: the constructor is private.
  std::unique_ptr<StopSignal> result(new StopSignal(signals, wakes));
  if (signals < 0 || wakes < 0) {
    return absl::ErrnoToStatus(errno, "cannot listen for signals");
  }
  return result;
}

StopSignal::~StopSignal() {
  close(signals_);
  close(wakes_);
}

std::optional<int> StopSignal::Wait(absl::Duration timeout) {
  const absl::Time end = absl::Now() + timeout;
  for (;;) {
    const absl::Duration left = end - absl::Now();
    std::array<pollfd, 2> descriptors = {
        pollfd{.fd = signals_, .events = POLLIN, .revents = 0},
        pollfd{.fd = wakes_, .events = POLLIN, .revents = 0}};
    poll(descriptors.data(), descriptors.size(), PollTimeout(left));
    signalfd_siginfo info{};
    if (Take(signals_, info)) return static_cast<int>(info.ssi_signo);
    if (std::uint64_t wakes = 0; Take(wakes_, wakes)) return std::nullopt;
    if (left <= absl::ZeroDuration()) return std::nullopt;
  }
}

void StopSignal::Wake() const {
  const std::uint64_t one = 1;
  // Cannot fail: the counter is far from full.
  [[maybe_unused]] const auto written = write(wakes_, &one, sizeof(one));
}

}  // namespace strata
