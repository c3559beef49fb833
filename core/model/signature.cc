// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/signature.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/model/config.h"
#include "core/model/report.h"

namespace strata {
namespace {

struct NamePart {
  absl::string_view part;
  ArgumentRole role;
};

// The first that a name contains decides: "token_type_ids" are types and
// "position_ids" positions.
constexpr std::array kNameParts = {
    NamePart{"mask", ArgumentRole::kAttentionMask},
    NamePart{"position", ArgumentRole::kPositions},
    NamePart{"type", ArgumentRole::kTypeIds},
    NamePart{"segment", ArgumentRole::kTypeIds},
    NamePart{"ids", ArgumentRole::kPieceIds},
    NamePart{"input", ArgumentRole::kPieceIds},
    NamePart{"piece", ArgumentRole::kPieceIds},
    NamePart{"token", ArgumentRole::kPieceIds},
};

constexpr std::array<absl::string_view, 2> kCacheParts = {"cache", "past"};

bool Contains(const std::string& name, absl::string_view part) {
  return absl::StrContains(absl::AsciiStrToLower(name), part);
}

std::optional<ArgumentRole> RoleByName(const SchemaArgument& argument) {
  if (argument.type == kDictType) return ArgumentRole::kAttentionMask;
  for (const NamePart& named : kNameParts) {
    if (Contains(argument.name, named.part)) return named.role;
  }
  return std::nullopt;
}

std::string Describe(const SchemaArgument& argument) {
  return absl::StrCat("\"", argument.name, "\" (", argument.type, ")");
}

std::string DescribeAll(std::span<const SchemaArgument> arguments) {
  return absl::StrJoin(arguments, ", ",
                       [](std::string* out, const SchemaArgument& argument) {
                         absl::StrAppend(out, Describe(argument));
                       });
}

using Roles = std::vector<std::optional<ArgumentRole>>;

absl::StatusOr<Roles> RolesAsConfigured(
    std::span<const SchemaArgument> arguments, const ModelConfig& config) {
  if (config.arguments.size() != arguments.size()) {
    return Error(
        Reason::kInvalidField,
        absl::StrCat("strata.json's \"arguments\" names ",
                     config.arguments.size(), " roles for ", arguments.size(),
                     " arguments: ", DescribeAll(arguments)));
  }
  return Roles(config.arguments.begin(), config.arguments.end());
}

Roles RolesAsNamed(std::span<const SchemaArgument> arguments) {
  Roles roles;
  roles.reserve(arguments.size());
  for (const SchemaArgument& argument : arguments) {
    roles.push_back(RoleByName(argument));
  }
  if (std::ranges::find(roles, ArgumentRole::kPieceIds) == roles.end()) {
    const auto unnamed =
        std::ranges::find(roles, std::optional<ArgumentRole>());
    if (unnamed != roles.end()) *unnamed = ArgumentRole::kPieceIds;
  }
  return roles;
}

absl::Status CheckType(const SchemaArgument& argument, ArgumentRole role) {
  const bool dict_mask =
      argument.type == kDictType && role == ArgumentRole::kAttentionMask;
  if (argument.type == kTensorType || dict_mask) return absl::OkStatus();
  return Error(Reason::kInvalidField,
               absl::StrCat("argument ", Describe(argument), " cannot be ",
                            ArgumentRoleKey(role),
                            ": only a Tensor, or for the mask a "
                            "Dict(str, Tensor), can be given"));
}

}  // namespace

std::vector<std::string> CacheArguments(
    std::span<const SchemaArgument> arguments, const ModelConfig& config) {
  std::vector<std::string> names;
  if (!config.arguments.empty()) return names;
  for (const SchemaArgument& argument : arguments) {
    if (std::ranges::any_of(kCacheParts, [&](absl::string_view part) {
          return Contains(argument.name, part);
        })) {
      names.push_back(argument.name);
    }
  }
  return names;
}

absl::StatusOr<std::vector<Argument>> AssignRoles(
    std::span<const SchemaArgument> arguments, const ModelConfig& config) {
  Roles roles = RolesAsNamed(arguments);
  if (!config.arguments.empty()) {
    STRATA_ASSIGN_OR_RETURN(roles, RolesAsConfigured(arguments, config));
  }
  std::vector<Argument> assigned;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::optional<ArgumentRole> known = roles[i];
    if (!known.has_value()) {
      return Error(Reason::kInvalidField,
                   absl::StrCat("argument ", Describe(arguments[i]),
                                " has no known meaning"));
    }
    const ArgumentRole role = *known;
    STRATA_RETURN_IF_ERROR(CheckType(arguments[i], role));
    const auto same = std::ranges::find(assigned, role, &Argument::role);
    if (same != assigned.end()) {
      return Error(Reason::kInvalidField,
                   absl::StrCat("arguments \"", same->name, "\" and \"",
                                arguments[i].name, "\" are both ",
                                ArgumentRoleKey(role)));
    }
    assigned.push_back(
        {.name = arguments[i].name, .type = arguments[i].type, .role = role});
  }
  if (std::ranges::find(assigned, ArgumentRole::kPieceIds, &Argument::role) ==
      assigned.end()) {
    return Error(
        Reason::kInvalidField,
        absl::StrCat("no argument takes the piece ids, of ",
                     arguments.empty() ? "none" : DescribeAll(arguments)));
  }
  return assigned;
}

}  // namespace strata
