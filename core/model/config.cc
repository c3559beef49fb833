// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/config.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/base/read_file.h"
#include "core/base/status_macros.h"
#include "core/model/report.h"
#include "core/tensor/mask_form.h"
#include "nlohmann/json.hpp"

namespace strata {
namespace {

using Json = nlohmann::json;

constexpr absl::string_view kFileName = "strata.json";
constexpr std::size_t kLongestQuote = 40;

template <typename Value>
using Named = std::pair<absl::string_view, Value>;

constexpr std::array kMaskForms = {
    Named<MaskForm>{"none", MaskForm::kNone},
    Named<MaskForm>{"pieces", MaskForm::kPieces},
    Named<MaskForm>{"keys", MaskForm::kKeys},
    Named<MaskForm>{"pairs", MaskForm::kPairs},
    Named<MaskForm>{"dict", MaskForm::kDict},
};

constexpr std::array kMaskDtypes = {
    Named<MaskDtype>{MaskDtypeName(MaskDtype::kBool), MaskDtype::kBool},
    Named<MaskDtype>{MaskDtypeName(MaskDtype::kInt64), MaskDtype::kInt64},
    Named<MaskDtype>{MaskDtypeName(MaskDtype::kFloat32), MaskDtype::kFloat32},
};

constexpr std::array kRoles = {
    Named<ArgumentRole>{"piece_ids", ArgumentRole::kPieceIds},
    Named<ArgumentRole>{"attention_mask", ArgumentRole::kAttentionMask},
    Named<ArgumentRole>{"positions", ArgumentRole::kPositions},
    Named<ArgumentRole>{"type_ids", ArgumentRole::kTypeIds},
};

template <typename Table>
std::string Names(const Table& table) {
  return absl::StrJoin(table, ", ", [](std::string* out, const auto& named) {
    absl::StrAppend(out, "\"", named.first, "\"");
  });
}

std::string Short(absl::string_view quote) {
  return absl::StrCat(quote.substr(0, kLongestQuote),
                      quote.size() > kLongestQuote ? "..." : "");
}

absl::Status Refuse(absl::string_view key, const Json& got,
                    absl::string_view expected) {
  const std::string quote =
      got.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  return Error(Reason::kInvalidField,
               absl::StrCat(kFileName, ": \"", key, "\": got ", Short(quote),
                            ", expected ", expected));
}

// Each Read returns the value at `key`, called so in errors.

absl::StatusOr<std::int64_t> ReadInteger(
    absl::string_view key, const Json& json, std::int64_t least,
    std::int64_t most = std::numeric_limits<int>::max()) {
  const bool fits =
      json.is_number_unsigned()
          ? json.get<std::uint64_t>() <= static_cast<std::uint64_t>(most)
          : json.is_number_integer();
  if (!fits || json.get<std::int64_t>() < least) {
    return Refuse(key, json,
                  absl::StrCat("an integer from ", least, " to ", most));
  }
  return json.get<std::int64_t>();
}

absl::StatusOr<int> ReadInt(absl::string_view key, const Json& json,
                            int least) {
  STRATA_ASSIGN_OR_RETURN(const std::int64_t value,
                          ReadInteger(key, json, least));
  return static_cast<int>(value);
}

absl::StatusOr<std::string> ReadString(absl::string_view key,
                                       const Json& json) {
  if (!json.is_string()) return Refuse(key, json, "a string");
  return json.get<std::string>();
}

absl::StatusOr<bool> ReadBool(absl::string_view key, const Json& json) {
  if (!json.is_boolean()) return Refuse(key, json, "true or false");
  return json.get<bool>();
}

template <typename Table>
auto ReadName(absl::string_view key, const Json& json, const Table& table)
    -> absl::StatusOr<decltype(table[0].second)> {
  if (json.is_string()) {
    for (const auto& [name, value] : table) {
      if (name == json.get_ref<const std::string&>()) return value;
    }
  }
  return Refuse(key, json, absl::StrCat("one of ", Names(table)));
}

template <typename Read>
auto ReadList(absl::string_view key, const Json& json, const Read& read)
    -> absl::StatusOr<
        std::vector<typename decltype(read(key, json))::value_type>> {
  if (!json.is_array()) return Refuse(key, json, "a list");
  std::vector<typename decltype(read(key, json))::value_type> values;
  for (std::size_t i = 0; i < json.size(); ++i) {
    STRATA_ASSIGN_OR_RETURN(auto value,
                            read(absl::StrCat(key, "[", i, "]"), json[i]));
    values.push_back(std::move(value));
  }
  return values;
}

absl::Status UnknownKey(absl::string_view key, absl::string_view known) {
  return Error(Reason::kInvalidField,
               absl::StrCat(kFileName, ": unknown key \"", Short(key),
                            "\", expected one of ", known));
}

absl::StatusOr<BatchingConfig> ReadBatching(absl::string_view key,
                                            const Json& json) {
  if (!json.is_object()) return Refuse(key, json, "an object");
  BatchingConfig batching;
  for (const auto& [name, value] : json.items()) {
    const std::string path = absl::StrCat(key, ".", name);
    if (name == "max_rows") {
      STRATA_ASSIGN_OR_RETURN(batching.max_rows, ReadInt(path, value, 1));
    } else if (name == "max_padded_pieces") {
      STRATA_ASSIGN_OR_RETURN(batching.max_padded_pieces,
                              ReadInt(path, value, 1));
    } else if (name == "packing") {
      STRATA_ASSIGN_OR_RETURN(batching.packing, ReadBool(path, value));
    } else {
      return UnknownKey(path,
                        "\"max_rows\", \"max_padded_pieces\", "
                        "\"packing\"");
    }
  }
  return batching;
}

absl::StatusOr<std::map<std::string, std::string>> ReadPrompts(
    absl::string_view key, const Json& json) {
  if (!json.is_object()) return Refuse(key, json, "an object");
  std::map<std::string, std::string> prompts;
  for (const auto& [name, value] : json.items()) {
    if (name.empty()) {
      return Error(Reason::kInvalidField,
                   absl::StrCat(kFileName, ": \"", key,
                                "\": got an empty name, which no request can "
                                "pick"));
    }
    STRATA_ASSIGN_OR_RETURN(prompts[name],
                            ReadString(absl::StrCat(key, ".", name), value));
  }
  return prompts;
}

// The readers above with what they need beside the value, so that a key of
// strata.json can name one. Each returns the value at `key`.

template <int kLeast>
absl::StatusOr<int> ReadIntFrom(absl::string_view key, const Json& json) {
  return ReadInt(key, json, kLeast);
}

absl::StatusOr<std::int64_t> ReadPieceId(absl::string_view key,
                                         const Json& json) {
  return ReadInteger(key, json, 0);
}

template <const auto& kTable>
auto ReadNameIn(absl::string_view key, const Json& json)
    -> absl::StatusOr<decltype(kTable[0].second)> {
  return ReadName(key, json, kTable);
}

template <auto kRead>
auto ReadListOf(absl::string_view key, const Json& json)
    -> decltype(ReadList(key, json, kRead)) {
  return ReadList(key, json, kRead);
}

// Reads the value at a key into its place.
using KeyReader = absl::Status (*)(absl::string_view key, const Json& json,
                                   ModelConfig& config);

template <auto kMember, auto kRead>
absl::Status Into(absl::string_view key, const Json& json,
                  ModelConfig& config) {
  STRATA_ASSIGN_OR_RETURN(config.*kMember, kRead(key, json));
  return absl::OkStatus();
}

constexpr std::array kKeys = {
    Named<KeyReader>{
        "arguments",
        Into<&ModelConfig::arguments, ReadListOf<ReadNameIn<kRoles>>>},
    Named<KeyReader>{"mask_form",
                     Into<&ModelConfig::mask_form, ReadNameIn<kMaskForms>>},
    Named<KeyReader>{"mask_dtype",
                     Into<&ModelConfig::mask_dtype, ReadNameIn<kMaskDtypes>>},
    Named<KeyReader>{"layers", Into<&ModelConfig::layers, ReadIntFrom<1>>},
    Named<KeyReader>{"padding_id", Into<&ModelConfig::padding_id, ReadPieceId>},
    Named<KeyReader>{"max_pieces",
                     Into<&ModelConfig::max_pieces, ReadIntFrom<1>>},
    Named<KeyReader>{
        "final_norm_layers",
        Into<&ModelConfig::final_norm_layers, ReadListOf<ReadIntFrom<0>>>},
    Named<KeyReader>{"devices",
                     Into<&ModelConfig::devices, ReadListOf<ReadString>>},
    Named<KeyReader>{"batch_invariant",
                     Into<&ModelConfig::batch_invariant, ReadBool>},
    Named<KeyReader>{"prompts", Into<&ModelConfig::prompts, ReadPrompts>},
    Named<KeyReader>{"batching", Into<&ModelConfig::batching, ReadBatching>},
};

absl::Status ReadKey(absl::string_view key, const Json& json,
                     ModelConfig& config) {
  for (const auto& [name, read] : kKeys) {
    if (name == key) return read(key, json, config);
  }
  return UnknownKey(key, Names(kKeys));
}

template <typename Value, typename Table>
absl::string_view NameOf(Value value, const Table& table) {
  for (const auto& [name, candidate] : table) {
    if (candidate == value) return name;
  }
  return "unknown";
}

}  // namespace

absl::StatusOr<ModelConfig> ParseModelConfig(absl::string_view text) {
  Json json;
  try {
    json = Json::parse(text.begin(), text.end());
  } catch (const Json::parse_error& error) {
    return Error(Reason::kInvalidField,
                 absl::StrCat(kFileName, ": not JSON: at byte ", error.byte,
                              " of ", text.size(), "; mend or remove it"));
  } catch (const Json::out_of_range&) {
    return Error(Reason::kInvalidField,
                 absl::StrCat(kFileName,
                              ": holds a number that is larger than any may "
                              "be; mend or remove it"));
  }
  if (!json.is_object()) {
    return Error(Reason::kInvalidField,
                 absl::StrCat(kFileName, ": got a JSON ", json.type_name(),
                              ", expected an object"));
  }
  ModelConfig config;
  for (const auto& [key, value] : json.items()) {
    STRATA_RETURN_IF_ERROR(ReadKey(key, value, config));
  }
  return config;
}

absl::StatusOr<ModelConfig> ReadModelConfig(
    const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / std::string(kFileName);
  if (!IsThere(path)) return ModelConfig{};
  const auto text = ReadFile(path);
  if (!text.ok()) {
    return Error(Reason::kInvalidField,
                 absl::StrCat("cannot read \"", path.string(),
                              "\": ", text.status().message(),
                              "; expected a readable file or none"));
  }
  return ParseModelConfig(*text);
}

absl::string_view MaskFormKey(MaskForm mask_form) {
  return NameOf(mask_form, kMaskForms);
}

absl::string_view ArgumentRoleKey(ArgumentRole role) {
  return NameOf(role, kRoles);
}

}  // namespace strata
