// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/infer_shared.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/memory_guard.h"
#include "core/base/status_macros.h"
#include "server/infer_parameters.h"
#include "server/shared_memory.h"
#include "triton/grpc_service.pb.h"

namespace strata {
namespace {

constexpr const char* kRegion = "shared_memory_region";

absl::StatusOr<SharedInputs> PlacesOf(
    const inference::ModelInferRequest& request, const SharedMemory* memory,
    const std::string& client) {
  SharedInputs inputs;
  for (const auto& input : request.inputs()) {
    STRATA_ASSIGN_OR_RETURN(auto place,
                            SharedPlaceOf(input.parameters(), input.name()));
    if (place.has_value()) {
      STRATA_RETURN_IF_ERROR(FindRegion(memory, client, input.name(), *place));
      if (place->byte_size > memory->max_read_bytes() - inputs.bytes) {
        return FieldError(
            input.name(),
            absl::StrCat("has ", place->byte_size,
                         " bytes in shared memory; a request may have ",
                         memory->max_read_bytes(),
                         " there, its tensors "
                         "together"));
      }
      inputs.bytes += place->byte_size;
    }
    inputs.places.push_back(std::move(place));
  }
  return inputs;
}

absl::Status CheckRaw(const inference::ModelInferRequest& request,
                      const SharedInputs& inputs) {
  const auto in_request = std::ranges::count(
      inputs.places, false, &std::optional<SharedPlace>::has_value);
  if (request.raw_input_contents_size() == in_request) return absl::OkStatus();
  return FieldError(
      "raw_input_contents",
      absl::StrCat("has ", request.raw_input_contents_size(),
                   " entries, expected ", in_request,
                   ", one for each tensor that is not in shared memory"));
}

absl::Status ReadInputs(const SharedInputs& inputs,
                        inference::ModelInferRequest& request) {
  auto given = std::move(*request.mutable_raw_input_contents());
  request.clear_raw_input_contents();
  int next = 0;
  for (std::size_t i = 0; i < inputs.places.size(); ++i) {
    std::string& contents = *request.add_raw_input_contents();
    const auto& place = inputs.places[i];
    if (!place.has_value()) {
      contents = std::move(*given.Mutable(next++));
      continue;
    }
    contents.resize(place->byte_size);
    const absl::Status read = place->region->Read(
        place->offset, std::as_writable_bytes(std::span(contents)));
    auto& input = *request.mutable_inputs(static_cast<int>(i));
    if (!read.ok()) return FieldError(input.name(), read.message());
    // Whoever reads it next finds a tensor as any other.
    input.mutable_parameters()->erase(kRegion);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<SharedPlace>> SharedPlaceOf(
    const InferParameters::Map& parameters, const std::string& field) {
  if (!parameters.contains(kRegion)) return std::nullopt;
  static const InferParameters::Map kNone;
  const InferParameters own(kNone, parameters, field);
  SharedPlace place;
  STRATA_ASSIGN_OR_RETURN(place.name, own.String(kRegion));
  STRATA_ASSIGN_OR_RETURN(place.offset, own.Integer("shared_memory_offset"));
  STRATA_ASSIGN_OR_RETURN(place.byte_size,
                          own.Integer("shared_memory_byte_size"));
  if (place.byte_size < 1) {
    return FieldError(own.FieldOf("shared_memory_byte_size"),
                      absl::StrCat("got ", place.byte_size,
                                   ", expected how many bytes there are"));
  }
  return place;
}

absl::Status FindRegion(const SharedMemory* memory, const std::string& client,
                        const std::string& field, SharedPlace& place) {
  const absl::Status allowed = CheckAllowed(memory);
  if (!allowed.ok()) return InputError(field, allowed);
  auto region = memory->Find(client, place.name);
  if (!region.ok()) return FieldError(field, region.status().message());
  const absl::Status fits = (*region)->Check(place.offset, place.byte_size);
  if (!fits.ok()) return FieldError(field, fits.message());
  place.region = *std::move(region);
  return absl::OkStatus();
}

absl::StatusOr<SharedInputs> FindSharedInputs(
    const inference::ModelInferRequest& request, const SharedMemory* memory,
    const std::string& client) {
  STRATA_ASSIGN_OR_RETURN(SharedInputs inputs,
                          PlacesOf(request, memory, client));
  if (inputs.bytes > 0) STRATA_RETURN_IF_ERROR(CheckRaw(request, inputs));
  return inputs;
}

absl::Status TakeSharedInputs(const SharedInputs& inputs,
                              inference::ModelInferRequest& request) {
  if (inputs.bytes == 0) return absl::OkStatus();
  return GuardMemory("read the request",
                     [&] { return ReadInputs(inputs, request); });
}

}  // namespace strata
