// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/admission.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"

namespace strata {
namespace {

// What a refused caller is asked to wait: about the time of a few forwards.
constexpr absl::Duration kRetryAfter = absl::Milliseconds(250);

}  // namespace

absl::Status Admission::CheckRoom(const InFlight& in_flight, std::int64_t bytes,
                                  double share, absl::string_view whose) const {
  const int most_requests =
      std::max(1, static_cast<int>(share * limits_.max_requests));
  const auto most_bytes =
      static_cast<std::int64_t>(share * static_cast<double>(limits_.max_bytes));
  if (in_flight.requests >= most_requests) {
    return FullError(absl::StrCat(in_flight.requests, " requests", whose,
                                  " are in flight, the most that may be"),
                     kRetryAfter);
  }
  if (in_flight.requests > 0 && in_flight.bytes + bytes > most_bytes) {
    return FullError(absl::StrCat("requests", whose, " of ", in_flight.bytes,
                                  " bytes are in flight and this one has ",
                                  bytes, "; at most ", most_bytes, " may be"),
                     kRetryAfter);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Admission::Permit>> Admission::Admit(
    std::int64_t bytes, const std::string& client) {
  int requests = 0;
  {
    MutexLock lock(mutex_);
    STRATA_RETURN_IF_ERROR(CheckRoom(all_, bytes, /*share=*/1, ""));
    if (!client.empty()) {
      const auto known = by_client_.find(client);
      STRATA_RETURN_IF_ERROR(
          CheckRoom(known == by_client_.end() ? InFlight{} : known->second,
                    bytes, limits_.max_client_share, " of this client"));
      InFlight& theirs = by_client_[client];
      ++theirs.requests;
      theirs.bytes += bytes;
    }
    requests = ++all_.requests;
    all_.bytes += bytes;
  }
  observer_.OnInFlight(requests);
  return std::make_unique<Permit>(*this, bytes, client);
}

void Admission::Release(std::int64_t bytes, const std::string& client) {
  int requests = 0;
  {
    MutexLock lock(mutex_);
    requests = --all_.requests;
    all_.bytes -= bytes;
    if (const auto theirs = by_client_.find(client);
        theirs != by_client_.end()) {
      theirs->second.bytes -= bytes;
      if (--theirs->second.requests == 0) by_client_.erase(theirs);
    }
  }
  observer_.OnInFlight(requests);
}

}  // namespace strata
