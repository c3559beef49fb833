// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_ENGINE_ENGINE_H_
#define STRATA_CORE_ENGINE_ENGINE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/observer.h"
#include "core/engine/call.h"
#include "core/engine/fitness.h"
#include "core/model/registry.h"

namespace strata {

// How much the engine admits and how it is staffed.
struct EngineOptions {
  // Devices, as ResolveDevices returns them, one that has several instances as
  // often as it has: one worker thread for each.
  std::vector<std::string> devices = {"cpu"};
  // CPUs that the forwards which run on the CPU at the moment share, as threads
  // of their operators. 0: each has the threads that LibTorch was given.
  int cpus = 0;
  // Requests in flight; one more is refused with RESOURCE_EXHAUSTED. Higher
  // admits longer queues, lower fails sooner under overload.
  int max_requests = 1024;
  // Bytes of the messages in flight.
  std::int64_t max_request_bytes = std::int64_t{256} << 20;
  // The part of requests, their bytes, waiting pieces and unsent bytes that one
  // client who is known may have, above 0 and at most 1. Smaller leaves more
  // room for the others when one floods; larger lets one use a server that has
  // no other.
  double max_client_share = 0.5;
  // Pieces that wait for a device. Bounds the wait as requests alone cannot,
  // since a request may be one word or a book.
  std::int64_t max_waiting_pieces = std::int64_t{1} << 20;
  // Inputs of one request.
  int max_inputs = 1024;
  // Bytes of one answer's tensors.
  std::int64_t max_reply_bytes = std::int64_t{512} << 20;
  // The same of an answer that goes to a sink. All of one answer may be in
  // memory at once where its caller reads slowly.
  std::int64_t max_stream_reply_bytes = std::int64_t{4} << 30;
  // Bytes of all answers that are computed, or about to be, and not sent: what
  // callers who do not read can hold. An answer that finds no room is refused
  // with RESOURCE_EXHAUSTED, one of Encode before it costs compute.
  std::int64_t max_unsent_bytes = std::int64_t{4} << 30;
  // Bytes of the batches' memory (pinned, on a CUDA device) that these answers
  // hold. Beyond them each is copied into memory of its own, which costs time;
  // larger holds more memory than the answers have bytes.
  std::int64_t max_leased_bytes = std::int64_t{1} << 30;
  // Threads that tokenize.
  int tokenizer_threads = 1;
  // Waiting sequences that the batch plan looks at. Larger wastes fewer places
  // on padding, smaller plans faster.
  int window = 256;
  // How much waiting makes up for one step of priority: bounds how long a
  // stream of higher priorities can hold a lower one back.
  absl::Duration ageing = absl::Milliseconds(500);
  // How long a forward may stand still before it is given up (see Supervisor).
  // Smaller tells sooner, larger leaves more time to devices that are slow.
  // Zero: for ever.
  absl::Duration hang_timeout = absl::Minutes(1);
  // Called whenever fitness() has become another, from any thread, under no
  // lock, until the engine has ended; null: nobody wants to know.
  std::function<void()> fitness_changed;
};

// Turns texts and pieces into hidden states: checks, tokenizes, queues,
// batches, runs. Thread-safe. Callbacks run exactly once, on an engine thread
// or on the calling one, under no lock; they should not block.
//
//   engine->Encode({.model = "minilm", .inputs = {TextInput{"Hello!"}}},
//                  [](absl::StatusOr<EncodeReply> reply) { ... });
class Engine {
 public:
  template <typename Reply>
  using Done = absl::AnyInvocable<void(absl::StatusOr<Reply>)>;

  // `registry`, `clock` and `observer` outlive the engine. Error:
  // INVALID_ARGUMENT for an option out of its range.
  static absl::StatusOr<std::unique_ptr<Engine>> Create(
      EngineOptions options, const ModelRegistry& registry, const Clock& clock,
      Observer& observer);

  // Stops as Stop() and waits for the workers.
  ~Engine();

  // Errors, by core/base/error.h's reasons: those of ModelRegistry::Find,
  // DIGEST_MISMATCH, INVALID_FIELD, INPUT_TOO_LONG, NOT_SUPPORTED_BY_MODEL,
  // REPLY_TOO_LARGE, SERVER_FULL, SERVER_STOPPING, DEADLINE_PASSED,
  // CALLER_CANCELLED, DEVICE_LOST. What fails for one input while computing is
  // that input's status alone. `done` comes after the last call of
  // EncodeCall::sink.
  void Encode(EncodeCall call, Done<EncodeReply> done);
  void Tokenize(TokenizeCall call, Done<TokenizeReply> done);
  void Detokenize(DetokenizeCall call, Done<DetokenizeReply> done);

  // Refuses new calls with SERVER_STOPPING, and fails what still waits with it;
  // forwards that run end. Idempotent.
  void Stop();

  // As Stop, and fails what is being computed too.
  void Abandon();

  // Waits for the forwards that still run after Stop; false where one does
  // longer than `timeout`, so that the engine's end would wait for it.
  bool AwaitForwards(absl::Duration timeout);

  // What of it does not compute.
  Fitness fitness() const;

  const EngineOptions& options() const;

 private:
  class Impl;
  explicit Engine(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_ENGINE_H_
