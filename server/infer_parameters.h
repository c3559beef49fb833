// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_INFER_PARAMETERS_H_
#define STRATA_SERVER_INFER_PARAMETERS_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "google/protobuf/map.h"
#include "triton/grpc_service.pb.h"

namespace strata {

// The parameters of a ModelInferRequest, or of one of its outputs, whose own
// come before the request's. What is not asked for is ignored: the protocol
// leaves it to each server which parameters it knows. Refers to the maps.
//
//   const InferParameters parameters(request.parameters());
//   STRATA_ASSIGN_OR_RETURN(bool normalize, parameters.Bool("normalize"));
class InferParameters {
 public:
  using Map = google::protobuf::Map<std::string, inference::InferParameter>;

  explicit InferParameters(const Map& request) : request_(request) {}
  // `field` is what errors call the output.
  InferParameters(const Map& request, const Map& own, std::string field)
      : request_(request), own_(&own), field_(std::move(field)) {}

  // A parameter's value; `unset` where it is not there. Error: INVALID_FIELD
  // where it is of another type. Integers may be signed or not.
  absl::StatusOr<bool> Bool(absl::string_view name, bool unset = false) const;
  absl::StatusOr<std::int64_t> Integer(absl::string_view name,
                                       std::int64_t unset = 0) const;
  absl::StatusOr<std::string> String(absl::string_view name,
                                     absl::string_view unset = "") const;

  // What errors call a parameter, as "parameters[pooling]".
  std::string FieldOf(absl::string_view name) const;

 private:
  // nullptr: it is not there.
  const inference::InferParameter* Find(absl::string_view name) const;

  const Map& request_;
  const Map* own_ = nullptr;
  std::string field_;
};

// A name that a parameter may have, and what it stands for.
template <typename Value>
struct Choice {
  absl::string_view name;
  Value value;
};

// The value that a parameter names; that of the first choice where it is unset.
// Error: INVALID_FIELD, listing the names.
template <typename Choices>
auto Choose(const InferParameters& parameters, absl::string_view parameter,
            const Choices& choices)
    -> absl::StatusOr<decltype(choices.front().value)> {
  STRATA_ASSIGN_OR_RETURN(const std::string name,
                          parameters.String(parameter, choices.front().name));
  std::string names;
  for (const auto& choice : choices) {
    if (choice.name == name) return choice.value;
    absl::StrAppend(&names, names.empty() ? "" : ", ", choice.name);
  }
  return FieldError(parameters.FieldOf(parameter),
                    absl::StrCat("got '", name, "', expected one of ", names));
}

}  // namespace strata

#endif  // STRATA_SERVER_INFER_PARAMETERS_H_
