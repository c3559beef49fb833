// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/interrupt.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <functional>
#include <utility>

namespace strata::cli {
namespace {

// What a signal's handler can reach.
std::atomic<bool> interrupted = false;
std::atomic<int> interrupt_events = -1;

void Wake(int events) {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(events, &one, sizeof(one));
}

extern "C" void OnInterrupt(int) {
  const int before = errno;
  interrupted = true;
  Wake(interrupt_events);
  errno = before;
}

}  // namespace

Interrupt::Interrupt(std::function<void()> on_interrupt)
    : on_interrupt_(std::move(on_interrupt)),
      events_(eventfd(0, EFD_CLOEXEC)),
      listener_([this] { Listen(); }) {
  interrupted = false;
  interrupt_events = events_;
  sigaction(SIGINT, nullptr, &before_);
  if (before_.sa_handler == SIG_IGN) return;
  struct sigaction action{};
  action.sa_handler = OnInterrupt;
  // A reset handler: the second signal ends the process.
  action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
}

Interrupt::~Interrupt() {
  sigaction(SIGINT, &before_, nullptr);
  Wake(events_);
  listener_.join();
  close(events_);
}

bool Interrupt::happened() { return interrupted; }

void Interrupt::Listen() {
  std::uint64_t events = 0;
  while (read(events_, &events, sizeof(events)) < 0 && errno == EINTR) {
  }
  if (interrupted) on_interrupt_();
}

}  // namespace strata::cli
