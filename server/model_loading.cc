// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/model_loading.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "core/batch/runner.h"
#include "core/model/loader.h"
#include "core/model/model.h"
#include "core/model/registry.h"
#include "core/model/report.h"
#include "core/model/repository.h"
#include "server/log.h"
#include "server/model_messages.h"

namespace strata {
namespace {

std::string Devices(const Model& model) {
  return absl::StrJoin(model.runners, ",",
                       [](std::string* out, const auto& runner) {
                         out->append(runner->Device());
                       });
}

void LogReady(const Model& model, bool report_was_kept) {
  const TraceReport& report = model.report;
  std::vector<LogField> fields = IdFields(model.id);
  const auto add = [&fields](absl::string_view key, const auto& value) {
    fields.emplace_back(key, absl::StrCat(value));
  };
  add("devices", Devices(model));
  add("layers", report.layers);
  add("width", report.width);
  add("dtype", report.dtype);
  add("vocabulary", report.vocabulary_size);
  add("mask", MaskFormName(report.mask_form));
  if (report.mask_form != MaskForm::kNone) {
    add("mask_dtype", MaskDtypeName(report.mask_dtype));
  }
  add("max_pieces", model.max_pieces);
  add("padding_exact", report.padding_exact ? "yes" : "no");
  add("packing_exact", report.packing_exact ? "yes" : "no");
  add("layers_cut", report.layers_cut ? "yes" : "no");
  add("max_batch_pieces", model.plan_limits.max_padded_pieces);
  add("report", report_was_kept ? "of an earlier load" : "new");
  add("examined_in", absl::FormatDuration(
                         absl::Trunc(report.duration, absl::Milliseconds(1))));
  add("digest", model.digest);
  Log(Severity::kInfo, "model_ready", fields);
}

// A refusal, and a tokenizer that is not the model's, are for somebody to mend.
// Any other check tells what the model cannot do, and it serves without.
Severity SeverityOf(const Check& failed) {
  return failed.essential || failed.name == kTokenizerFitsCheck
             ? Severity::kWarning
             : Severity::kInfo;
}

// A line for each check that did not pass.
void LogFailedChecks(const ModelId& id, const TraceReport& report) {
  for (const Check& check : report.checks) {
    if (check.passed) continue;
    std::vector<LogField> fields = IdFields(id);
    fields.emplace_back("check", check.name);
    fields.emplace_back("essential", check.essential ? "yes" : "no");
    fields.emplace_back("expected", check.expected);
    fields.emplace_back("found", check.found);
    Log(SeverityOf(check), "check_failed", fields);
  }
}

void LogRefused(const ModelId& id, const absl::Status& refusal) {
  std::vector<LogField> fields = IdFields(id);
  fields.emplace_back("reason", std::string(refusal.message()));
  Log(Severity::kError, "model_refused", fields);
}

}  // namespace

std::vector<LogField> IdFields(const ModelId& id) {
  return {{"model", id.name}, {"version", absl::StrCat(id.version)}};
}

void LoadInto(ModelRegistry& registry, const ModelDirectory& directory,
              const LoadModel& load,
              absl::FunctionRef<
                  std::shared_ptr<const Model>(std::shared_ptr<const Model>)>
                  adopt) {
  Log(Severity::kInfo, "model_loading", IdFields(directory.id));
  LoadOutcome outcome = load(directory);
  LogFailedChecks(directory.id, outcome.report);
  if (!outcome.remark.empty()) {
    std::vector<LogField> fields = IdFields(directory.id);
    fields.emplace_back("message", outcome.remark);
    Log(Severity::kWarning, "report_remark", fields);
  }
  absl::Status status;
  if (outcome.model.ok()) {
    const std::shared_ptr<const Model> model = adopt(*std::move(outcome.model));
    // Logged once calls can reach it.
    status = registry.SetReady(model);
    if (status.ok()) LogReady(*model, outcome.report_was_kept);
  } else {
    LogRefused(directory.id, outcome.model.status());
    status = registry.SetRefused(directory.id, outcome.model.status(),
                                 std::move(outcome.digest),
                                 std::move(outcome.report));
  }
  // A defect: the entry was kLoading.
  if (!status.ok()) {
    Log(Severity::kError, "model_state",
        {{"message", std::string(status.message())}});
  }
}

}  // namespace strata
