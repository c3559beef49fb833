// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_ARCHIVE_H_
#define STRATA_CORE_MODEL_ARCHIVE_H_

#include <filesystem>
#include <optional>

#include "absl/strings/string_view.h"

namespace strata {

// A file that holds a model in another form than a TorchScript module.
struct OtherFile {
  // "a state dict, which is weights without a forward".
  absl::string_view what;
  // What to do before a module can be traced, in the imperative.
  absl::string_view remedy;
};

// Finds out what `file`, which does not load as a TorchScript module, is
// instead: what torch.save, torch.export or safetensors wrote. nullopt where it
// is none of these, or cannot be read. Does not run what a pickle says.
std::optional<OtherFile> RecogniseFile(const std::filesystem::path& file);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_ARCHIVE_H_
