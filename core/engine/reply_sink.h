// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_ENGINE_REPLY_SINK_H_
#define STRATA_CORE_ENGINE_REPLY_SINK_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "core/batch/request.h"

namespace strata {

struct EncodedInput;

// Takes the answer of an EncodeCall input by input, for a caller that sends it
// in parts. What the sink has no room for yet is not computed either, so that
// answers which nobody reads cannot pile up.
//
// Called on an engine thread or on the calling one, under no lock; should not
// block. The engine keeps it until the call's `done`, which comes last.
class ReplySink {
 public:
  virtual ~ReplySink() = default;

  // The answer will hold `bytes` of tensors. Nothing of it waits for a device
  // before `go` is called, once, from any thread, during this call or later;
  // it must be called in the end, also where the caller has gone. Called once
  // at most: not for a call that fails before.
  virtual void AwaitRoom(std::int64_t bytes, absl::AnyInvocable<void()> go) = 0;

  // Input number `input` has been computed, or failed for itself alone. At most
  // once for each, in the order in which they are; `outputs` are the call's.
  virtual void OnInput(
      int input, EncodedInput result,
      const std::shared_ptr<const std::vector<OutputSpec>>& outputs) = 0;
};

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_REPLY_SINK_H_
