// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/batch/window.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <span>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"

namespace strata {

std::size_t Fingerprint(const Sequence& sequence, absl::string_view client) {
  return absl::HashOf(sequence.ids, sequence.positions, sequence.type_ids,
                      client);
}

Window MakeWindow(std::span<const Waiting> waiting, absl::Time now) {
  Window window;
  // Items by the fingerprint of what they stand for.
  std::multimap<std::size_t, std::size_t> known;
  for (int index = 0; index < std::ssize(waiting); ++index) {
    const Waiting& one = waiting[index];
    const Sequence& sequence = *one.sequence;
    const double slack = absl::ToDoubleSeconds(one.deadline - now);
    const auto [begin, end] = known.equal_range(one.fingerprint);
    const auto same = std::find_if(begin, end, [&](const auto& entry) {
      const Waiting& other = waiting[window.members[entry.second].front()];
      return other.client == one.client &&
             SamePieces(*other.sequence, sequence);
    });
    if (same != end) {
      PlanItem& twin = window.items[same->second];
      twin.layers = std::max(twin.layers, sequence.layers);
      twin.slack = std::min(twin.slack, slack);
      window.members[same->second].push_back(index);
      continue;
    }
    known.emplace(one.fingerprint, window.items.size());
    PlanItem item{
        .pieces = sequence.pieces(), .layers = sequence.layers, .slack = slack};
    if (one.client == waiting.front().client && sequence.positions.empty() &&
        sequence.type_ids.empty()) {
      item.shareable = sequence.ids;
    }
    window.items.push_back(item);
    window.members.push_back({index});
  }
  return window;
}

}  // namespace strata
