// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_BASE_STATUS_MACROS_H_
#define STRATA_CORE_BASE_STATUS_MACROS_H_

// Early returns for absl::Status and absl::StatusOr, which the abseil of Debian
// 12 and Ubuntu 24.04 has no macros for.
//
//   STRATA_RETURN_IF_ERROR(Check(options));
//   STRATA_ASSIGN_OR_RETURN(auto config, ReadConfig(path));

#include <utility>

#include "absl/status/status.h"

#define STRATA_MACROS_JOIN_INNER_(a, b) a##b
#define STRATA_MACROS_JOIN_(a, b) STRATA_MACROS_JOIN_INNER_(a, b)

#define STRATA_RETURN_IF_ERROR(expression)                                  \
  do {                                                                      \
    if (absl::Status strata_status_ = (expression); !strata_status_.ok()) { \
      return strata_status_;                                                \
    }                                                                       \
  } while (false)

#define STRATA_ASSIGN_OR_RETURN(declaration, expression)                    \
  STRATA_ASSIGN_OR_RETURN_INNER_(STRATA_MACROS_JOIN_(strata_or_, __LINE__), \
                                 declaration, expression)

// A declaration cannot stand in parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define STRATA_ASSIGN_OR_RETURN_INNER_(status_or, declaration, expression) \
  auto status_or = (expression);                                           \
  if (!status_or.ok()) return std::move(status_or).status();               \
  declaration = *std::move(status_or)
// NOLINTEND(bugprone-macro-parentheses)

#endif  // STRATA_CORE_BASE_STATUS_MACROS_H_
