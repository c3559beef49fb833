// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/engine/admission.h"

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/mutex.h"

namespace strata {
namespace {

// What a refused caller is asked to wait: about the time of a few forwards.
constexpr absl::Duration kRetryAfter = absl::Milliseconds(250);

}  // namespace

absl::StatusOr<std::unique_ptr<Admission::Permit>> Admission::Admit(
    std::int64_t bytes) {
  int requests = 0;
  {
    MutexLock lock(mutex_);
    if (requests_ >= max_requests_) {
      return FullError(absl::StrCat(requests_,
                                    " requests are in flight, the "
                                    "most that may be"),
                       kRetryAfter);
    }
    if (requests_ > 0 && bytes_ + bytes > max_bytes_) {
      return FullError(absl::StrCat("requests of ", bytes_,
                                    " bytes are in flight and this "
                                    "one has ",
                                    bytes, "; at most ", max_bytes_, " may be"),
                       kRetryAfter);
    }
    requests = ++requests_;
    bytes_ += bytes;
  }
  observer_.OnInFlight(requests);
  return std::make_unique<Permit>(*this, bytes);
}

void Admission::Release(std::int64_t bytes) {
  int requests = 0;
  {
    MutexLock lock(mutex_);
    requests = --requests_;
    bytes_ -= bytes;
  }
  observer_.OnInFlight(requests);
}

}  // namespace strata
