// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/model_table.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/colour.h"
#include "client/cli/format.h"
#include "client/cli/table.h"
#include "client/cli/utf8.h"
#include "strata/v1/model_service.pb.h"

namespace strata::cli {
namespace {

// "sha256:" and enough digits to tell versions apart.
constexpr std::size_t kShortDigest = 19;

std::string StateName(v1::ModelState state) {
  return WithoutPrefix(v1::ModelState_Name(state), "MODEL_STATE_");
}

std::string YesNo(bool value) { return value ? "yes" : "no"; }

// 0 is how the server says that it does not know.
std::string Known(std::int64_t value) {
  return value == 0 ? "unknown" : absl::StrCat(value);
}

// "PAIRS of bool".
std::string Mask(const v1::TraceReport& report) {
  const std::string form =
      WithoutPrefix(v1::MaskForm_Name(report.mask_form()), "MASK_FORM_");
  return report.mask_dtype().empty()
             ? form
             : absl::StrCat(form, " of ", report.mask_dtype());
}

void AddReportRows(const v1::TraceReport& report, Table& table) {
  table.AddRow({"layers", absl::StrCat(Known(report.layers()),
                                       " (the embedding output included)")});
  table.AddRow({"width", Known(report.width())});
  table.AddRow({"dtype", report.dtype()});
  table.AddRow({"vocabulary", Known(report.vocabulary_size())});
  table.AddRow({"logits", YesNo(report.logits())});
  table.AddRow({"longest run", Count(report.longest_pieces(), "piece")});
  table.AddRow({"mask", Mask(report)});
  table.AddRow({"padding exact", YesNo(report.padding_exact())});
  table.AddRow({"packing exact", YesNo(report.packing_exact())});
  table.AddRow({"prefix sharing exact", YesNo(report.prefix_sharing_exact())});
  table.AddRow({"infinity contained", YesNo(report.infinity_contained())});
  table.AddRow({"positions matter", YesNo(report.positions_matter())});
  table.AddRow({"layers cut", YesNo(report.layers_cut())});
  table.AddRow({"examined in", Milliseconds(report.duration())});
}

void AddLimitRows(const v1::ModelLimits& limits, Table& table) {
  table.AddRow(
      {"limits",
       absl::StrCat(Count(limits.max_pieces(), "piece"), " an input, ",
                    Count(limits.max_inputs(), "input"), " a request, ",
                    limits.max_reply_bytes(), " bytes a reply")});
  table.AddRow(
      {"batches", absl::StrCat(Count(limits.max_batch_rows(), "row"), ", ",
                               Count(limits.max_batch_pieces(), "piece"),
                               " with padding")});
}

std::string Facts(const v1::GetModelResponse& model) {
  Table table({{}, {}});
  table.AddRow({"digest", model.summary().digest().empty()
                              ? "unreadable"
                              : model.summary().digest()});
  if (!model.summary().labels().empty()) {
    table.AddRow({"labels", absl::StrJoin(model.summary().labels(), ", ")});
  }
  if (!model.devices().empty()) {
    table.AddRow({"devices", absl::StrJoin(model.devices(), ", ")});
  }
  if (model.has_trace_report()) AddReportRows(model.trace_report(), table);
  if (!model.final_norm_layers().empty()) {
    table.AddRow(
        {"final norm",
         absl::StrCat("layers ",
                      absl::StrJoin(model.final_norm_layers(), ", "))});
  }
  if (!model.prompts().empty()) {
    std::vector<std::string> names;
    for (const auto& [name, text] : model.prompts()) names.push_back(name);
    std::ranges::sort(names);
    table.AddRow({"prompts", absl::StrJoin(names, ", ")});
  }
  if (model.has_limits()) AddLimitRows(model.limits(), table);
  if (model.batch_invariant()) {
    table.AddRow({"batch invariant", "yes: each input alone"});
  }
  return table.Render(0);
}

std::string Arguments(const v1::TraceReport& report, int width, bool colours) {
  Table table({{.heading = "argument"},
               {.heading = "type", .shrinks = true},
               {.heading = "role"}});
  for (const v1::Argument& argument : report.arguments()) {
    table.AddRow({argument.name(), argument.type(),
                  WithoutPrefix(v1::ArgumentRole_Name(argument.role()),
                                "ARGUMENT_ROLE_")});
  }
  return table.Render(width, colours);
}

// Not cut: what was found is why one asks.
std::string Checks(const v1::TraceReport& report, bool colours) {
  Table table({{.heading = "check"},
               {.heading = "passed"},
               {.heading = "essential"},
               {.heading = "found"}});
  constexpr std::size_t kPassed = 1;
  for (const v1::Check& check : report.checks()) {
    table.AddRow({check.name(), YesNo(check.passed()), YesNo(check.essential()),
                  check.passed() ? check.found()
                                 : absl::StrCat(check.found(), "; expected ",
                                                check.expected())});
    if (!check.passed()) {
      table.Paint(kPassed, check.essential() ? Colour::kRed : Colour::kYellow);
    }
  }
  return table.Render(0, colours);
}

}  // namespace

std::string ModelListTable(const std::vector<v1::ModelSummary>& models,
                           int width, bool colours) {
  if (models.empty()) return "The server has no models.\n";
  const bool labelled = std::ranges::any_of(
      models,
      [](const v1::ModelSummary& model) { return !model.labels().empty(); });
  std::vector<Column> columns = {{.heading = "model", .shrinks = true},
                                 {.heading = "version", .align = Align::kRight},
                                 {.heading = "state"},
                                 {.heading = "digest"}};
  constexpr std::size_t kState = 2;
  if (labelled) columns.push_back({.heading = "labels"});
  Table table(columns);
  std::string reasons;
  for (const v1::ModelSummary& model : models) {
    std::vector<std::string> row = {model.name(), absl::StrCat(model.version()),
                                    StateName(model.state()),
                                    model.digest().substr(0, kShortDigest)};
    if (labelled) row.push_back(absl::StrJoin(model.labels(), ", "));
    table.AddRow(row);
    table.Paint(kState, StateColour(row[kState]));
    if (model.reason().empty()) continue;
    absl::StrAppend(&reasons, "\n", Printable(model.name()), " version ",
                    model.version(), ": ", Printable(model.reason()), "\n");
  }
  return absl::StrCat(table.Render(width, colours), reasons);
}

std::string ModelTable(const v1::GetModelResponse& model, int width,
                       bool colours) {
  const v1::ModelSummary& summary = model.summary();
  const std::string state = StateName(summary.state());
  std::string result =
      absl::StrCat(Coloured(absl::StrCat(Printable(summary.name()), " version ",
                                         summary.version()),
                            Colour::kBold, colours),
                   ": ", Coloured(state, StateColour(state), colours), "\n");
  if (!summary.reason().empty()) {
    absl::StrAppend(&result, Printable(summary.reason()), "\n");
  }
  absl::StrAppend(&result, "\n", Facts(model));
  if (!model.trace_report().arguments().empty()) {
    absl::StrAppend(&result, "\n",
                    Arguments(model.trace_report(), width, colours));
  }
  if (!model.trace_report().checks().empty()) {
    absl::StrAppend(&result, "\n", Checks(model.trace_report(), colours));
  }
  return result;
}

}  // namespace strata::cli
