// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/engine.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "core/base/observer.h"
#include "core/base/status_macros.h"
#include "core/base/thread_pool.h"
#include "core/batch/queue.h"
#include "core/engine/admission.h"
#include "core/engine/call.h"
#include "core/engine/cpu_share.h"
#include "core/engine/device_instance.h"
#include "core/engine/encode_task.h"
#include "core/engine/fitness.h"
#include "core/engine/guarded.h"
#include "core/engine/reply_memory.h"
#include "core/engine/resolve.h"
#include "core/engine/supervisor.h"
#include "core/engine/tokenize_call.h"
#include "core/engine/worker.h"
#include "core/model/model.h"
#include "core/model/registry.h"

namespace strata {
namespace {

// An option of the engine, and the least that it can be.
struct Bound {
  absl::string_view option;
  std::int64_t value = 0;
  std::int64_t least = 1;
};

absl::Status CheckOptions(const EngineOptions& options) {
  const std::array bounds = {
      Bound{"devices", std::ssize(options.devices)},
      Bound{"max_requests", options.max_requests},
      Bound{"max_request_bytes", options.max_request_bytes},
      Bound{"max_waiting_pieces", options.max_waiting_pieces},
      Bound{"max_inputs", options.max_inputs},
      Bound{"max_reply_bytes", options.max_reply_bytes},
      Bound{"max_stream_reply_bytes", options.max_stream_reply_bytes},
      Bound{"max_unsent_bytes", options.max_unsent_bytes},
      Bound{"max_leased_bytes", options.max_leased_bytes},
      Bound{"cpus", options.cpus, 0},
      Bound{"tokenizer_threads", options.tokenizer_threads},
      Bound{"window", options.window},
      Bound{"ageing", absl::ToInt64Nanoseconds(options.ageing), 0},
      Bound{"hang_timeout", absl::ToInt64Nanoseconds(options.hang_timeout), 0},
  };
  for (const auto& [option, value, least] : bounds) {
    if (value >= least) continue;
    return FieldError(
        option, absl::StrCat("got ", value, ", expected at least ", least));
  }
  if (options.max_client_share > 0 && options.max_client_share <= 1) {
    return absl::OkStatus();
  }
  return FieldError("max_client_share",
                    absl::StrCat("got ", options.max_client_share,
                                 ", expected more than 0 and at most 1"));
}

// A worker's instance for each of `devices`, which names one that has several
// as often.
std::vector<DeviceInstance> InstancesOf(
    const std::vector<std::string>& devices) {
  std::vector<DeviceInstance> instances;
  instances.reserve(devices.size());
  std::map<std::string, int> count;
  for (const std::string& device : devices) {
    instances.push_back({.device = device, .instance = count[device]++});
  }
  return instances;
}

}  // namespace

class Engine::Impl {
 public:
  Impl(EngineOptions options, const ModelRegistry& registry, const Clock& clock,
       Observer& observer)
      : options_(std::move(options)),
        registry_(registry),
        clock_(clock),
        observer_(observer),
        admission_(
            {.max_requests = options_.max_requests,
             .max_bytes = options_.max_request_bytes,
             .max_client_share = options_.max_client_share},
            [this] { return queue_.RetryAfter(); }, observer),
        reply_memory_(
            {.max_bytes = options_.max_unsent_bytes,
             .max_client_share = options_.max_client_share,
             .max_leased_bytes = options_.max_leased_bytes},
            [this] { return queue_.RetryAfter(); }, observer),
        queue_({.max_pieces = options_.max_waiting_pieces,
                .max_client_share = options_.max_client_share,
                .window = options_.window,
                .ageing = options_.ageing,
                .takers = static_cast<int>(options_.devices.size())},
               clock),
        cpus_(options_.cpus,
              static_cast<int>(std::ranges::count(options_.devices, "cpu"))),
        tokenizers_(options_.tokenizer_threads),
        supervisor_({.hang_timeout = options_.hang_timeout,
                     .changed = options_.fitness_changed},
                    InstancesOf(options_.devices), queue_) {
    running_workers_ = static_cast<int>(options_.devices.size());
    for (int i = 0; i < std::ssize(options_.devices); ++i) {
      workers_.emplace_back([this, i] {
        Worker(i, queue_, cpus_, completions_, supervisor_, clock_, observer_)
            .Run();
        const MutexLock lock(workers_mutex_);
        --running_workers_;
        worker_ended_.NotifyAll();
      });
    }
  }

