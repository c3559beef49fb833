// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/format.h"

#include <google/protobuf/duration.pb.h>

#include <cmath>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace strata::cli {

std::string Milliseconds(const google::protobuf::Duration& duration) {
  return Milliseconds(1e3 * static_cast<double>(duration.seconds()) +
                      1e-6 * static_cast<double>(duration.nanos()));
}

std::string Milliseconds(double ms) {
  if (ms < 10) return absl::StrFormat("%.2f ms", ms);
  if (ms < 100) return absl::StrFormat("%.1f ms", ms);
  return absl::StrFormat("%.0f ms", ms);
}

std::string Number(float value) {
  const float size = std::abs(value);
  const bool plain = size == 0 || (size >= 1e-3F && size < 1e4F);
  return plain || !std::isfinite(value) ? absl::StrFormat("%.4f", value)
                                        : absl::StrFormat("%.2e", value);
}

std::string Count(std::int64_t count, absl::string_view noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

std::string WithoutPrefix(absl::string_view name, absl::string_view prefix) {
  return std::string(absl::StripPrefix(name, prefix));
}

}  // namespace strata::cli
