// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_ADDRESS_H_
#define STRATA_SERVER_ADDRESS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace strata {

// Where to listen.
struct Address {
  // A name or an IP address, without brackets.
  std::string host;
  // 0: a free one.
  int port = 0;

  // "HOST:PORT", an IPv6 host in brackets.
  [[nodiscard]] std::string ToString() const;

  friend bool operator==(const Address&, const Address&) = default;
};

// Reads "HOST:PORT" or "[IPV6]:PORT". Error: INVALID_ARGUMENT.
//
//   ParseAddress("127.0.0.1:50051")  // {"127.0.0.1", 50051}
absl::StatusOr<Address> ParseAddress(absl::string_view text);

}  // namespace strata

#endif  // STRATA_SERVER_ADDRESS_H_