  // In the order of the way of a request, so that nothing is handed to a part
  // that has ended.
  ~Impl() {
    Stop();
    tokenizers_.Join();
    workers_.clear();
    supervisor_.Stop();
    completions_.Join();
  }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void Encode(EncodeCall call, Done<EncodeReply> done) {
    auto resolved = ResolveEncode(call);
    if (!resolved.ok()) {
      observer_.OnRequestDone(call.model, resolved.status(),
                              static_cast<int>(call.inputs.size()), {});
      std::move(done)(resolved.status());
      return;
    }
    std::make_shared<EncodeTask>(
        EncodeTask::Context{
            .max_reply_bytes = call.sink != nullptr && !call.padded
                                   ? options_.max_stream_reply_bytes
                                   : options_.max_reply_bytes,
            .clock = clock_,
            .observer = observer_,
            .reply_memory = reply_memory_,
            .queue = queue_,
            .tokenizers = tokenizers_},
        std::move(call), *std::move(resolved), std::move(done))
        ->Start();
  }

  void Tokenize(TokenizeCall call, Done<TokenizeReply> done) {
    const int inputs = static_cast<int>(call.texts.size());
    RunOnTokenizers(std::move(call), inputs, TokenizeTexts, std::move(done));
  }

  void Detokenize(DetokenizeCall call, Done<DetokenizeReply> done) {
    const int inputs = static_cast<int>(call.inputs.size());
    RunOnTokenizers(std::move(call), inputs, DetokenizePieces, std::move(done));
  }

  void Stop() {
    stopped_ = true;
    queue_.Stop();
  }

  void Abandon() {
    Stop();
    supervisor_.FailAll(
        Error(Reason::kServerStopping, "the server is stopping"));
  }

  bool AwaitForwards(absl::Duration timeout) {
    const absl::Time end = absl::Now() + timeout;
    MutexLock lock(workers_mutex_);
    while (running_workers_ > 0) {
      const absl::Duration left = end - absl::Now();
      if (left <= absl::ZeroDuration()) return false;
      worker_ended_.WaitFor(workers_mutex_, left);
    }
    return true;
  }

  Fitness fitness() const { return supervisor_.fitness(); }

  const EngineOptions& options() const { return options_; }

 private:
  // The checks that every call passes before it costs anything.
  absl::StatusOr<std::unique_ptr<Admission::Permit>> Enter(
      int inputs, absl::Time deadline, std::int64_t bytes,
      const std::string& client) {
    if (stopped_) {
      return Error(Reason::kServerStopping, "the server is stopping");
    }
    if (inputs == 0) {
      return FieldError("inputs", "empty; a request has at least one input");
    }
    if (inputs > options_.max_inputs) {
      return FieldError(
          "inputs",
          absl::StrCat("got ", inputs, " inputs, at most ", options_.max_inputs,
                       " are allowed; send several requests"));
    }
    if (deadline <= clock_.Now()) {
      return Error(Reason::kDeadlinePassed,
                   "the deadline had passed when the request arrived");
    }
    return admission_.Admit(bytes, client);
  }

  absl::StatusOr<EncodeTask::Resolved> ResolveEncode(const EncodeCall& call) {
    EncodeTask::Resolved resolved{.id = next_call_++, .arrival = clock_.Now()};
    STRATA_ASSIGN_OR_RETURN(
        resolved.model,
        registry_.Find(call.model, call.version, call.version_label));
    const Model& model = *resolved.model;
    STRATA_RETURN_IF_ERROR(supervisor_.CheckServed(model));
    if (!call.expected_digest.empty() && call.expected_digest != model.digest) {
      return Error(Reason::kDigestMismatch,
                   absl::StrCat("model \"", model.id.name, "\" version ",
                                model.id.version, " has digest ", model.digest,
                                ", not the one expected"));
    }
    STRATA_ASSIGN_OR_RETURN(resolved.outputs,
                            ResolveOutputs(call.outputs, model));
    STRATA_ASSIGN_OR_RETURN(resolved.max_pieces,
                            ResolveMaxPieces(call.max_pieces, model));
    STRATA_ASSIGN_OR_RETURN(
        resolved.permit, Enter(static_cast<int>(call.inputs.size()),
                               call.deadline, call.request_bytes, call.client));
    return resolved;
  }

