// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/findings.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/read_file.h"
#include "core/batch/cost.h"
#include "core/model/report.h"
#include "core/tensor/mask_form.h"
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

std::error_code SystemError() { return {errno, std::generic_category()}; }

// For everybody to read, as the files of a repository are.
std::error_code WriteAndClose(int descriptor, absl::string_view text) {
  std::error_code error;
  if (fchmod(descriptor, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH) != 0) {
    error = SystemError();
  }
  while (!error && !text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      error = SystemError();
    }
  }
  if (close(descriptor) != 0 && !error) error = SystemError();
  return error;
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

// More than any batch has; what is larger would overflow further on.
constexpr int kMostPlaces = 1 << 24;

bool Sensible(const std::vector<ForwardTiming>& timings) {
  return !timings.empty() &&
         std::ranges::all_of(timings, [](const ForwardTiming& timing) {
           return timing.rows > 0 && timing.length > 0 &&
                  std::int64_t{timing.rows} * timing.length <= kMostPlaces &&
                  timing.time > absl::ZeroDuration();
         });
}

// Whether they can be of a model that was served.
bool Sensible(const Findings& findings) {
  const TraceReport& report = findings.report;
  return findings.most_places > 0 && findings.most_places <= kMostPlaces &&
         report.layers > 0 && report.width > 0 && report.longest_pieces > 0 &&
         report.vocabulary_size > 0 && report.mask_form >= MaskForm::kNone &&
         report.mask_form <= MaskForm::kDict &&
         report.mask_dtype >= MaskDtype::kBool &&
         report.mask_dtype <= MaskDtype::kFloat32 &&
         std::ranges::all_of(report.arguments,
                             [](const Argument& argument) {
                               return argument.role >=
                                          ArgumentRole::kPieceIds &&
                                      argument.role <= ArgumentRole::kTypeIds;
                             }) &&
         std::ranges::all_of(report.timings, [](const auto& device) {
           return Sensible(device.second);
         });
}

}  // namespace

KeptFindings::KeptFindings(const std::filesystem::path& folder,
                           std::string digest, std::string circumstances)
    : digest_(std::move(digest)),
      circumstances_(std::move(circumstances)),
      file_(folder / FileName(digest_, circumstances_)) {}

absl::StatusOr<Findings> ParseFindings(absl::string_view text,
                                       absl::string_view digest,
                                       absl::string_view circumstances) {
  const auto unusable = [](absl::string_view why) {
    return absl::FailedPreconditionError(why);
  };
  try {
    const Json json = Json::parse(text.begin(), text.end());
    if (json.at("format") != kFormat ||
        json.at("digest") != std::string(digest) ||
        json.at("circumstances") != std::string(circumstances)) {
      return unusable("it is of another model, machine or version");
    }
    auto findings = json.at("findings").get<Findings>();
    if (Sensible(findings)) return findings;
    return unusable("its numbers are not those of a model");
  } catch (const std::exception& error) {
    return unusable(error.what());
  }
}

absl::StatusOr<Findings> KeptFindings::Read() const {
  if (!IsThere(file_)) return absl::NotFoundError("nothing is kept yet");
  const auto text = ReadFile(file_);
  auto findings =
      text.ok() ? ParseFindings(*text, digest_, circumstances_) : text.status();
  if (findings.ok()) return findings;
  return absl::FailedPreconditionError(absl::StrCat(
      "\"", file_.string(), "\" is not used: ", findings.status().message()));
}

absl::Status KeptFindings::Write(const Findings& findings) const {
  std::error_code error;
  std::filesystem::create_directories(file_.parent_path(), error);
  if (error) return NotWritten(file_.parent_path(), error);
  const Json json = {{"format", kFormat},
                     {"digest", digest_},
                     {"circumstances", circumstances_},
                     {"findings", findings}};
  // A name of its own: in containers the processes that share a folder have all
  // the same number.
  std::string draft = absl::StrCat(file_.string(), ".XXXXXX");
  const int descriptor = mkstemp(draft.data());
  if (descriptor < 0) return NotWritten(file_, SystemError());
  // What a check found may quote what is not UTF-8.
  error = WriteAndClose(
      descriptor,
      json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  if (!error) std::filesystem::rename(draft, file_, error);
  if (!error) return absl::OkStatus();
  std::error_code ignored;
  std::filesystem::remove(draft, ignored);
  return NotWritten(file_, error);
}

}  // namespace strata
