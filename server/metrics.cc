// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/metrics.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "core/base/observer.h"
#include "core/engine/fitness.h"
#include "core/model/registry.h"
#include "prometheus/client_metric.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "server/model_messages.h"
#include "server/version.h"

namespace strata {
namespace {

using prometheus::Histogram;

// Half a millisecond to two minutes: a word on a GPU, a queue of books on a
// CPU.
const Histogram::BucketBoundaries kSecondsBuckets = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
    0.5,    1,     2.5,    5,     10,   30,    60,   120};
const Histogram::BucketBoundaries kRowsBuckets = {1,  2,  4,   8,   16,
                                                  32, 64, 128, 256, 512};
const Histogram::BucketBoundaries kPiecesBuckets = {
    16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536};
const Histogram::BucketBoundaries kRatioBuckets = {0,   0.02, 0.05, 0.1, 0.2,
                                                   0.3, 0.4,  0.5,  0.7, 0.9};

prometheus::Family<prometheus::Counter>& CounterFamily(
    prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Family<prometheus::Gauge>& GaugeFamily(
    prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

prometheus::Family<Histogram>& HistogramFamily(prometheus::Registry& registry,
                                               const char* name,
                                               const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

// In the order of SpanOutcome.
std::array<prometheus::Counter*, 3> SpanCounters(
    prometheus::Registry& registry) {
  auto& family = CounterFamily(registry, "strata_trace_spans_total",
                               "Spans of requests, by what became of them.");
  const auto counter = [&family](const char* outcome) {
    return &family.Add({{"outcome", outcome}});
  };
  return {counter("exported"), counter("dropped"), counter("failed")};
}

// Observations of a histogram, and their sum.
std::int64_t CountOf(const Histogram& histogram) {
  return static_cast<std::int64_t>(histogram.Collect().histogram.sample_count);
}
absl::Duration SumOf(const Histogram& histogram) {
  return absl::Seconds(histogram.Collect().histogram.sample_sum);
}

absl::string_view LabelOf(const prometheus::ClientMetric& metric,
                          absl::string_view name) {
  for (const auto& label : metric.label) {
    if (label.name == name) return label.value;
  }
  return "";
}

// The reason's wire name, for errors that have one.
std::string ReasonLabel(const absl::Status& status) {
  return std::string(
      ReasonName(ReasonOf(status).value_or(Reason::kInternalDefect)));
}

}  // namespace

Metrics::Metrics()
    : registry_(std::make_shared<prometheus::Registry>()),
      requests_(CounterFamily(*registry_, "strata_requests_total",
                              "Requests that ended, by status code.")),
      rejections_(CounterFamily(*registry_, "strata_rejections_total",
                                "Requests that failed, by reason.")),
      inputs_(CounterFamily(*registry_, "strata_inputs_total",
                            "Inputs of requests that ended well.")),
      pieces_(CounterFamily(*registry_, "strata_pieces_total",
                            "Pieces computed, padding not counted.")),
      stage_seconds_(
          HistogramFamily(*registry_, "strata_stage_duration_seconds",
                          "Time of each stage of requests that ended well.")),
      forward_seconds_(HistogramFamily(
          *registry_, "strata_forward_duration_seconds", "Time of a forward.")),
      batch_rows_(HistogramFamily(*registry_, "strata_batch_rows",
                                  "Rows of a forward.")),
      batch_pieces_(HistogramFamily(*registry_, "strata_batch_pieces",
                                    "Pieces of a forward, without padding.")),
      padding_ratio_(HistogramFamily(*registry_, "strata_batch_padding_ratio",
                                     "Share of padding in a forward.")),
      failed_inputs_(
          CounterFamily(*registry_, "strata_failed_inputs_total",
                        "Inputs that failed in a forward of their own.")),
      compilations_(
          CounterFamily(*registry_, "strata_graph_compilations_total",
                        "Graphs compiled while requests waited for it.")),
      model_state_(
          GaugeFamily(*registry_, "strata_model_state",
                      "1 for the state that a version is in, else 0.")),
      spans_(SpanCounters(*registry_)),
      cancelled_calls_(
          CounterFamily(*registry_, "strata_calls_cancelled_total",
                        "Calls whose callers cancelled, gave up or were gone.")
              .Add({})),
      queue_depth_(GaugeFamily(*registry_, "strata_queue_depth_inputs",
                               "Inputs that wait for a device.")
                       .Add({})),
      in_flight_(GaugeFamily(*registry_, "strata_in_flight_requests",
                             "Requests between admission and answer.")
                     .Add({})),
      stuck_forwards_(GaugeFamily(*registry_, "strata_stuck_forwards",
                                  "Forwards that do not come to their end.")
                          .Add({})),
      failing_models_(
          GaugeFamily(*registry_, "strata_failing_models",
                      "Versions that fail on whatever they are given.")
              .Add({})),
      unsent_bytes_(
          GaugeFamily(*registry_, "strata_unsent_reply_bytes",
                      "Bytes of answers that are computed, or about to be, "
                      "and not sent.")
              .Add({})),
      leased_bytes_(GaugeFamily(*registry_, "strata_leased_batch_bytes",
                                "Bytes of batches' memory that unsent answers "
                                "hold.")
                        .Add({})),
      spills_(CounterFamily(*registry_, "strata_spilled_inputs_total",
                            "Inputs whose answers were copied out of their "
                            "batches' memory.")
                  .Add({})) {
  GaugeFamily(*registry_, "strata_build_info", "1, labelled with the version.")
      .Add({{"version", std::string(Version())}})
      .Set(1);
  const MutexLock lock(mutex_);
  series_.emplace(kOtherModel, MakeSeries(kOtherModel));
}

Metrics::Series Metrics::MakeSeries(absl::string_view model) {
  const std::string label(model);
  const prometheus::Labels labels = {{"model", label}};
  const auto stage = [&](const char* name) {
    return &stage_seconds_.Add({{"model", label}, {"stage", name}},
                               kSecondsBuckets);
  };
  return {.label = label,
          .inputs = &inputs_.Add(labels),
          .pieces = &pieces_.Add(labels),
          .stages = {stage("tokenize"), stage("queue"), stage("compute"),
                     stage("total")},
          .forward_seconds = &forward_seconds_.Add(labels, kSecondsBuckets),
          .batch_rows = &batch_rows_.Add(labels, kRowsBuckets),
          .batch_pieces = &batch_pieces_.Add(labels, kPiecesBuckets),
          .padding_ratio = &padding_ratio_.Add(labels, kRatioBuckets),
          .failed_inputs = &failed_inputs_.Add(labels),
          .compilations = &compilations_.Add(labels)};
}

const Metrics::Series& Metrics::SeriesOf(absl::string_view model) {
  const MutexLock lock(mutex_);
  const auto found = series_.find(model);
  return found != series_.end() ? found->second
                                : series_.find(kOtherModel)->second;
}

void Metrics::SetModels(const std::vector<ModelEntry>& entries) {
  const MutexLock lock(mutex_);
  std::map<ModelId, std::vector<prometheus::Gauge*>> states;
  for (const ModelEntry& entry : entries) {
    if (!series_.contains(entry.id.name)) {
      series_.emplace(entry.id.name, MakeSeries(entry.id.name));
    }
    for (const ModelState state :
         {ModelState::kLoading, ModelState::kReady, ModelState::kRefused,
          ModelState::kDraining}) {
      prometheus::Gauge& gauge =
          model_state_.Add({{"model", entry.id.name},
                            {"version", absl::StrCat(entry.id.version)},
                            {"state", std::string(StateName(state))}});
      gauge.Set(state == entry.state ? 1 : 0);
      states[entry.id].push_back(&gauge);
    }
  }
  // A model's own series stay: counters that went would be taken for a restart.
  for (const auto& [id, gauges] : states_) {
    if (states.contains(id)) continue;
    for (prometheus::Gauge* const gauge : gauges) model_state_.Remove(gauge);
  }
  states_ = std::move(states);
}

void Metrics::SetFitness(const Fitness& fitness) {
  stuck_forwards_.Set(fitness.stuck_forwards);
  failing_models_.Set(static_cast<double>(fitness.failing.size()));
}

ModelTotals Metrics::TotalsOf(absl::string_view model) {
  const Series& series = SeriesOf(model);
  ModelTotals totals;
  if (series.label != model) return totals;
  totals.succeeded = CountOf(*series.stages[kTotal]);
  for (const auto& family : requests_.Collect()) {
    for (const auto& metric : family.metric) {
      if (LabelOf(metric, "model") == model &&
          LabelOf(metric, "code") != "OK") {
        totals.failed += static_cast<std::int64_t>(metric.counter.value);
      }
    }
  }
  totals.inputs = static_cast<std::int64_t>(series.inputs->Value());
  totals.timings = {.tokenize = SumOf(*series.stages[kTokenize]),
                    .queue = SumOf(*series.stages[kQueue]),
                    .compute = SumOf(*series.stages[kCompute]),
                    .total = SumOf(*series.stages[kTotal])};
  totals.forwards = CountOf(*series.forward_seconds);
  return totals;
}

void Metrics::OnRequestDone(absl::string_view model, const absl::Status& status,
                            int inputs, const StageTimings& timings) {
  const Series& series = SeriesOf(model);
  requests_
      .Add({{"model", series.label},
            {"code", absl::StatusCodeToString(status.code())}})
      .Increment();
  if (!status.ok()) {
    rejections_.Add({{"reason", ReasonLabel(status)}}).Increment();
    return;
  }
  series.inputs->Increment(inputs);
  const auto observe = [&series](Stage stage, absl::Duration duration) {
    series.stages[stage]->Observe(absl::ToDoubleSeconds(duration));
  };
  observe(kTokenize, timings.tokenize);
  observe(kQueue, timings.queue);
  observe(kCompute, timings.compute);
  observe(kTotal, timings.total);
}

void Metrics::OnBatch(absl::string_view model, const BatchInfo& batch,
                      absl::Duration compute) {
  const Series& series = SeriesOf(model);
  series.pieces->Increment(batch.pieces);
  series.forward_seconds->Observe(absl::ToDoubleSeconds(compute));
  series.batch_rows->Observe(batch.rows);
  series.batch_pieces->Observe(batch.pieces);
  if (batch.padded_pieces > 0) {
    const double useful = static_cast<double>(batch.pieces) /
                          static_cast<double>(batch.padded_pieces);
    series.padding_ratio->Observe(1 - useful);
  }
}

void Metrics::OnInputFailed(absl::string_view model) {
  SeriesOf(model).failed_inputs->Increment();
}

void Metrics::OnCompilations(absl::string_view model, int graphs) {
  SeriesOf(model).compilations->Increment(graphs);
}

void Metrics::OnCallCancelled() { cancelled_calls_.Increment(); }

void Metrics::OnSpans(SpanOutcome outcome, std::int64_t spans) {
  spans_.at(static_cast<std::size_t>(outcome))
      ->Increment(static_cast<double>(spans));
}

void Metrics::OnQueueDepth(int waiting_inputs) {
  queue_depth_.Set(waiting_inputs);
}

void Metrics::OnInFlight(int requests) { in_flight_.Set(requests); }

void Metrics::OnReplyMemory(std::int64_t bytes, std::int64_t leased_bytes) {
  unsent_bytes_.Set(static_cast<double>(bytes));
  leased_bytes_.Set(static_cast<double>(leased_bytes));
}

void Metrics::OnSpill() { spills_.Increment(); }

}  // namespace strata