  // Runs `work`(call, model) on a tokenizer thread.
  template <typename Call, typename Reply>
  void RunOnTokenizers(Call call, int inputs,
                       absl::StatusOr<Reply> (*work)(
                           const Call&, const std::shared_ptr<const Model>&),
                       Done<Reply> done) {
    auto model = registry_.Find(call.model, call.version, call.version_label);
    if (!model.ok()) return std::move(done)(model.status());
    auto permit = Enter(inputs, call.deadline, call.request_bytes, call.client);
    if (!permit.ok()) return std::move(done)(permit.status());
    tokenizers_.Submit([this, call = std::move(call), model = *std::move(model),
                        permit = *std::move(permit), work,
                        done = std::move(done)]() mutable {
      absl::StatusOr<Reply> reply =
          Error(Reason::kDeadlinePassed,
                "the deadline passed while the request waited");
      if (call.deadline > clock_.Now()) {
        reply = Guarded([&] { return work(call, model); });
      }
      if (reply.ok()) reply = WithRoom(*std::move(reply), call.client);
      permit.reset();
      std::move(done)(std::move(reply));
    });
  }

  // Reserves memory for an answer whose size nobody could tell before.
  template <typename Reply>
  absl::StatusOr<Reply> WithRoom(Reply reply, const std::string& client) {
    STRATA_ASSIGN_OR_RETURN(auto rooms,
                            reply_memory_.Reserve({BytesOf(reply)}, client));
    reply.room = std::move(rooms[0]);
    return reply;
  }

  const EngineOptions options_;
  const ModelRegistry& registry_;
  const Clock& clock_;
  Observer& observer_;

  std::atomic<bool> stopped_ = false;
  std::atomic<std::uint64_t> next_call_ = 1;
  Admission admission_;
  ReplyMemory reply_memory_;
  Queue<Model> queue_;
  CpuShare cpus_;
  ThreadPool tokenizers_;
  // One thread: it hands over answers that are ready, so that the device's
  // thread goes on with the next batch.
  ThreadPool completions_{1};
  Supervisor supervisor_;
  Mutex workers_mutex_;
  CondVar worker_ended_;
  int running_workers_ ABSL_GUARDED_BY(workers_mutex_) = 0;
  std::vector<std::jthread> workers_;
};

absl::StatusOr<std::unique_ptr<Engine>> Engine::Create(
    EngineOptions options, const ModelRegistry& registry, const Clock& clock,
    Observer& observer) {
  STRATA_RETURN_IF_ERROR(CheckOptions(options));
  return std::unique_ptr<Engine>(new Engine(
      std::make_unique<Impl>(std::move(options), registry, clock, observer)));
}

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Engine::~Engine() = default;

void Engine::Encode(EncodeCall call, Done<EncodeReply> done) {
  impl_->Encode(std::move(call), std::move(done));
}

void Engine::Tokenize(TokenizeCall call, Done<TokenizeReply> done) {
  impl_->Tokenize(std::move(call), std::move(done));
}

void Engine::Detokenize(DetokenizeCall call, Done<DetokenizeReply> done) {
  impl_->Detokenize(std::move(call), std::move(done));
}

void Engine::Stop() { impl_->Stop(); }

void Engine::Abandon() { impl_->Abandon(); }

bool Engine::AwaitForwards(absl::Duration timeout) {
  return impl_->AwaitForwards(timeout);
}

Fitness Engine::fitness() const { return impl_->fitness(); }

const EngineOptions& Engine::options() const { return impl_->options(); }

}  // namespace strata
