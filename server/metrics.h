// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_METRICS_H_
#define STRATA_SERVER_METRICS_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/base/observer.h"
#include "core/engine/fitness.h"
#include "core/model/registry.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace strata {

// What has become of a model's requests, of all its versions together.
struct ModelTotals {
  std::int64_t succeeded = 0;
  std::int64_t failed = 0;
  // Of those that succeeded: their inputs, and the sums of their timings.
  std::int64_t inputs = 0;
  StageTimings timings;
  std::int64_t forwards = 0;
};

// Prometheus metrics of the server; README.md beside this file lists them.
//
// Labels never come from a request: `model` is a model of this server, or
// kOtherModel for whatever else a caller named. Thread-safe.
class Metrics final : public Observer {
 public:
  // Label of requests that name no model of this server.
  static constexpr absl::string_view kOtherModel = "<other>";

  // What became of a span: taken by the collector, never sent because too many
  // waited or the server stopped, or not taken by the collector.
  enum class SpanOutcome : std::uint8_t { kExported, kDropped, kFailed };

  Metrics();

  // Takes up the models and their states; called whenever one has changed.
  void SetModels(const std::vector<ModelEntry>& entries)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Takes up what of the engine does not compute; called whenever that has
  // changed.
  void SetFitness(const Fitness& fitness);

  // A call whose caller cancelled it, gave up or is gone; see the README.
  void OnCallCancelled();

  void OnSpans(SpanOutcome outcome, std::int64_t spans);

  // What the metrics hold of a model of this server; nothing of any other.
  ModelTotals TotalsOf(absl::string_view model) ABSL_LOCKS_EXCLUDED(mutex_);

  // What a listener exposes.
  [[nodiscard]] std::shared_ptr<prometheus::Registry> registry() const {
    return registry_;
  }

  void OnRequestDone(absl::string_view model, const absl::Status& status,
                     int inputs, const StageTimings& timings) override;
  void OnBatch(absl::string_view model, const BatchInfo& batch,
               absl::Duration compute) override;
  void OnInputFailed(absl::string_view model) override;
  void OnCompilations(absl::string_view model, int graphs) override;
  void OnQueueDepth(int waiting_inputs) override;
  void OnInFlight(int requests) override;
  void OnReplyMemory(std::int64_t bytes, std::int64_t leased_bytes) override;
  void OnSpill() override;

 private:
  enum Stage : std::uint8_t { kTokenize, kQueue, kCompute, kTotal, kStages };

  template <typename Metric>
  using Family = prometheus::Family<Metric>;

  // The series of one model.
  struct Series {
    std::string label;
    prometheus::Counter* inputs;
    prometheus::Counter* pieces;
    std::array<prometheus::Histogram*, kStages> stages;
    prometheus::Histogram* forward_seconds;
    prometheus::Histogram* batch_rows;
    prometheus::Histogram* batch_pieces;
    prometheus::Histogram* padding_ratio;
    prometheus::Counter* failed_inputs;
    prometheus::Counter* compilations;
  };

  Series MakeSeries(absl::string_view model);
  // Of the model, or of kOtherModel; lives as long as this.
  const Series& SeriesOf(absl::string_view model) ABSL_LOCKS_EXCLUDED(mutex_);

  // Prometheus's own are thread-safe.
  const std::shared_ptr<prometheus::Registry> registry_;
  Family<prometheus::Counter>& requests_;
  Family<prometheus::Counter>& rejections_;
  Family<prometheus::Counter>& inputs_;
  Family<prometheus::Counter>& pieces_;
  Family<prometheus::Histogram>& stage_seconds_;
  Family<prometheus::Histogram>& forward_seconds_;
  Family<prometheus::Histogram>& batch_rows_;
  Family<prometheus::Histogram>& batch_pieces_;
  Family<prometheus::Histogram>& padding_ratio_;
  Family<prometheus::Counter>& failed_inputs_;
  Family<prometheus::Counter>& compilations_;
  Family<prometheus::Gauge>& model_state_;
  // By SpanOutcome.
  std::array<prometheus::Counter*, 3> spans_;
  prometheus::Counter& cancelled_calls_;
  prometheus::Gauge& queue_depth_;
  prometheus::Gauge& in_flight_;
  prometheus::Gauge& stuck_forwards_;
  prometheus::Gauge& failing_models_;
  prometheus::Gauge& unsent_bytes_;
  prometheus::Gauge& leased_bytes_;
  prometheus::Counter& spills_;

  Mutex mutex_;
  // A map, whose elements stay where they are.
  std::map<std::string, Series, std::less<>> series_ ABSL_GUARDED_BY(mutex_);
  // Those of model_state_, of the versions that there are.
  std::map<ModelId, std::vector<prometheus::Gauge*>> states_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace strata

#endif  // STRATA_SERVER_METRICS_H_
