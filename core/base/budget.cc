// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/base/budget.h"

#include <cstdint>
#include <optional>
#include <string>

namespace strata {

Budget::Budget(std::int64_t most, double client_share)
    : most_(most),
      // Not of all: that a double rounds up beyond what fits.
      most_of_client_(client_share >= 1
                          ? most
                          : static_cast<std::int64_t>(
                                client_share * static_cast<double>(most))) {}

std::optional<Budget::Full> Budget::Check(std::int64_t amount,
                                          const std::string& client) const {
  if (held_ > 0 && held_ + amount > most_) {
    return Full{.held = held_, .most = most_};
  }
  const auto theirs = by_client_.find(client);
  if (theirs != by_client_.end() && theirs->second + amount > most_of_client_) {
    return Full{
        .held = theirs->second, .most = most_of_client_, .of_client = true};
  }
  return std::nullopt;
}

void Budget::Take(std::int64_t amount, const std::string& client) {
  held_ += amount;
  if (!client.empty() && amount > 0) by_client_[client] += amount;
}

void Budget::Give(std::int64_t amount, const std::string& client) {
  held_ -= amount;
  const auto theirs = by_client_.find(client);
  if (theirs == by_client_.end()) return;
  theirs->second -= amount;
  if (theirs->second == 0) by_client_.erase(theirs);
}

}  // namespace strata
