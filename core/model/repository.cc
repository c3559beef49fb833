// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/repository.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/model/join_keys.h"
#include "core/model/version_policy.h"

namespace strata {
namespace {

namespace fs = std::filesystem;

bool IsModelName(absl::string_view name) {
  return !name.empty() && name.front() != '.' &&
         std::ranges::all_of(name, [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
         });
}

std::optional<std::int64_t> ParseVersion(absl::string_view name) {
  std::int64_t version = 0;
  if (!std::ranges::all_of(name, absl::ascii_isdigit) ||
      absl::StartsWith(name, "0") || !absl::SimpleAtoi(name, &version)) {
    return std::nullopt;
  }
  return version;
}

// The folders in `parent`, in order; none where it cannot be read.
std::vector<fs::path> Folders(const fs::path& parent) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator it(parent, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code ignored;
    if (it->is_directory(ignored)) folders.push_back(it->path());
  }
  std::ranges::sort(folders);
  return folders;
}

// Remarks on links in `parent` that lead nowhere and that would be a model or a
// version if they did, as where a volume is not mounted.
void RemarkOnBrokenLinks(const fs::path& parent,
                         bool (*meant)(const fs::path& path),
                         std::vector<RepositoryRemark>& remarks) {
  std::vector<fs::path> broken;
  std::error_code error;
  for (fs::directory_iterator it(parent, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code ignored;
    if (it->is_symlink(ignored) && !it->exists(ignored) && meant(it->path())) {
      broken.push_back(it->path());
    }
  }
  std::ranges::sort(broken);
  for (fs::path& link : broken) {
    remarks.push_back(
        {std::move(link), "ignored: a link to nothing; mend or remove it"});
  }
}

bool HoldsTrace(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "model.pt", ignored);
}

// Whether a folder that is no version was meant as one.
bool LooksLikeVersion(const fs::path& folder) {
  return std::ranges::all_of(folder.filename().string(), absl::ascii_isdigit) ||
         HoldsTrace(folder);
}

// Remarks on a folder whose name no model can have; hidden ones are meant to be
// passed over.
void RemarkOnNoModel(const fs::path& folder,
                     std::vector<RepositoryRemark>& remarks) {
  if (folder.filename().string().front() == '.') return;
  if (HoldsTrace(folder) || std::ranges::any_of(Folders(folder), HoldsTrace)) {
    remarks.push_back({folder,
                       "ignored: names of models hold letters, digits, dots, "
                       "underscores and dashes; rename it"});
  }
}

// The versions in a model's folder, by number.
std::map<std::int64_t, fs::path> Versions(
    const fs::path& model, std::vector<RepositoryRemark>& remarks) {
  std::map<std::int64_t, fs::path> versions;
  RemarkOnBrokenLinks(
      model,
      [](const fs::path& path) {
        return ParseVersion(path.filename().string()).has_value();
      },
      remarks);
  for (const fs::path& path : Folders(model)) {
    const auto version = ParseVersion(path.filename().string());
    if (version.has_value()) {
      versions.emplace(*version, path);
    } else if (LooksLikeVersion(path)) {
      remarks.push_back({path,
                         "ignored: a version is a whole number from 1, "
                         "without leading zeros; rename it"});
    }
  }
  if (HoldsTrace(model)) {
    remarks.push_back({model / "model.pt",
                       "ignored: a trace lies in a version's folder; move it "
                       "and what belongs to it into 1/"});
  }
  return versions;
}

// Adds what is served of the model in `folder`.
void ScanModel(const fs::path& folder, ServedVersions served,
               RepositoryScan& scan) {
  const auto paths = Versions(folder, scan.remarks);
  std::vector<std::int64_t> versions;
  versions.reserve(paths.size());
  for (const auto& [version, path] : paths) versions.push_back(version);
  std::vector<std::string> mistakes;
  const VersionPolicy policy = ReadVersionPolicy(folder, served, mistakes);
  for (ServedVersion& version :
       ApplyVersionPolicy(policy, versions, mistakes)) {
    scan.directories.push_back(
        {.id = {folder.filename().string(), version.version},
         .path = paths.at(version.version),
         .labels = std::move(version.labels)});
  }
  for (std::string& mistake : mistakes) {
    scan.remarks.push_back({folder / "strata.json", std::move(mistake)});
  }
}

}  // namespace

absl::StatusOr<RepositoryScan> ScanRepository(const fs::path& repository,
                                              ServedVersions versions) {
  std::error_code error;
  const fs::directory_iterator readable(repository, error);
  if (error) {
    return Error(Reason::kModelNotFound,
                 absl::StrCat("cannot read the repository \"",
                              repository.string(), "\": ", error.message(),
                              "; expected a folder with "
                              "<model>/<version>/model.pt inside"));
  }
  RepositoryScan scan;
  RemarkOnBrokenLinks(
      repository,
      [](const fs::path& path) {
        return IsModelName(path.filename().string());
      },
      scan.remarks);
  for (const fs::path& folder : Folders(repository)) {
    if (IsModelName(folder.filename().string())) {
      ScanModel(folder, versions, scan);
    } else {
      RemarkOnNoModel(folder, scan.remarks);
    }
  }
  std::ranges::sort(scan.directories, {}, &ModelDirectory::id);
  return scan;
}

absl::StatusOr<ModelDirectory> FindModelDirectory(const fs::path& repository,
                                                  absl::string_view name,
                                                  std::int64_t version) {
  // A name that no model can have never becomes part of a path.
  if (!IsModelName(name)) {
    return Error(Reason::kModelNotFound,
                 "the repository has no model of this name: names hold "
                 "letters, digits, dots, underscores and dashes");
  }
  const fs::path folder = repository / std::string(name);
  std::vector<RepositoryRemark> ignored;
  const auto versions = Versions(folder, ignored);
  auto found = version == 0 ? versions.end() : versions.find(version);
  if (version == 0 && !versions.empty()) found = std::prev(versions.end());
  if (found == versions.end()) {
    return Error(
        Reason::kModelNotFound,
        absl::StrCat("the repository has no version ", version, " of model \"",
                     name, "\"; it has: ", JoinKeys(versions)));
  }
  // Its labels are those it would be served with.
  std::vector<std::string> mistakes;
  VersionPolicy policy =
      ReadVersionPolicy(folder, ServedVersions::kAll, mistakes);
  policy.served = ServedVersions::kAll;
  auto served = ApplyVersionPolicy(policy, {found->first}, mistakes);
  return ModelDirectory{.id = {std::string(name), found->first},
                        .path = found->second,
                        .labels = std::move(served.front().labels)};
}

}  // namespace strata
