// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/core/model/examined.h"

#include <algorithm>
#include <string>

#include "core/base/clock.h"
#include "core/model/config.h"
#include "core/model/examination.h"
#include "core/model/report.h"
#include "core/model/trace.h"
#include "gtest/gtest.h"
#include "tests/core/model/test_traces.h"

namespace strata {

Examination ExamineFile(const std::string& name, const ModelConfig& config,
                        const Clock& clock) {
  Trace trace = Trace::Load(TestTraceFile(name)).value();
  return Examine(trace, config, kTestVocabulary, clock);
}

std::string Message(const Examination& examination) {
  return std::string(examination.verdict.message());
}

Check FindCheck(const Examination& examination, const std::string& name) {
  const auto& checks = examination.report.checks;
  const auto check = std::ranges::find(checks, name, &Check::name);
  if (check != checks.end()) return *check;
  ADD_FAILURE() << "no check " << name;
  return {};
}

}  // namespace strata
