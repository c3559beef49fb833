// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/request_spans.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "grpcpp/support/status.h"
#include "server/status.h"
#include "server/trace_context.h"

namespace strata {
namespace {

std::uint64_t Nanoseconds(absl::Time time) {
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, absl::ToUnixNanos(time)));
}

Span MakeSpan(absl::string_view trace_id, absl::string_view parent_id,
              absl::string_view name, absl::Time start, absl::Time end) {
  Span span;
  span.set_trace_id(std::string(trace_id));
  span.set_span_id(NewSpanId());
  span.set_parent_span_id(std::string(parent_id));
  span.set_name(std::string(name));
  span.set_start_time_unix_nano(Nanoseconds(start));
  span.set_end_time_unix_nano(Nanoseconds(std::max(start, end)));
  return span;
}

void AddText(Span& span, const char* key, absl::string_view value) {
  auto* attribute = span.add_attributes();
  attribute->set_key(key);
  attribute->mutable_value()->set_string_value(std::string(value));
}

void AddNumber(Span& span, const char* key, std::int64_t value) {
  auto* attribute = span.add_attributes();
  attribute->set_key(key);
  attribute->mutable_value()->set_int_value(value);
}

// Which codes are the server's failures, by OpenTelemetry's conventions for
// gRPC; the others are the caller's.
bool IsServersFailure(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::UNIMPLEMENTED:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DATA_LOSS:
      return true;
    default:
      return false;
  }
}

Span ServerSpan(const RequestRecord& request) {
  Span span = MakeSpan(request.trace_id, request.parent_id,
                       absl::StrCat(request.service, "/", request.method),
                       request.received, request.ended);
  span.set_kind(Span::SPAN_KIND_SERVER);
  AddText(span, "rpc.system", "grpc");
  AddText(span, "rpc.service", request.service);
  AddText(span, "rpc.method", request.method);
  const grpc::StatusCode code = ToGrpcStatus(request.status).error_code();
  AddNumber(span, "rpc.grpc.status_code", code);
  AddText(span, "strata.request_id", request.request_id);
  if (!request.status.ok()) {
    const auto reason = ReasonOf(request.status);
    AddText(span, "error.type",
            reason.has_value() ? ReasonName(*reason) : "INTERNAL_DEFECT");
  }
  if (IsServersFailure(code)) {
    span.mutable_status()->set_code(
        opentelemetry::proto::trace::v1::Status::STATUS_CODE_ERROR);
  }
  return span;
}

}  // namespace

std::vector<Span> SpansOf(const RequestRecord& request) {
  std::vector<Span> spans = {ServerSpan(request)};
  if (!request.computed.has_value()) return spans;
  const ComputedRequest& computed = *request.computed;
  AddText(spans[0], "strata.model", computed.model);
  AddNumber(spans[0], "strata.model_version", computed.version);

  const auto add = [&](absl::string_view name, absl::Time start,
                       absl::Time end) {
    spans.push_back(MakeSpan(request.trace_id, spans[0].span_id(), name,
                             std::max(start, request.received), end));
    spans.back().set_kind(Span::SPAN_KIND_INTERNAL);
  };
  const StageTimings& timings = computed.timings;
  const absl::Time arrival = computed.at - timings.total;
  // From the end: between tokenizing and the queue a stream may have to wait
  // for room, which the gap between them shows.
  const absl::Time forward = computed.at - timings.compute;
  add("receive", request.received, arrival);
  add("tokenize", arrival, arrival + timings.tokenize);
  add("queue", forward - timings.queue, forward);
  add("forward", forward, computed.at);
  add("respond", computed.at, request.ended);
  return spans;
}

}  // namespace strata
