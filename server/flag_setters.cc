// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/flag_setters.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/status_macros.h"
#include "server/address.h"

namespace strata {

absl::Status Expected(absl::string_view text, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is not ", what));
}

Setter PercentSetter(double& target) {
  return [&target](const std::string& text) {
    int percent = 0;
    STRATA_RETURN_IF_ERROR(IntSetter(percent, 1, 100)(text));
    target = percent / 100.0;
    return absl::OkStatus();
  };
}

Setter DurationSetter(absl::Duration& target) {
  return [&target](const std::string& text) {
    absl::Duration value;
    if (!absl::ParseDuration(text, &value) || value < absl::ZeroDuration() ||
        value == absl::InfiniteDuration()) {
      return Expected(text, "a duration, as 500ms, 30s or 1m30s");
    }
    target = value;
    return absl::OkStatus();
  };
}

Setter AddressSetter(Address& target) {
  return [&target](const std::string& text) {
    STRATA_ASSIGN_OR_RETURN(target, ParseAddress(text));
    return absl::OkStatus();
  };
}

Setter OptionalAddressSetter(std::optional<Address>& target,
                             absl::string_view none) {
  return [&target, none](const std::string& text) {
    target.reset();
    if (text.empty() || text == none) return absl::OkStatus();
    STRATA_ASSIGN_OR_RETURN(target, ParseAddress(text));
    return absl::OkStatus();
  };
}

Setter RatioSetter(double& target) {
  return [&target](const std::string& text) {
    double value = 0;
    // A not-a-number is not at least 0.
    if (!absl::SimpleAtod(text, &value) || !(value >= 0) || value > 1) {
      return Expected(text, "a number from 0 to 1");
    }
    target = value;
    return absl::OkStatus();
  };
}

Setter LowerCaseSetter(std::string& target) {
  return [&target](const std::string& text) {
    if (text.empty()) return Expected(text, "a value");
    target = absl::AsciiStrToLower(text);
    return absl::OkStatus();
  };
}

Setter ListSetter(std::vector<std::string>& target) {
  return [&target](const std::string& text) {
    target.clear();
    for (const absl::string_view item :
         absl::StrSplit(text, ',', absl::SkipWhitespace())) {
      target.emplace_back(absl::StripAsciiWhitespace(item));
    }
    return target.empty() ? Expected(text, "a list, with commas")
                          : absl::OkStatus();
  };
}

}  // namespace strata
