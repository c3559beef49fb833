// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_SPAN_EXPORTER_H_
#define STRATA_SERVER_SPAN_EXPORTER_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "grpcpp/client_context.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.grpc.pb.h"
#include "server/metrics.h"
#include "server/request_spans.h"

namespace strata {

struct SpanExporterOptions {
  // HOST:PORT of a collector that speaks OTLP over gRPC, without TLS.
  std::string endpoint;
  // Spans that wait; more are dropped. Some hundred bytes each.
  std::size_t max_waiting = 8192;
  // Spans of one message.
  std::size_t max_batch = 512;
  // How long the first of a batch waits for more. Longer makes fewer messages,
  // shorter shows a trace sooner.
  absl::Duration delay = absl::Milliseconds(500);
  // How long a message may take before its spans are given up.
  absl::Duration timeout = absl::Seconds(10);
};

// Sends spans to a collector, on a thread of its own: Add never waits, whatever
// the collector does. What is sent, dropped or refused is counted in `metrics`;
// the log is told when the collector fails and when it takes spans again.
// Thread-safe.
class SpanExporter {
 public:
  // `metrics` outlives it. A collector that is not there yet is waited for.
  SpanExporter(SpanExporterOptions options, Metrics& metrics);
  // As Stop(zero).
  ~SpanExporter();
  SpanExporter(const SpanExporter&) = delete;
  SpanExporter& operator=(const SpanExporter&) = delete;

  // Takes the spans of one request: all, or none where they have no room.
  void Add(std::vector<Span> spans) ABSL_LOCKS_EXCLUDED(mutex_);

  // Sends what waits, for `timeout` at most, and ends; what is added later is
  // dropped. Idempotent; called by one thread.
  void Stop(absl::Duration timeout) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // The thread.
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  // The next batch; empty at the end.
  std::vector<Span> Take() ABSL_LOCKS_EXCLUDED(mutex_);
  void Send(std::vector<Span> spans) ABSL_LOCKS_EXCLUDED(mutex_);
  // Tells the log where the collector fails that did not, or the reverse.
  void Tell(const absl::Status& outcome);

  const SpanExporterOptions options_;
  Metrics& metrics_;
  const std::unique_ptr<
      opentelemetry::proto::collector::trace::v1::TraceService::Stub>
      collector_;

  Mutex mutex_;
  // Not strata::CondVar, which has no time limits.
  std::condition_variable_any changed_;
  std::deque<Span> waiting_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // Past its time: what is left is dropped.
  bool given_up_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  // Of the message that is being sent, else nullptr.
  grpc::ClientContext* sending_ ABSL_GUARDED_BY(mutex_) = nullptr;

  // The thread's own.
  bool failing_ = false;

  std::jthread thread_;
};

}  // namespace strata

#endif  // STRATA_SERVER_SPAN_EXPORTER_H_
