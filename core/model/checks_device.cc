// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/model/checks.h"
#include "core/model/subject.h"
#include "core/model/trace.h"

namespace strata {

Finding CheckDevicesRewritten(Subject& subject) {
  const std::vector<std::string> calls = subject.trace.OutsideCalls();
  if (calls.empty()) {
    return {.passed = true, .found = "all devices in it can be rewritten"};
  }
  return {.passed = false,
          .found = absl::StrCat(absl::StrJoin(calls, ", "),
                                ", which may name the device that it was "
                                "traced on")};
}

}  // namespace strata
