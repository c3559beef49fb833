// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_BASE_BUILD_ID_H_
#define STRATA_CORE_BASE_BUILD_ID_H_

#include <string>

namespace strata {

// What the linker calls this very program, in hexadecimal: another for each
// build whose code is another (the NT_GNU_BUILD_ID note of its ELF file). Empty
// where it was linked without one.
std::string BuildId();

}  // namespace strata

#endif  // STRATA_CORE_BASE_BUILD_ID_H_
