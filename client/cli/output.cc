// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/output.h"

#include <cerrno>
#include <filesystem>
#include <ostream>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/cli/colour.h"
#include "client/cli/console.h"
#include "client/cli/failure.h"
#include "client/cli/proto_json.h"

namespace strata::cli {

Output::Output(std::string path, const Console& console)
    : path_(std::move(path)), console_(console) {}

absl::Status Output::Write(absl::string_view bytes) {
  if (!path_.empty() && !file_.is_open()) {
    const auto folder = std::filesystem::path(path_).parent_path();
    std::error_code ignored;  // The file says it better.
    if (!folder.empty()) std::filesystem::create_directories(folder, ignored);
    file_.open(path_, std::ios::binary | std::ios::trunc);
  }
  std::ostream& stream = path_.empty() ? console_.out : file_;
  errno = 0;
  stream << bytes << std::flush;
  if (stream.good()) return absl::OkStatus();
  if (errno == EPIPE) return ReaderGone();
  return UsageError(
      path_.empty()
          ? "standard output cannot be written to; is the disk full?"
          : absl::StrCat("--output ", path_,
                         " cannot be written to; name a file that can"));
}

absl::Status Write(const std::string& path, absl::string_view bytes,
                   const Console& console) {
  return Output(path, console).Write(bytes);
}

std::string JsonLine(const Json& json) {
  return absl::StrCat(JsonText(json), "\n");
}

std::string JsonText(const Json& json) {
  constexpr int kOneLine = -1;
  return json.dump(kOneLine, ' ', /*ensure_ascii=*/false,
                   Json::error_handler_t::replace);
}

void Complain(const Console& console, absl::string_view message) {
  console.err << Coloured("strata:", Colour::kRed, console.err_colours) << " "
              << message << "\n"
              << std::flush;
}

}  // namespace strata::cli
