// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/library_settings.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/cpu_count.h"

namespace strata {
namespace {

std::vector<std::pair<const char*, std::string>> Settings() {
  return {
      {"OMP_WAIT_POLICY", "passive"},
      {"ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64"},
      {"MALLOC_CONF",
       absl::StrCat("narenas:", AvailableCpus(),
                    ",background_thread:true,dirty_decay_ms:5000,"
                    "muzzy_decay_ms:0,oversize_threshold:0")},
  };
}

}  // namespace

void StartWithLibrarySettings(char* const* argv) {
  bool changed = false;
  for (const auto& [name, value] : Settings()) {
    if (std::getenv(name) != nullptr) continue;
    if (setenv(name, value.c_str(), /*overwrite=*/0) != 0) return;
    changed = true;
  }
  if (!changed) return;
  // By its own path first: the kernel names the process after the file.
  constexpr const char* kSelf = "/proc/self/exe";
  std::error_code none;
  execv(std::filesystem::read_symlink(kSelf, none).c_str(), argv);
  execv(kSelf, argv);
}

}  // namespace strata
