// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/address.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace strata {
namespace {

constexpr int kLargestPort = 65535;

}  // namespace

std::string Address::ToString() const {
  const bool ipv6 = absl::StrContains(host, ':');
  return ipv6 ? absl::StrCat("[", host, "]:", port)
              : absl::StrCat(host, ":", port);
}

absl::StatusOr<Address> ParseAddress(absl::string_view text) {
  const auto colon = text.rfind(':');
  absl::string_view host = text.substr(0, colon);
  const bool bracketed =
      host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  Address address{.host = std::string(host)};
  // An IPv6 address without brackets would lose its last group to the port.
  const bool host_ok = !host.empty() &&
                       host.find_first_of("[] \t") == absl::string_view::npos &&
                       bracketed == absl::StrContains(host, ':');
  if (colon == absl::string_view::npos || !host_ok ||
      !absl::SimpleAtoi(text.substr(colon + 1), &address.port) ||
      address.port < 0 || address.port > kLargestPort) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", text, "\" is not an address: expected HOST:PORT or [IPV6]:PORT, ",
        "the port from 0 (a free one) to ", kLargestPort));
  }
  return address;
}

}  // namespace strata
