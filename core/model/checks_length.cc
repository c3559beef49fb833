// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/batch/request.h"
#include "core/model/checks.h"
#include "core/model/report.h"
#include "core/model/subject.h"
#include "core/model/trace.h"
#include "core/tensor/forward_outputs.h"
#include "core/tensor/rows.h"

namespace strata {
namespace {

// As far as a length is looked for unless strata.json says otherwise.
constexpr int kLongestProbe = 8192;
// Pieces of the probe that CheckFinite looked at.
constexpr int kKnownToBeFinite = 11;
// A longer forward than this ends the search: loading is not worth minutes, nor
// a machine's memory.
constexpr absl::Duration kSlowForward = absl::Seconds(1);

// A sequence of pieces that are known to have finite vectors, over and over: a
// random one might meet a piece that has none, which says nothing of lengths.
Sequence KnownPieces(const Subject& subject, int pieces) {
  Sequence sequence = Probe(subject, kKnownToBeFinite, 0);
  const std::size_t known = sequence.ids.size();
  sequence.ids.resize(pieces);
  for (std::size_t i = known; i < sequence.ids.size(); ++i) {
    sequence.ids[i] = sequence.ids[i - known];
  }
  return sequence;
}

// Looks for the longest sequence that `trace` runs on.
class LengthSearch {
 public:
  LengthSearch(const Subject& subject, const Trace& trace)
      : subject_(subject),
        trace_(trace),
        known_(LongestShortProbe(subject.config)) {
    Runs(known_);  // Compiles, so that the next one's time counts.
  }

  // Whether it runs, with finite results. What else happened is remembered.
  bool Runs(int length) {
    const absl::Time start = subject_.clock.Now();
    const absl::Status status = Try(length);
    took_ = subject_.clock.Now() - start;
    slow_ = took_ > kSlowForward;
    if (!status.ok()) failure_ = std::string(status.message());
    return status.ok();
  }

  // The longest up to `limit`: doubles until one fails, is slow or is the
  // limit, and halves the gap that a failure leaves.
  int Longest(int limit) {
    int longest = std::min(known_, limit);
    int failing = 0;
    slow_ = false;
    while (longest < limit && failing == 0 && !slow_) {
      const int length = std::min(2 * longest, limit);
      bool runs = Runs(length);
      // A busy moment or a first run of its shape is slow once, and must not
      // decide what is served: only what is slow twice is.
      if (runs && slow_) runs = Runs(length);
      (runs ? longest : failing) = length;
    }
    while (failing - longest > 1) {
      const int length = longest + ((failing - longest) / 2);
      (Runs(length) ? longest : failing) = length;
    }
    ended_early_ = failing == 0 && longest < limit;
    return longest;
  }

  // Whether a forward of `length` should not be slow, by what the last one, of
  // a few pieces, took. For a trace that was compiled before, and nothing else
  // has been looked for.
  bool Affords(int length) const {
    return took_ / known_ * length <= kSlowForward;
  }

  // Whether Longest ended because a forward was slow.
  bool ended_early() const { return ended_early_; }

  // What happened at the last length that did not run.
  const std::string& failure() const { return failure_; }

 private:
  absl::Status Try(int length) const {
    const std::vector<Sequence> sequence = {KnownPieces(subject_, length)};
    STRATA_ASSIGN_OR_RETURN(const RowTensors rows, LayRows(subject_, sequence));
    STRATA_ASSIGN_OR_RETURN(const ForwardOutputs outputs, trace_.Forward(rows));
    const LayerTensors& layers = outputs.layers;
    const std::string problem = ShapeProblem(layers, 1, length);
    if (!problem.empty()) return Error(Reason::kForwardFailed, problem);
    if (layers.back().isfinite().all().item<bool>()) return absl::OkStatus();
    return Error(Reason::kForwardFailed,
                 "its results are not finite, although those of the same "
                 "pieces are in a shorter sequence");
  }

  const Subject& subject_;
  const Trace& trace_;
  // Pieces that every trace that gets here has run on.
  const int known_;
  // By the last forward.
  absl::Duration took_;
  bool slow_ = false;
  bool ended_early_ = false;
  std::string failure_;
};

std::string DescribeLimit(const LengthSearch& search, int longest) {
  if (search.ended_early()) {
    return absl::StrCat("runs on ", longest,
                        ", longer ones not tried since that took more than ",
                        absl::FormatDuration(kSlowForward));
  }
  return absl::StrCat("runs on ", longest, ", fails on ", longest + 1, ": ",
                      search.failure());
}

}  // namespace

Finding CheckLongestLength(Subject& subject) {
  const int limit = subject.config.max_pieces.value_or(kLongestProbe);
  // Positions and attention are in the first layer as in all; the others would
  // only cost time, but for one look at what was found.
  const absl::StatusOr<Trace> cut =
      subject.trace.Cut(std::min(1, subject.report.layers - 1));
  LengthSearch search(subject, cut.ok() ? *cut : subject.trace);
  const bool as_told = subject.config.max_pieces.has_value() &&
                       search.Runs(*subject.config.max_pieces);
  int longest = as_told ? limit : search.Longest(limit);
  std::string found = DescribeLimit(search, longest);
  if (cut.ok()) {
    LengthSearch whole(subject, subject.trace);
    if (whole.Affords(longest) && !whole.Runs(longest)) {
      longest = whole.Longest(longest);
      found = DescribeLimit(whole, longest);
    }
  }
  subject.report.longest_pieces = longest;
  if (longest == limit) {
    return {.passed = true, .found = absl::StrCat("runs on ", longest)};
  }
  if (subject.config.max_pieces.has_value()) {
    absl::StrAppend(&found, "; strata.json's max_pieces says ", limit,
                    ", of which ", longest, " are served");
  }
  return {.passed = false, .found = found};
}

}  // namespace strata
