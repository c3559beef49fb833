// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_REQUEST_SPANS_H_
#define STRATA_SERVER_REQUEST_SPANS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/observer.h"
#include "opentelemetry/proto/trace/v1/trace.pb.h"

namespace strata {

using Span = opentelemetry::proto::trace::v1::Span;

// What the engine answered, and when.
struct ComputedRequest {
  std::string model;
  std::int64_t version = 0;
  StageTimings timings;
  absl::Time at;
};

// A request that has ended.
struct RequestRecord {
  // Raw bytes; `parent_id` is empty where the trace begins here.
  std::string trace_id;
  std::string parent_id;
  std::string request_id;
  // As "strata.v1.HiddenStateService" and "Encode".
  std::string service;
  std::string method;
  absl::Time received;
  absl::Time ended;
  absl::Status status;
  // nullopt: the engine had no answer, or the call is none of its forwards.
  std::optional<ComputedRequest> computed;
};

// A span of the whole request, first, and of its stages, its children: receive,
// tokenize, queue, forward, respond. The stages are placed by the one set of
// timings that the answer carries. Several inputs overlap: each stage is the
// longest of theirs. A request that was not computed has no stages.
std::vector<Span> SpansOf(const RequestRecord& request);

}  // namespace strata

#endif  // STRATA_SERVER_REQUEST_SPANS_H_
