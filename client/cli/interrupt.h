// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_INTERRUPT_H_
#define STRATA_CLIENT_CLI_INTERRUPT_H_

#include <csignal>
#include <functional>
#include <thread>

namespace strata::cli {

// While it lives, the first SIGINT calls a function, on a thread of its own,
// where it would end the process; the second ends it. A signal that the process
// was started to ignore, as in the background of a script, stays ignored.
// One at a time.
//
//   const Interrupt interrupt([&] { client.Cancel(); });
class Interrupt {
 public:
  explicit Interrupt(std::function<void()> on_interrupt);
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Whether a SIGINT has come.
  static bool happened();

 private:
  void Listen();

  const std::function<void()> on_interrupt_;
  // A number is written to it for each thing that Listen waits for.
  const int events_;
  // What SIGINT did before.
  struct sigaction before_{};
  std::jthread listener_;
};

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_INTERRUPT_H_
