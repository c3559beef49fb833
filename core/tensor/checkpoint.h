// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_TENSOR_CHECKPOINT_H_
#define STRATA_CORE_TENSOR_CHECKPOINT_H_

#include "core/batch/runner.h"

namespace strata {

// Says what the checkpoints that this thread reaches call, "strata::checkpoint"
// in graphs, until its end; then what they called before. Without one they do
// nothing. Not for several threads.
//
//   const CheckpointScope scope(checkpoint);
//   function.run(stack);  // throws where scope.ended()
class CheckpointScope {
 public:
  explicit CheckpointScope(Checkpoint checkpoint);
  ~CheckpointScope();

  CheckpointScope(const CheckpointScope&) = delete;
  CheckpointScope& operator=(const CheckpointScope&) = delete;

  // Whether `checkpoint` returned false, so that the forward was ended by an
  // exception.
  bool ended() const { return ended_; }

 private:
  friend void ReachCheckpoint();

  const Checkpoint checkpoint_;
  CheckpointScope* const before_;
  bool ended_ = false;
};

// Calls the checkpoint of the innermost scope of this thread. Throws c10::Error
// if it returns false.
void ReachCheckpoint();

}  // namespace strata

#endif  // STRATA_CORE_TENSOR_CHECKPOINT_H_
