// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// strata-server: serves the models of a repository over gRPC.

#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/flags.h"
#include "server/library_settings.h"
#include "server/log.h"
#include "server/serve.h"
#include "server/stop_signal.h"

namespace {

int Fail(const absl::Status& status) {
  strata::Announce(absl::StrCat("strata-server: ", status.message()));
  return 1;
}

// A connection is a descriptor, and shells give fewer than the host allows
// (1,024, as a rule): gRPC listens no more once one is wanting.
void AllowDescriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  // Where it may not be raised, it stays.
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  const auto parsed = strata::ParseFlags(argc, argv);
  if (const auto* exit = std::get_if<strata::FlagsExit>(&parsed)) {
    std::fputs(exit->text.c_str(), exit->code == 0 ? stdout : stderr);
    return exit->code;
  }
  // Whoever reads the log may go away: that ends no server.
  std::signal(SIGPIPE, SIG_IGN);
  // What is larger than a file may be is the error of whoever wanted it.
  std::signal(SIGXFSZ, SIG_IGN);
  AllowDescriptors();
  strata::StartWithLibrarySettings(argv);
  // Before any thread starts, so that all of them leave the signals alone.
  const auto signals = strata::StopSignal::Create();
  if (!signals.ok()) return Fail(signals.status());
  const absl::Status status =
      strata::Serve(std::get<strata::ServerFlags>(parsed), **signals);
  return status.ok() ? 0 : Fail(status);
}
