// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/openmp.h"

#include <unistd.h>

#include <cstdlib>

namespace strata {

void WaitWithoutSpinning(char* const* argv) {
  constexpr const char* kVariable = "OMP_WAIT_POLICY";
  if (std::getenv(kVariable) != nullptr) return;
  if (setenv(kVariable, "passive", /*overwrite=*/0) != 0) return;
  execv("/proc/self/exe", argv);
}

}  // namespace strata
