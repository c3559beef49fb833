// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/infer_parameters.h"

#include <cstdint>
#include <limits>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "triton/grpc_service.pb.h"

namespace strata {

using inference::InferParameter;

const InferParameter* InferParameters::Find(absl::string_view name) const {
  const std::string key(name);
  if (own_ != nullptr) {
    if (const auto found = own_->find(key); found != own_->end()) {
      return &found->second;
    }
  }
  const auto found = request_.find(key);
  return found != request_.end() ? &found->second : nullptr;
}

std::string InferParameters::FieldOf(absl::string_view name) const {
  const bool own = own_ != nullptr && own_->contains(std::string(name));
  return absl::StrCat(own ? field_ : "", own ? "." : "", "parameters[", name,
                      "]");
}

absl::StatusOr<bool> InferParameters::Bool(absl::string_view name,
                                           bool unset) const {
  const InferParameter* const parameter = Find(name);
  if (parameter == nullptr) return unset;
  if (parameter->parameter_choice_case() == InferParameter::kBoolParam) {
    return parameter->bool_param();
  }
  return FieldError(FieldOf(name), "is of another type, expected a bool");
}

absl::StatusOr<std::int64_t> InferParameters::Integer(
    absl::string_view name, std::int64_t unset) const {
  const InferParameter* const parameter = Find(name);
  if (parameter == nullptr) return unset;
  if (parameter->parameter_choice_case() == InferParameter::kInt64Param) {
    return parameter->int64_param();
  }
  if (parameter->parameter_choice_case() == InferParameter::kUint64Param) {
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    const std::uint64_t value = parameter->uint64_param();
    return value > kMost ? kMost : static_cast<std::int64_t>(value);
  }
  return FieldError(FieldOf(name), "is of another type, expected an integer");
}

absl::StatusOr<std::string> InferParameters::String(
    absl::string_view name, absl::string_view unset) const {
  const InferParameter* const parameter = Find(name);
  if (parameter == nullptr) return std::string(unset);
  if (parameter->parameter_choice_case() == InferParameter::kStringParam) {
    return parameter->string_param();
  }
  return FieldError(FieldOf(name), "is of another type, expected a string");
}

}  // namespace strata
