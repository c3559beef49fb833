// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/findings.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/read_file.h"
#include "core/batch/cost.h"
#include "core/model/report.h"
#include "nlohmann/json.hpp"

// As nanoseconds.
template <>
struct nlohmann::adl_serializer<absl::Duration> {
  static void to_json(json& to, const absl::Duration& from) {
    to = absl::ToInt64Nanoseconds(from);
  }
  static void from_json(const json& from, absl::Duration& to) {
    to = absl::Nanoseconds(from.get<std::int64_t>());
  }
};

namespace strata {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Argument, name, type, role)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Check, name, passed, essential, expected,
                                   found)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ForwardTiming, rows, length, time)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TraceReport, arguments, mask_form,
                                   mask_dtype, layers, width, logits_width,
                                   logits_place, dtype, vocabulary_size,
                                   longest_pieces, padding_exact, packing_exact,
                                   prefix_sharing_exact, infinity_contained,
                                   layers_cut, positions_matter, checks,
                                   duration, timings)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Findings, report, most_places)

namespace {

using Json = nlohmann::json;

// Goes up whenever a check finds something else than before, or the report
// holds something else.
constexpr int kFormat = 1;

absl::Status NotWritten(const std::filesystem::path& path,
                        const std::error_code& why) {
  return absl::UnavailableError(
      absl::StrCat("cannot write \"", path.string(), "\": ", why.message()));
}

// Machines of several kinds may share a folder. Were the hashes of two the
// same, each would write over the other's and believe its own only.
std::string FileName(absl::string_view digest,
                     const std::string& circumstances) {
  return absl::StrCat(
      absl::StrReplaceAll(digest, {{":", "-"}}), "-",
      absl::Hex(std::hash<std::string>()(circumstances), absl::kZeroPad16),
      ".json");
}

// Whether they can be of a model that was served.
bool Sensible(const Findings& findings) {
  const TraceReport& report = findings.report;
  return findings.most_places > 0 && report.layers > 0 && report.width > 0 &&
         report.longest_pieces > 0 && report.vocabulary_size > 0 &&
         std::ranges::none_of(report.timings, [](const auto& device) {
           return device.second.empty();
         });
}

}  // namespace

KeptFindings::KeptFindings(const std::filesystem::path& folder,
                           std::string digest, std::string circumstances)
    : digest_(std::move(digest)),
      circumstances_(std::move(circumstances)),
      file_(folder / FileName(digest_, circumstances_)) {}

absl::StatusOr<Findings> KeptFindings::Read() const {
  if (!IsThere(file_)) return absl::NotFoundError("nothing is kept yet");
  const auto unusable = [this](absl::string_view why) {
    return absl::FailedPreconditionError(
        absl::StrCat("\"", file_.string(), "\" is not used: ", why));
  };
  const auto text = ReadFile(file_);
  if (!text.ok()) return unusable(text.status().message());
  try {
    const Json json = Json::parse(*text);
    if (json.at("format") != kFormat || json.at("digest") != digest_ ||
        json.at("circumstances") != circumstances_) {
      return unusable("it is of another model, machine or version");
    }
    auto findings = json.at("findings").get<Findings>();
    if (Sensible(findings)) return findings;
    return unusable("its numbers are not those of a model");
  } catch (const std::exception& error) {
    return unusable(error.what());
  }
}

absl::Status KeptFindings::Write(const Findings& findings) const {
  std::error_code error;
  std::filesystem::create_directories(file_.parent_path(), error);
  if (error) return NotWritten(file_.parent_path(), error);
  const std::filesystem::path draft =
      absl::StrCat(file_.string(), ".", getpid());
  const Json json = {{"format", kFormat},
                     {"digest", digest_},
                     {"circumstances", circumstances_},
                     {"findings", findings}};
  std::ofstream stream(draft);
  // What a check found may quote what is not UTF-8.
  stream << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  stream.close();
  if (stream.good()) {
    std::filesystem::rename(draft, file_, error);
  } else {
    error = std::error_code(errno, std::generic_category());
  }
  if (!error) return absl::OkStatus();
  std::error_code ignored;
  std::filesystem::remove(draft, ignored);
  return NotWritten(file_, error);
}

}  // namespace strata
