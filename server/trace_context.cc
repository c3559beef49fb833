// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/trace_context.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"

namespace strata {
namespace {

constexpr std::size_t kTraceIdBytes = 16;
constexpr std::size_t kSpanIdBytes = 8;
// "00-", 32 digits, "-", 16 digits, "-", 2 digits.
constexpr std::size_t kTraceIdAt = 3;
constexpr std::size_t kSpanIdAt = 36;
constexpr std::size_t kFlagsAt = 53;
constexpr std::size_t kLength = 55;
constexpr unsigned char kSampledFlag = 1;

bool IsHex(absl::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

// The bytes that `digits` are; nullopt where they are none, or all zero.
std::optional<std::string> ParseId(absl::string_view digits) {
  if (!IsHex(digits)) return std::nullopt;
  std::string id = absl::HexStringToBytes(digits);
  if (std::ranges::all_of(id, [](char c) { return c == '\0'; })) {
    return std::nullopt;
  }
  return id;
}

std::string RandomId(std::size_t bytes) {
  thread_local absl::BitGen random;
  std::string id;
  for (std::size_t i = 0; i < bytes; ++i) {
    id.push_back(static_cast<char>(absl::Uniform<std::uint8_t>(random)));
  }
  // All zero means none; likelier with a broken source than by chance.
  if (std::ranges::all_of(id, [](char c) { return c == '\0'; })) id[0] = '\x01';
  return id;
}

}  // namespace

std::optional<TraceContext> ParseTraceparent(absl::string_view header) {
  if (header.size() < kLength) return std::nullopt;
  const absl::string_view version = header.substr(0, 2);
  const absl::string_view flags = header.substr(kFlagsAt, 2);
  if (!IsHex(version) || version == "ff" || !IsHex(flags)) return std::nullopt;
  for (const std::size_t dash : {kTraceIdAt, kSpanIdAt, kFlagsAt}) {
    if (header[dash - 1] != '-') return std::nullopt;
  }
  const bool longer = header.size() > kLength;
  if (longer && (version == "00" || header[kLength] != '-')) {
    return std::nullopt;
  }
  auto trace_id = ParseId(header.substr(kTraceIdAt, 2 * kTraceIdBytes));
  auto span_id = ParseId(header.substr(kSpanIdAt, 2 * kSpanIdBytes));
  if (!trace_id.has_value() || !span_id.has_value()) return std::nullopt;
  const auto bits =
      static_cast<unsigned char>(absl::HexStringToBytes(flags).front());
  return TraceContext{.trace_id = *std::move(trace_id),
                      .span_id = *std::move(span_id),
                      .sampled = (bits & kSampledFlag) != 0};
}

std::string NewTraceId() { return RandomId(kTraceIdBytes); }

std::string NewSpanId() { return RandomId(kSpanIdBytes); }

bool IsSampled(absl::string_view trace_id, double ratio) {
  // The last bytes, which are random where the first may be a time; as many as
  // a double holds exactly.
  constexpr std::size_t kBytes = 6;
  constexpr double kRange = 281474976710656.0;  // 2^48
  double value = 0;
  for (const char c : trace_id.substr(trace_id.size() - kBytes)) {
    value = value * 256 + static_cast<unsigned char>(c);
  }
  return value < ratio * kRange;
}

}  // namespace strata
