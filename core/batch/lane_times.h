// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_BATCH_LANE_TIMES_H_
#define STRATA_CORE_BATCH_LANE_TIMES_H_

#include <map>
#include <memory>
#include <optional>

#include "absl/time/time.h"

namespace strata {

// How long the work of each lane takes on a device, from what its last batches
// were predicted to take, the older counting for less. A lane's unit of work is
// its own. Lanes that have ended are forgotten when another is learnt of.
//
// Not thread-safe.
class LaneTimes {
 public:
  using Lane = std::weak_ptr<const void>;

  // A batch of `work` takes `time`.
  void Learn(const Lane& lane, absl::Duration time, double work);

  // What `work` takes; nullopt where nothing is known of the lane.
  std::optional<absl::Duration> Predict(const Lane& lane, double work) const;

 private:
  struct Taken {
    absl::Duration time;
    double work = 0;
  };

  std::map<Lane, Taken, std::owner_less<>> taken_;
};

}  // namespace strata

#endif  // STRATA_CORE_BATCH_LANE_TIMES_H_
