// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/admission.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/budget.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "core/base/observer.h"

namespace strata {
namespace {

absl::string_view Whose(const Budget::Full& full) {
  return full.of_client ? " of this client" : "";
}

}  // namespace

Admission::Admission(const AdmissionLimits& limits,
                     std::function<absl::Duration()> retry_after,
                     Observer& observer)
    : retry_after_(std::move(retry_after)),
      observer_(observer),
      requests_(limits.max_requests, limits.max_client_share),
      bytes_(limits.max_bytes, limits.max_client_share) {}

std::string Admission::WhatIsFull(std::int64_t bytes,
                                  const std::string& client) const {
  if (const auto full = requests_.Check(1, client); full.has_value()) {
    return absl::StrCat(full->held, " requests", Whose(*full),
                        " are in flight, the most that may be");
  }
  if (const auto full = bytes_.Check(bytes, client); full.has_value()) {
    return absl::StrCat("requests", Whose(*full), " of ", full->held,
                        " bytes are in flight and this one has ", bytes,
                        "; at most ", full->most, " may be");
  }
  return "";
}

absl::StatusOr<std::unique_ptr<Admission::Permit>> Admission::Admit(
    std::int64_t bytes, const std::string& client) {
  std::string full;
  int requests = 0;
  {
    MutexLock lock(mutex_);
    full = WhatIsFull(bytes, client);
    if (full.empty()) {
      requests_.Take(1, client);
      bytes_.Take(bytes, client);
      requests = static_cast<int>(requests_.held());
    }
  }
  if (!full.empty()) return FullError(full, retry_after_());
  observer_.OnInFlight(requests);
  return std::make_unique<Permit>(*this, bytes, client);
}

void Admission::Release(std::int64_t bytes, const std::string& client) {
  int requests = 0;
  {
    MutexLock lock(mutex_);
    requests_.Give(1, client);
    bytes_.Give(bytes, client);
    requests = static_cast<int>(requests_.held());
  }
  observer_.OnInFlight(requests);
}

}  // namespace strata
