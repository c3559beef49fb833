// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/library_settings.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

namespace strata {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 2> kSettings = {{
    {"OMP_WAIT_POLICY", "passive"},
    {"ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64"},
}};

}  // namespace

void StartWithLibrarySettings(char* const* argv) {
  bool changed = false;
  for (const auto& [name, value] : kSettings) {
    if (std::getenv(name) != nullptr) continue;
    if (setenv(name, value, /*overwrite=*/0) != 0) return;
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
