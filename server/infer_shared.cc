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

// The places of all inputs of a request; nullopt: in the request.
using Places = std::vector<std::optional<SharedPlace>>;

absl::StatusOr<Places> PlacesOf(const inference::ModelInferRequest& request,
                                const SharedMemory* memory,
                                const std::string& client) {
  Places places;
  std::int64_t bytes = 0;
  for (const auto& input : request.inputs()) {
    STRATA_ASSIGN_OR_RETURN(auto place,
                            SharedPlaceOf(input.parameters(), input.name()));
    if (place.has_value()) {
      STRATA_RETURN_IF_ERROR(FindRegion(memory, client, input.name(), *place));
      if (place->byte_size > memory->max_read_bytes() - bytes) {
        return FieldError(
            input.name(),
            absl::StrCat("has ", place->byte_size,
                         " bytes in shared memory; a request may have ",
                         memory->max_read_bytes(),
                         " there, its tensors "
                         "together"));
      }
      bytes += place->byte_size;
    }
    places.push_back(std::move(place));
  }
  return places;
}

absl::Status CheckRaw(const inference::ModelInferRequest& request,
                      const Places& places) {
  const auto shared = std::ranges::count_if(
      places, [](const auto& place) { return place.has_value(); });
  const auto expected = std::ssize(places) - shared;
  if (request.raw_input_contents_size() == expected) return absl::OkStatus();
  return FieldError(
      "raw_input_contents",
      absl::StrCat("has ", request.raw_input_contents_size(),
                   " entries, expected ", expected,
                   ", one for each tensor that is not in shared memory"));
}

absl::StatusOr<std::int64_t> ReadInputs(inference::ModelInferRequest& request,
                                        const Places& places) {
  auto given = std::move(*request.mutable_raw_input_contents());
  request.clear_raw_input_contents();
  std::int64_t bytes = 0;
  int next = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    std::string& contents = *request.add_raw_input_contents();
    const auto& place = places[i];
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
    bytes += place->byte_size;
  }
  return bytes;
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
  return place;
}

absl::Status FindRegion(const SharedMemory* memory, const std::string& client,
                        const std::string& field, SharedPlace& place) {
  if (memory == nullptr) {
    return Error(Reason::kNotAllowed,
                 absl::StrCat(field,
                              ": this server reads and writes no shared "
                              "memory; its operator can allow that with "
                              "--shared-memory=on"));
  }
  auto region = memory->Find(client, place.name);
  if (!region.ok()) return FieldError(field, region.status().message());
  const absl::Status fits = (*region)->Check(place.offset, place.byte_size);
  if (!fits.ok()) return FieldError(field, fits.message());
  place.region = *std::move(region);
  return absl::OkStatus();
}

absl::StatusOr<std::int64_t> TakeSharedInputs(
    inference::ModelInferRequest& request, const SharedMemory* memory,
    const std::string& client) {
  STRATA_ASSIGN_OR_RETURN(const Places places,
                          PlacesOf(request, memory, client));
  if (std::ranges::none_of(places, &std::optional<SharedPlace>::has_value)) {
    return 0;
  }
  STRATA_RETURN_IF_ERROR(CheckRaw(request, places));
  return GuardMemory("read the request",
                     [&] { return ReadInputs(request, places); });
}

}  // namespace strata
