// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/texts.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace strata::bench {
namespace {

absl::Status Mistake(const std::filesystem::path& file, int line,
                     absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat(file.string(), ":", line, ": ", what,
                   R"(; expected {"text": "...", "ids": [1, 2]})"));
}

}  // namespace

absl::StatusOr<std::vector<Text>> ReadTexts(const std::filesystem::path& file) {
  std::vector<Text> texts;
  std::ifstream stream(file);
  std::string line;
  for (int number = 1; std::getline(stream, line); ++number) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object()) return Mistake(file, number, "not a JSON object");
    Text text;
    try {
      text.text = json.at("text").get<std::string>();
      text.ids = json.at("ids").get<std::vector<std::int64_t>>();
    } catch (const nlohmann::json::exception& error) {
      return Mistake(file, number, error.what());
    }
    if (text.ids.empty()) return Mistake(file, number, "a text without ids");
    texts.push_back(std::move(text));
  }
  if (texts.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(file.string(), " holds no texts, or cannot be read"));
  }
  return texts;
}

}  // namespace strata::bench
