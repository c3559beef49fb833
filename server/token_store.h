// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_TOKEN_STORE_H_
#define STRATA_SERVER_TOKEN_STORE_H_

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "server/token_file.h"
#include "server/watched_files.h"

namespace strata {

// The tokens of a file (see ParseTokens), which is read again when it has
// changed. One that is broken then is logged, and those before it stay in
// force. Thread-safe.
class TokenStore {
 public:
  // Error: FAILED_PRECONDITION where the file is not one of tokens. `clock`
  // outlives the store.
  static absl::StatusOr<std::unique_ptr<TokenStore>> Open(
      std::filesystem::path file, absl::Duration reload, const Clock& clock);

  // Whose `token` is; nullopt: nobody's. Takes as long whether it is or not, so
  // that its time tells nothing of the tokens.
  std::optional<TokenEntry> Find(absl::string_view token)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Entries = std::shared_ptr<const std::vector<TokenEntry>>;

  TokenStore(std::filesystem::path file, absl::Duration reload,
             const Clock& clock);

  // Reads the file where that is due. Error: it is broken.
  absl::Status Reload() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Entries Current() ABSL_LOCKS_EXCLUDED(mutex_);

  const std::filesystem::path path_;
  Mutex mutex_;
  WatchedFiles file_ ABSL_GUARDED_BY(mutex_);
  Entries entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace strata

#endif  // STRATA_SERVER_TOKEN_STORE_H_
