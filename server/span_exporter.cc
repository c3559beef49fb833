// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/span_exporter.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "grpcpp/client_context.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/status.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "opentelemetry/proto/trace/v1/trace.pb.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/version.h"

namespace strata {
namespace {

using opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest;
using opentelemetry::proto::collector::trace::v1::ExportTraceServiceResponse;
using opentelemetry::proto::collector::trace::v1::TraceService;
using opentelemetry::proto::trace::v1::ResourceSpans;

void AddAttribute(ResourceSpans& resource, const char* key,
                  const std::string& value) {
  auto* attribute = resource.mutable_resource()->add_attributes();
  attribute->set_key(key);
  attribute->mutable_value()->set_string_value(value);
}

ExportTraceServiceRequest ToRequest(std::vector<Span> spans) {
  ExportTraceServiceRequest request;
  ResourceSpans& resource = *request.add_resource_spans();
  AddAttribute(resource, "service.name", "strata");
  AddAttribute(resource, "service.version", std::string(Version()));
  auto& scope = *resource.add_scope_spans();
  scope.mutable_scope()->set_name("strata-server");
  for (Span& span : spans) *scope.add_spans() = std::move(span);
  return request;
}

}  // namespace

SpanExporter::SpanExporter(SpanExporterOptions options, Metrics& metrics)
    : options_(std::move(options)),
      metrics_(metrics),
      collector_(TraceService::NewStub(grpc::CreateChannel(
          options_.endpoint, grpc::InsecureChannelCredentials()))),
      thread_([this] { Run(); }) {}

SpanExporter::~SpanExporter() { Stop(absl::ZeroDuration()); }

void SpanExporter::Add(std::vector<Span> spans) {
  bool dropped = false;
  {
    const MutexLock lock(mutex_);
    dropped =
        stopping_ || waiting_.size() + spans.size() > options_.max_waiting;
    if (!dropped) std::ranges::move(spans, std::back_inserter(waiting_));
  }
  if (dropped) {
    metrics_.OnSpans(Metrics::SpanOutcome::kDropped, std::ssize(spans));
  } else {
    changed_.notify_all();
  }
}

void SpanExporter::Stop(absl::Duration timeout) {
  const auto end = std::chrono::steady_clock::now() +
                   absl::ToChronoNanoseconds(std::min(timeout, absl::Hours(1)));
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    while (!ended_) {
      if (changed_.wait_until(mutex_, end) == std::cv_status::no_timeout) {
        continue;
      }
      given_up_ = true;
      if (sending_ != nullptr) sending_->TryCancel();
      break;
    }
  }
  if (thread_.joinable()) thread_.join();
}

void SpanExporter::Run() {
  for (;;) {
    std::vector<Span> spans = Take();
    if (spans.empty()) break;
    Send(std::move(spans));
  }
  std::ptrdiff_t left = 0;
  {
    const MutexLock lock(mutex_);
    left = std::ssize(waiting_);
    waiting_.clear();
    ended_ = true;
  }
  metrics_.OnSpans(Metrics::SpanOutcome::kDropped, left);
  changed_.notify_all();
}

std::vector<Span> SpanExporter::Take() {
  const MutexLock lock(mutex_);
  while (waiting_.empty() && !stopping_) changed_.wait(mutex_);
  const auto end = std::chrono::steady_clock::now() +
                   absl::ToChronoNanoseconds(options_.delay);
  while (waiting_.size() < options_.max_batch && !stopping_) {
    if (changed_.wait_until(mutex_, end) == std::cv_status::timeout) break;
  }
  if (given_up_) return {};
  const auto count = static_cast<std::ptrdiff_t>(
      std::min(waiting_.size(), options_.max_batch));
  std::vector<Span> spans(std::make_move_iterator(waiting_.begin()),
                          std::make_move_iterator(waiting_.begin() + count));
  waiting_.erase(waiting_.begin(), waiting_.begin() + count);
  return spans;
}

void SpanExporter::Send(std::vector<Span> spans) {
  const std::int64_t count = std::ssize(spans);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       absl::ToChronoMicroseconds(options_.timeout));
  // One that is being started anew loses nothing.
  context.set_wait_for_ready(true);
  {
    const MutexLock lock(mutex_);
    sending_ = &context;
    if (given_up_) context.TryCancel();
  }
  ExportTraceServiceResponse response;
  const grpc::Status status =
      collector_->Export(&context, ToRequest(std::move(spans)), &response);
  {
    const MutexLock lock(mutex_);
    sending_ = nullptr;
  }
  const std::int64_t refused =
      status.ok() ? std::clamp<std::int64_t>(
                        response.partial_success().rejected_spans(), 0, count)
                  : count;
  metrics_.OnSpans(Metrics::SpanOutcome::kFailed, refused);
  metrics_.OnSpans(Metrics::SpanOutcome::kExported, count - refused);
  Tell(status.ok() ? absl::OkStatus()
                   : absl::UnavailableError(status.error_message()));
}

void SpanExporter::Tell(const absl::Status& outcome) {
  if (outcome.ok() == !failing_) return;
  failing_ = !outcome.ok();
  if (failing_) {
    Log(Severity::kWarning, "spans_not_exported",
        {{"endpoint", options_.endpoint},
         {"message", std::string(outcome.message())}});
  } else {
    Log(Severity::kInfo, "spans_exported", {{"endpoint", options_.endpoint}});
  }
}

}  // namespace strata
