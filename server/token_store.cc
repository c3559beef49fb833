// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/token_store.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"
#include "openssl/crypto.h"
#include "server/log.h"
#include "server/sha256.h"
#include "server/token_file.h"

namespace strata {

absl::StatusOr<std::unique_ptr<TokenStore>> TokenStore::Open(
    std::filesystem::path file, absl::Duration reload, const Clock& clock) {
  // Not make_unique: the constructor is private.
  std::unique_ptr<TokenStore> store(
      new TokenStore(std::move(file), reload, clock));
  MutexLock lock(store->mutex_);
  STRATA_RETURN_IF_ERROR(store->Reload());
  return store;
}

TokenStore::TokenStore(std::filesystem::path file, absl::Duration reload,
                       const Clock& clock)
    : path_(file), file_({std::move(file)}, reload, clock) {}

absl::Status TokenStore::Reload() {
  STRATA_ASSIGN_OR_RETURN(const auto contents, file_.Poll());
  if (!contents.has_value()) return absl::OkStatus();
  auto entries = ParseTokens(contents->front());
  if (!entries.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("\"", path_.string(), "\": ", entries.status().message()));
  }
  Log(Severity::kInfo, "tokens",
      {{"file", path_.string()}, {"count", absl::StrCat(entries->size())}});
  entries_ =
      std::make_shared<const std::vector<TokenEntry>>(*std::move(entries));
  return absl::OkStatus();
}

TokenStore::Entries TokenStore::Current() {
  MutexLock lock(mutex_);
  if (const absl::Status status = Reload(); !status.ok()) {
    Log(Severity::kWarning, "tokens_not_reloaded",
        {{"message", std::string(status.message())}});
  }
  return entries_;
}

std::optional<TokenEntry> TokenStore::Find(absl::string_view token) {
  const Entries entries = Current();
  const Sha256 hash = HashOf(token);
  const TokenEntry* found = nullptr;
  // To the end, whatever is found on the way.
  for (const TokenEntry& entry : *entries) {
    if (CRYPTO_memcmp(entry.sha256.data(), hash.data(), hash.size()) == 0) {
      found = &entry;
    }
  }
  if (found == nullptr) return std::nullopt;
  return *found;
}

}  // namespace strata
