// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/run_until_stopped.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>

#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/engine/engine.h"
#include "server/fitness_report.h"
#include "server/flags.h"
#include "server/grpc_server.h"
#include "server/log.h"
#include "server/stop_signal.h"
#include "server/stream_set.h"

namespace strata {
namespace {

// What is left of the spans when the last call has ended takes this at most.
constexpr absl::Duration kFlush = absl::Seconds(5);
// A forward whose callers have gone ends at its next checkpoint; one that comes
// to none is not waited for any longer.
constexpr absl::Duration kLastForward = absl::Seconds(5);

// The next signal; nullopt after `longest`. Passes on meanwhile how the engine
// is.
std::optional<int> Await(absl::Duration longest, StopSignal& signals,
                         FitnessReport& report) {
  const absl::Time end = absl::Now() + longest;
  for (;;) {
    const auto signal = signals.Wait(end - absl::Now());
    report.Update();
    if (signal.has_value() || absl::Now() >= end) return signal;
  }
}

// The first signal; nullopt where a device was lost before. Until then, old
// streams are asked to move on.
std::optional<int> AwaitStop(const ServerFlags& flags, StopSignal& signals,
                             FitnessReport& report, GrpcServer& server) {
  // Late by a tenth of the age at most, as gRPC is with connections.
  const absl::Duration tick = std::clamp(
      flags.max_connection_age / 10, absl::Milliseconds(10), absl::Seconds(1));
  const bool ageless = flags.max_connection_age == absl::ZeroDuration();
  for (;;) {
    const auto signal = signals.Wait(ageless ? absl::InfiniteDuration() : tick);
    report.Update();
    if (signal.has_value() || report.fitness().lost) return signal;
    server.EndOldStreams();
  }
}

absl::string_view ReasonToStop(std::optional<int> signal) {
  if (!signal.has_value()) return "a device was lost";
  return *signal == SIGTERM ? "SIGTERM" : "SIGINT";
}

// Says NOT_SERVING, and serves on until load balancers have seen it, or a
// signal hurries.
void LookAway(absl::Duration pause, StopSignal& signals, FitnessReport& report,
              GrpcServer& server) {
  server.StopHealth();
  const absl::Duration quiet = std::min(StreamSet::kQuiet, pause);
  if (Await(pause - quiet, signals, report).has_value()) return;
  server.QuietStreams();
  Await(quiet, signals, report);
}

// Lets calls finish until `end`; a signal meanwhile drops what waits. At `end`
// gRPC cancels what is left, but waits until the engine has answered: what is
// being computed fails then, since a forward need not end.
void Drain(absl::Time end, StopSignal& signals, FitnessReport& report,
           GrpcServer& server, Engine& engine) {
  std::atomic<bool> drained = false;
  const std::jthread shutdown([&] {
    server.Shutdown(std::max(end - absl::Now(), absl::ZeroDuration()));
    drained = true;
    signals.Wake();
  });
  bool late = false;
  while (!drained) {
    // Again and again: a worker may just have been taking another batch.
    const auto signal =
        signals.Wait(late ? absl::Seconds(1) : end - absl::Now());
    report.Update();
    if (signal.has_value()) {
      Log(Severity::kWarning, "stopping",
          {{"message", "waiting calls dropped"}});
      engine.Stop();
    } else if (absl::Now() >= end) {
      late = true;
      engine.Abandon();
    }
  }
}

[[noreturn]] void Exit(int code, absl::string_view why) {
  Log(code == 0 ? Severity::kInfo : Severity::kError, "stopped",
      {{"message", std::string(why)}});
  std::_Exit(code);
}

}  // namespace

void RunUntilStopped(const ServerFlags& flags, const RunningParts& parts,
                     StopSignal& signals) {
  FitnessReport report(parts.engine, parts.metrics, parts.server);
  const auto signal = AwaitStop(flags, signals, report, parts.server);
  const absl::Time end = absl::Now() + flags.drain_timeout;
  // Nobody behind Ctrl-C waits for it.
  const absl::Duration pause =
      signal == SIGINT ? absl::ZeroDuration() : flags.lame_duck;
  Log(Severity::kInfo, "stopping",
      {{"signal", std::string(ReasonToStop(signal))},
       {"pause", absl::FormatDuration(pause)}});
  LookAway(pause, signals, report, parts.server);
  parts.manager.Stop();
  Drain(end, signals, report, parts.server, parts.engine);
  parts.engine.Stop();
  if (parts.spans != nullptr) {
    parts.spans->Stop(
        std::clamp(end - absl::Now(), absl::ZeroDuration(), kFlush));
  }
  // What is left of a device that is lost does not bear being tidied up.
  if (report.fitness().lost) {
    Exit(1, "a device was lost; a new process is needed");
  }
  if (parts.manager.is_loading()) Exit(0, "a model was loading");
  if (!parts.engine.AwaitForwards(kLastForward)) {
    Exit(0, "a forward was still running");
  }
  Log(Severity::kInfo, "stopped", {});
}

}  // namespace strata
