// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tensor/checkpoint.h"

#include "core/batch/runner.h"
#include "torch/library.h"
#include "torch/script.h"

namespace strata {
namespace {

thread_local CheckpointScope* innermost = nullptr;

}  // namespace

CheckpointScope::CheckpointScope(Checkpoint checkpoint)
    : checkpoint_(checkpoint), before_(innermost) {
  innermost = this;
}

CheckpointScope::~CheckpointScope() { innermost = before_; }

void ReachCheckpoint() {
  CheckpointScope* const scope = innermost;
  if (scope == nullptr) return;
  scope->ended_ = !scope->checkpoint_();
  TORCH_CHECK(!scope->ended_, "the forward was ended at a checkpoint");
}

}  // namespace strata

// Its alias analysis keeps it: an operator without results would else be dead
// code.
TORCH_LIBRARY_FRAGMENT(strata, library) {
  library.def(
      torch::schema("checkpoint() -> ()", c10::AliasAnalysisKind::CONSERVATIVE),
      &strata::ReachCheckpoint);
}
