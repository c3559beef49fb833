// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/archive.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "caffe2/serialize/inline_container.h"
#include "core/tensor/torch_call.h"

namespace strata {
namespace {

constexpr OtherFile kStateDict = {
    .what =
        "a state dict or another dictionary of torch.save, which is "
        "weights without a forward",
    .remedy = "load it into its model with load_state_dict"};
constexpr OtherFile kPickledModule = {
    .what =
        "a Python object that torch.save pickled, which only Python can "
        "run",
    .remedy = "load it in Python"};
constexpr OtherFile kOldPickle = {
    .what =
        "a bare pickle, as old versions of torch.save wrote weights and "
        "models",
    .remedy = "load it in Python"};
constexpr OtherFile kExported = {
    .what = "a program of torch.export, which is not TorchScript",
    .remedy = "go back to the model"};
constexpr OtherFile kSafetensors = {
    .what = "a safetensors file, which is weights without a forward",
    .remedy = "load it into its model"};

// Pickle opcodes: a dictionary, and a class by module and name.
constexpr char kProtocol = '\x80';
constexpr char kEmptyDict = '}';
constexpr absl::string_view kOrderedDict = "ccollections\nOrderedDict\n";

// What the pickle of an archive that torch.save wrote is, by its first opcode.
OtherFile RecognisePickle(absl::string_view pickle) {
  if (pickle.size() > 2 && pickle[0] == kProtocol) pickle.remove_prefix(2);
  const bool dictionary = absl::StartsWith(pickle, kOrderedDict) ||
                          (!pickle.empty() && pickle[0] == kEmptyDict);
  return dictionary ? kStateDict : kPickledModule;
}

// Throws c10::Error where `file` is not a zip archive.
std::optional<OtherFile> RecogniseArchive(const std::filesystem::path& file) {
  caffe2::serialize::PyTorchStreamReader reader(file.string());
  const std::vector<std::string> records = reader.getAllRecords();
  const auto has = [&records](absl::string_view name) {
    return std::ranges::find(records, name) != records.end();
  };
  if (has("constants.pkl")) return std::nullopt;  // TorchScript after all.
  if (has("data.pkl")) {
    const auto [data, size] = reader.getRecord("data.pkl");
    return RecognisePickle({static_cast<const char*>(data.get()), size});
  }
  const bool exported = std::ranges::any_of(records, [](const auto& name) {
    return absl::StartsWith(name, "models/") ||
           absl::StartsWith(name, "serialized_exported_program");
  });
  return exported ? std::optional(kExported) : std::nullopt;
}

// By the first bytes of what is no archive.
std::optional<OtherFile> RecogniseStart(const std::filesystem::path& file) {
  std::array<char, 9> start = {};
  std::ifstream(file, std::ios::binary).read(start.data(), start.size());
  if (start[0] == kProtocol) return kOldPickle;
  // The length of a header in JSON, 8 bytes, and its opening brace.
  if (start[7] == 0 && start[8] == '{') return kSafetensors;
  return std::nullopt;
}

}  // namespace

std::optional<OtherFile> RecogniseFile(const std::filesystem::path& file) {
  const auto archive = CallTorch([&] { return RecogniseArchive(file); });
  return archive.ok() ? *archive : RecogniseStart(file);
}

}  // namespace strata
