// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/load_runs.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/status_macros.h"
#include "grpcpp/support/byte_buffer.h"
#include "tests/bench/answer_work.h"
#include "tests/bench/caller.h"
#include "tests/bench/process_use.h"
#include "tests/bench/requests.h"
#include "tests/bench/tally.h"

namespace strata::bench {
namespace {

SteadyClock::duration Seconds(double seconds) {
  return std::chrono::duration_cast<SteadyClock::duration>(
      std::chrono::duration<double>(seconds));
}

double ToSeconds(SteadyClock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// What client and server use while something is measured.
class UseMeter {
 public:
  static absl::StatusOr<UseMeter> Start(pid_t server) {
    UseMeter meter(server);
    if (server != 0) {
      STRATA_ASSIGN_OR_RETURN(meter.begin_, ReadProcessUse(server));
    }
    return meter;
  }

  // Adds to `json`.
  absl::Status Stop(Json& json) const {
    json["client_cpu_seconds"] = OwnCpuSeconds() - own_begin_;
    if (server_ == 0) return absl::OkStatus();
    STRATA_ASSIGN_OR_RETURN(const ProcessUse end, ReadProcessUse(server_));
    json["server_cpu_seconds"] = end.cpu_seconds - begin_.cpu_seconds;
    json["server_peak_bytes"] = end.peak_bytes;
    return absl::OkStatus();
  }

 private:
  explicit UseMeter(pid_t server) : server_(server) {}

  pid_t server_;
  double own_begin_ = OwnCpuSeconds();
  ProcessUse begin_;
};

// Requests in turn, for ever.
class Turns {
 public:
  explicit Turns(std::span<const Request> requests) : requests_(requests) {}
  const Request& Next() { return requests_[next_++ % requests_.size()]; }

 private:
  std::span<const Request> requests_;
  std::size_t next_ = 0;
};

// What came of a run's calls while it counted.
class Results {
 public:
  explicit Results(const LoadOptions& options)
      : tally_(options.classes), with_work_(options.with_work) {}

  void Count(const Call& call) {
    tally_.Count(call.ToEnded());
    if (with_work_ && call.status.ok()) answers_.push_back(call.answer);
  }

  // Parses the answers: afterwards, when it takes no time from the server.
  Json ToJson(double seconds) const {
    Json json = tally_.ToJson(seconds);
    if (!with_work_) return json;
    AnswerWork work;
    for (const grpc::ByteBuffer& answer : answers_) work.Add(answer);
    json["work"] = work.ToJson();
    return json;
  }

 private:
  Tally tally_;
  bool with_work_;
  std::vector<grpc::ByteBuffer> answers_;
};

// Keeps as many in flight as there are, until `end`; counts in `results`,
// unless it is nullptr.
void KeepSending(Caller& caller, Turns& turns, SteadyClock::time_point end,
                 Results* results) {
  while (SteadyClock::now() < end) {
    const std::unique_ptr<Call> call = caller.Next(end);
    if (call == nullptr) continue;
    caller.Send(turns.Next(), SteadyClock::now());
    if (results != nullptr) results->Count(*call);
  }
}

// When the requests of an open loop are to be sent, from its begin.
std::vector<double> SendTimes(double rate, double seconds, std::uint32_t seed) {
  std::mt19937_64 random(seed);
  std::exponential_distribution<double> pause(rate);
  std::vector<double> times;
  for (double time = pause(random); time < seconds; time += pause(random)) {
    times.push_back(time);
  }
  return times;
}

// Waits for the one call in flight.
double AwaitOne(Caller& caller, std::span<const Request> probes, int round,
                Tally& tally) {
  const Request& probe = probes[round % probes.size()];
  caller.Send(probe, SteadyClock::now());
  while (true) {
    const auto call = caller.Next(SteadyClock::now() + Seconds(60));
    if (call == nullptr || call->request != &probe) continue;
    tally.Count(call->ToEnded());
    return ToSeconds(call->end - call->begin);
  }
}

void AwaitNone(Caller& caller) {
  while (caller.in_flight() > 0) caller.Next(SteadyClock::now() + Seconds(1));
}

}  // namespace

absl::StatusOr<Json> RunClosed(std::span<const Request> requests,
                               const LoadOptions& options, int in_flight) {
  Caller caller(options.address, options.method, options.connections);
  Turns turns(requests);
  for (int i = 0; i < in_flight; ++i) {
    caller.Send(turns.Next(), SteadyClock::now());
  }
  KeepSending(caller, turns,
              SteadyClock::now() + Seconds(options.warm_up_seconds), nullptr);
  Results results(options);
  STRATA_ASSIGN_OR_RETURN(const UseMeter meter,
                          UseMeter::Start(options.server));
  const auto begin = SteadyClock::now();
  KeepSending(caller, turns, begin + Seconds(options.seconds), &results);
  const double seconds = ToSeconds(SteadyClock::now() - begin);
  Json use;
  STRATA_RETURN_IF_ERROR(meter.Stop(use));
  caller.CancelAll();
  AwaitNone(caller);
  Json json = results.ToJson(seconds);
  json.update(use);
  return json;
}

absl::StatusOr<Json> RunOpen(std::span<const Request> requests,
                             const LoadOptions& options, double rate,
                             std::uint32_t seed, double drain_seconds) {
  Caller caller(options.address, options.method, options.connections);
  const std::vector<double> times =
      SendTimes(rate, options.warm_up_seconds + options.seconds, seed);
  const auto begin = SteadyClock::now();
  const auto counted = begin + Seconds(options.warm_up_seconds);
  const auto drained = counted + Seconds(options.seconds + drain_seconds);
  std::jthread sender([&] {
    Turns turns(requests);
    for (const double time : times) {
      const auto intended = begin + Seconds(time);
      std::this_thread::sleep_until(intended);
      caller.Send(turns.Next(), intended);
    }
  });
  Results results(options);
  std::optional<UseMeter> meter;
  bool cancelled = false;
  for (std::size_t ended = 0; ended < times.size() || !meter.has_value();) {
    if (!meter.has_value() && SteadyClock::now() >= counted) {
      STRATA_ASSIGN_OR_RETURN(meter, UseMeter::Start(options.server));
    }
    if (!cancelled && SteadyClock::now() >= drained) {
      caller.CancelAll();
      cancelled = true;
    }
    const auto call = caller.Next(SteadyClock::now() + Seconds(0.1));
    if (call == nullptr) continue;
    ++ended;
    if (call->begin >= counted) results.Count(*call);
  }
  Json json = results.ToJson(options.seconds);
  STRATA_RETURN_IF_ERROR(meter->Stop(json));
  json["asked_rate"] = rate;
  return json;
}

absl::StatusOr<Json> RunAfterCancel(std::span<const Request> requests,
                                    std::span<const Request> probes,
                                    const LoadOptions& options, int rounds,
                                    double pause_seconds) {
  Caller caller(options.address, options.method, options.connections);
  Tally tally({});
  std::vector<double> alone;
  std::vector<double> after;
  AwaitOne(caller, probes, 0, tally);  // Connects.
  for (int round = 0; round < rounds; ++round) {
    alone.push_back(AwaitOne(caller, probes, round, tally));
    for (const Request& request : requests) {
      caller.Send(request, SteadyClock::now());
    }
    std::this_thread::sleep_for(Seconds(pause_seconds));
    caller.CancelAll();
    after.push_back(AwaitOne(caller, probes, round, tally));
    AwaitNone(caller);
  }
  return Json{{"alone", LatencyJson(std::move(alone))},
              {"after", LatencyJson(std::move(after))},
              {"cancelled", requests.size()},
              {"failures", tally.ToJson(1)["failures"]}};
}

}  // namespace strata::bench
