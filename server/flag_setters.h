// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_FLAG_SETTERS_H_
#define STRATA_SERVER_FLAG_SETTERS_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "server/address.h"

namespace strata {

// How the value of a flag is read, a function for each kind of value. What a
// setter writes to outlives it.

// Reads a value into its member; the error says what was expected.
using Setter = std::function<absl::Status(const std::string& text)>;

// That `text` is not `what`.
absl::Status Expected(absl::string_view text, absl::string_view what);

template <typename Int>
Setter IntSetter(Int& target, std::int64_t least,
                 std::int64_t largest = std::numeric_limits<int>::max()) {
  return [&target, least, largest](const std::string& text) {
    std::int64_t value = 0;
    if (!absl::SimpleAtoi(text, &value) || value < least || value > largest) {
      return Expected(
          text, absl::StrCat("a whole number from ", least, " to ", largest));
    }
    target = static_cast<Int>(value);
    return absl::OkStatus();
  };
}

// A part of 1, from 1 to 100 hundredths.
Setter PercentSetter(double& target);

// Bytes, with KiB, MiB or GiB behind the number or without.
template <typename Int>
Setter BytesSetter(Int& target, std::int64_t largest) {
  return [&target, largest](const std::string& text) {
    absl::string_view number = text;
    int shift = 0;
    if (absl::ConsumeSuffix(&number, "KiB")) {
      shift = 10;
    } else if (absl::ConsumeSuffix(&number, "MiB")) {
      shift = 20;
    } else if (absl::ConsumeSuffix(&number, "GiB")) {
      shift = 30;
    }
    std::int64_t value = 0;
    if (!absl::SimpleAtoi(number, &value) || value < 1 ||
        value > largest >> shift) {
      return Expected(text, absl::StrCat("a size from 1 to ", largest,
                                         " bytes, as 1048576 or 1MiB"));
    }
    target = static_cast<Int>(value << shift);
    return absl::OkStatus();
  };
}

Setter DurationSetter(absl::Duration& target);

Setter AddressSetter(Address& target);

// For what may be left out: "none" stands for nothing, as before any flag, all
// else is read by `set`, which writes to `target`.
template <typename Target>
Setter NoneOr(Target& target, Setter set) {
  return [&target, set = std::move(set)](const std::string& text) {
    if (text != "none") return set(text);
    target = Target();
    return absl::OkStatus();
  };
}

// `none` stands for no address, as the empty text does.
Setter OptionalAddressSetter(std::optional<Address>& target,
                             absl::string_view none);

// One of two words, each for a value.
template <typename Value>
struct Choice {
  absl::string_view word;
  Value value;
};

template <typename Value>
Setter ChoiceSetter(Value& target, Choice<Value> first, Choice<Value> second) {
  return [&target, first, second](const std::string& text) {
    if (text != first.word && text != second.word) {
      return Expected(text, absl::StrCat(first.word, " or ", second.word));
    }
    target = text == first.word ? first.value : second.value;
    return absl::OkStatus();
  };
}

// From 0 to 1.
Setter RatioSetter(double& target);

// Anything but nothing.
template <typename Text>
Setter TextSetter(Text& target) {
  return [&target](const std::string& text) {
    if (text.empty()) return Expected(text, "a value");
    target = text;
    return absl::OkStatus();
  };
}

template <typename Text>
Setter TextOrNoneSetter(Text& target) {
  return NoneOr(target, TextSetter(target));
}

// The same, in lower case.
Setter LowerCaseSetter(std::string& target);

// With commas; at least one.
Setter ListSetter(std::vector<std::string>& target);

}  // namespace strata

#endif  // STRATA_SERVER_FLAG_SETTERS_H_
