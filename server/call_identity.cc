// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/call_identity.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "grpcpp/support/string_ref.h"
#include "server/trace_context.h"

namespace strata {
namespace {

constexpr std::size_t kLongestRequestId = 128;

absl::string_view View(const grpc::string_ref& text) {
  return {text.data(), text.size()};
}

bool IsUsual(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::string_view("-_.:/+=@").find(c) != absl::string_view::npos;
}

std::string RequestIdOf(const CallMetadata& metadata) {
  const auto found = metadata.find("x-request-id");
  if (found == metadata.end() || found->second.empty()) {
    return absl::BytesToHexString(NewSpanId());
  }
  std::string id(View(found->second).substr(0, kLongestRequestId));
  // It goes into logs and back into metadata: no text, and nothing to inject.
  std::ranges::replace_if(id, [](char c) { return !IsUsual(c); }, '_');
  return id;
}

std::optional<TraceContext> ParentOf(const CallMetadata& metadata) {
  const auto [first, last] = metadata.equal_range("traceparent");
  if (first == last || std::next(first) != last) return std::nullopt;
  return ParseTraceparent(View(first->second));
}

}  // namespace

CallIdentity IdentifyCall(const CallMetadata& metadata) {
  return {.request_id = RequestIdOf(metadata), .parent = ParentOf(metadata)};
}

}  // namespace strata
