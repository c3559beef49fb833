// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_BASE_BUDGET_H_
#define STRATA_CORE_BASE_BUDGET_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace strata {

// How much of something is held, in all and by each client who is known, beside
// the most that may be. Not thread-safe.
//
//   if (budget.Check(bytes, client).has_value()) return ...;  // No room.
//   budget.Take(bytes, client);
//   ...
//   budget.Give(bytes, client);
class Budget {
 public:
  // `client_share`: the part of `most` that one client who is known may have,
  // above 0 and at most 1.
  Budget(std::int64_t most, double client_share);

  // A bound that has no room.
  struct Full {
    std::int64_t held = 0;
    std::int64_t most = 0;
    // Whether it is the client's own, and what is held the client's.
    bool of_client = false;
  };

  // nullopt: `amount` more fits. What is larger than a bound does where nothing
  // else is held within it, so that nobody retries for ever. `client` empty: it
  // is not known, and only the whole bounds it.
  std::optional<Full> Check(std::int64_t amount,
                            const std::string& client) const;

  void Take(std::int64_t amount, const std::string& client);
  // What was taken, or a part of it.
  void Give(std::int64_t amount, const std::string& client);

  std::int64_t held() const { return held_; }

 private:
  const std::int64_t most_;
  const std::int64_t most_of_client_;
  std::int64_t held_ = 0;
  // Of clients who are known and hold some.
  std::map<std::string, std::int64_t> by_client_;
};

}  // namespace strata

#endif  // STRATA_CORE_BASE_BUDGET_H_
