// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_CORE_MODEL_EXAMINED_H_
#define STRATA_TESTS_CORE_MODEL_EXAMINED_H_

#include <string>

#include "core/base/clock.h"
#include "core/model/config.h"
#include "core/model/examination.h"
#include "core/model/report.h"
#include "tests/core/model/test_traces.h"

namespace strata {

// Examines the trace that make_traces.py wrote as `name`; looks for lengths no
// further than its positions go. Fails the test, and throws, where it does not
// load.
Examination ExamineFile(
    const std::string& name,
    const ModelConfig& config = {.max_pieces = kTestPositions},
    const Clock& clock = Clock::Real());

// The refusal's text; empty where there is none.
std::string Message(const Examination& examination);

// The check called `name`; fails the test where it was not made.
Check FindCheck(const Examination& examination, const std::string& name);

}  // namespace strata

#endif  // STRATA_TESTS_CORE_MODEL_EXAMINED_H_
