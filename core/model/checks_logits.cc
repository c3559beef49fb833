// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/batch/request.h"
#include "core/model/checks.h"
#include "core/model/output_form.h"
#include "core/model/report.h"
#include "core/model/subject.h"
#include "core/tensor/forward_outputs.h"
#include "torch/script.h"

namespace strata {
namespace {

// As for what would refuse a trace: logits that are wrong are off by about one.
constexpr double kSlack = 10;

// Sequences that the server would put into one batch.
std::vector<Sequence> Batch(const Subject& subject) {
  if (subject.report.padding_exact) return MixedProbes(subject);
  return {Probe(subject, 11, 0), Probe(subject, 11, 1), Probe(subject, 11, 2)};
}

// The largest relative error of a row of `outputs`' logits, which are those
// `beside` the layers, against its sequence alone.
absl::StatusOr<double> ErrorInCompany(Subject& subject,
                                      const ForwardOutputs& outputs,
                                      std::size_t beside,
                                      const std::vector<Sequence>& batch) {
  double largest = 0;
  for (std::size_t row = 0; row < batch.size(); ++row) {
    STRATA_ASSIGN_OR_RETURN(const ForwardOutputs alone,
                            OutputsOnce(subject, {batch[row]}));
    if (alone.beside.size() != outputs.beside.size()) return std::nan("");
    const double error =
        RelativeError(Stretch({&outputs.beside[beside], 1},
                              static_cast<int>(row), 0, batch[row].pieces()),
                      {&alone.beside[beside], 1});
    if (std::isnan(error)) return error;
    largest = std::max(largest, error);
  }
  return largest;
}

Finding NotServed(const std::string& found) {
  return {.passed = false, .found = absl::StrCat(found, ": not served")};
}

}  // namespace

Finding CheckLogits(Subject& subject) {
  const std::vector<Sequence> batch = Batch(subject);
  const auto& outputs = OutputsOnce(subject, batch);
  if (!outputs.ok()) return NotServed(std::string(outputs.status().message()));
  const std::int64_t pieces =
      std::min(subject.tokenizer_vocabulary, subject.report.vocabulary_size);
  const auto beside = ChooseLogits(*outputs, pieces);
  if (!beside.ok()) return NotServed(std::string(beside.status().message()));
  const std::optional<std::size_t> only = *beside;
  if (!only.has_value()) return {.passed = true, .found = "none"};

  const std::size_t chosen = *only;
  const std::int64_t width = outputs->beside[chosen].size(2);
  const auto error = ErrorInCompany(subject, *outputs, chosen, batch);
  if (!error.ok()) return NotServed(std::string(error.status().message()));
  const double tolerance = kSlack * RoundingTolerance(subject.report.dtype);
  if (!(*error <= tolerance)) {  // Not-a-number is not.
    return NotServed(
        absl::StrCat("a relative error of ", *error, ", above ", tolerance));
  }
  subject.trace.SetLogits(chosen);
  subject.report.logits_place = chosen;
  subject.report.logits_width = static_cast<int>(width);
  return {.passed = true,
          .found = absl::StrCat("logits of width ", width,
                                ", a relative error of ", *error)};
}

}  // namespace strata
