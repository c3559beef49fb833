// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_ENGINE_ADMISSION_H_
#define STRATA_CORE_ENGINE_ADMISSION_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/mutex.h"
#include "core/base/observer.h"

namespace strata {

// What may be in flight at once.
struct AdmissionLimits {
  int max_requests = 1024;
  // Of the requests' messages.
  std::int64_t max_bytes = std::int64_t{256} << 20;
  // The part of either that one client who is known may have, from 0 to 1, so
  // that the flood of one leaves room for the others. Those who are not known
  // are bounded together, by the whole.
  double max_client_share = 1;
};

// The first bound of the engine: how many requests, and how many bytes of
// them, are in flight at once, held from before tokenizing until the answer is
// handed over. The second, on pieces that wait, is the queue's. Thread-safe.
class Admission {
 public:
  // A place in the engine; given back when it is destroyed.
  class Permit {
   public:
    Permit(Admission& admission, std::int64_t bytes, std::string client)
        : admission_(admission), bytes_(bytes), client_(std::move(client)) {}
    ~Permit() { admission_.Release(bytes_, client_); }
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;

   private:
    Admission& admission_;
    const std::int64_t bytes_;
    const std::string client_;
  };

  // `observer` outlives the admission, which outlives its permits.
  Admission(const AdmissionLimits& limits, Observer& observer)
      : limits_(limits), observer_(observer) {}

  // `client`: who asks; empty: it is not known. Error: SERVER_FULL. A request
  // larger than all bytes together is admitted when nothing else is in flight,
  // so that it does not retry for ever; so is one that is larger than a
  // client's share of them, when nothing else of the client is.
  absl::StatusOr<std::unique_ptr<Permit>> Admit(std::int64_t bytes,
                                                const std::string& client)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct InFlight {
    int requests = 0;
    std::int64_t bytes = 0;
  };

  // SERVER_FULL where `share` of the limits has no room; `whose` names it.
  absl::Status CheckRoom(const InFlight& in_flight, std::int64_t bytes,
                         double share, absl::string_view whose) const;
  void Release(std::int64_t bytes, const std::string& client)
      ABSL_LOCKS_EXCLUDED(mutex_);

  const AdmissionLimits limits_;
  Observer& observer_;

  Mutex mutex_;
  InFlight all_ ABSL_GUARDED_BY(mutex_);
  // Of clients who are known and have something in flight.
  std::map<std::string, InFlight> by_client_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_ADMISSION_H_
