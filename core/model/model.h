// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_MODEL_H_
#define STRATA_CORE_MODEL_MODEL_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/batch/plan.h"
#include "core/batch/runner.h"
#include "core/model/report.h"
#include "core/tokenize/tokenizer.h"

namespace strata {

// A model's folder in the repository and the version's folder in it.
struct ModelId {
  std::string name;
  std::int64_t version = 0;

  friend auto operator<=>(const ModelId&, const ModelId&) = default;
};

// A loaded, examined model. Immutable and held by std::shared_ptr<const Model>,
// so that unloading cannot race with a forward: a request keeps its model until
// it is answered.
struct Model {
  ModelId id;
  // "sha256:" and 64 hexadecimal digits over trace, tokenizer and
  // configuration.
  std::string digest;
  TraceReport report;
  // Longest input that is accepted, in pieces.
  int max_pieces = 0;
  PlanLimits plan_limits;
  // Whether each sequence runs alone, as plan_limits then say.
  bool batch_invariant = false;
  // Layers whose output has passed the final norm; empty: not known.
  std::vector<int> final_norm_layers;
  // Texts that go in front of an input's, by name.
  std::map<std::string, std::string> prompts;
  std::shared_ptr<const Tokenizer> tokenizer;
  // One for each instance of each device that it runs on. Each is called by one
  // worker thread only; nothing else here changes after loading.
  std::vector<std::unique_ptr<Runner>> runners;
};

}  // namespace strata

#endif  // STRATA_CORE_MODEL_MODEL_H_
