// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/output.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/cli/console.h"
#include "client/cli/failure.h"
#include "client/cli/proto_json.h"

namespace strata::cli {

absl::Status Write(const std::string& path, absl::string_view bytes,
                   const Console& console) {
  if (path.empty()) {
    console.out << bytes << std::flush;
    if (console.out.good()) return absl::OkStatus();
    return UsageError(
        "standard output cannot be written to; is the disk full, or the reader "
        "gone?");
  }
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code ignored;  // The file says it better.
  if (!folder.empty()) std::filesystem::create_directories(folder, ignored);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes << std::flush;
  if (file.good()) return absl::OkStatus();
  return UsageError(absl::StrCat(
      "--output ", path, " cannot be written to; name a file that can"));
}

std::string JsonLine(const Json& json) {
  constexpr int kOneLine = -1;
  return absl::StrCat(json.dump(kOneLine, ' ', /*ensure_ascii=*/false,
                                Json::error_handler_t::replace),
                      "\n");
}

}  // namespace strata::cli
