// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/model/checks.h"
#include "core/model/report.h"
#include "core/model/subject.h"
#include "core/model/trace.h"

namespace strata {
namespace {

// As far as a length is looked for unless strata.json says otherwise.
constexpr int kLongestProbe = 8192;
// Every trace that gets here has run on this many.
constexpr int kKnownToRun = 23;
// A longer forward than this ends the search: loading is not worth minutes, nor
// a machine's memory.
constexpr absl::Duration kSlowForward = absl::Seconds(1);

// Looks for the longest sequence that `trace` runs on.
class LengthSearch {
 public:
  LengthSearch(const Subject& subject, const Trace& trace)
      : subject_(subject), trace_(trace) {
    Runs(kKnownToRun);  // Compiles, so that the next one's time counts.
  }

  // Whether it runs, with finite results.
  bool Runs(int length) {
    const absl::Time start = subject_.clock.Now();
    const std::vector<Sequence> sequence = {Probe(subject_, length, 0)};
    const auto layers = RunRows(subject_, trace_, sequence);
    const bool runs = layers.ok() && ShapeProblem(*layers, 1, length).empty() &&
                      layers->back().isfinite().all().item<bool>();
    slow_ = subject_.clock.Now() - start > kSlowForward;
    return runs;
  }

  // The longest up to `limit`: doubles until one fails, is slow or is the
  // limit, and halves the gap that a failure leaves.
  int Longest(int limit) {
    int longest = std::min(kKnownToRun, limit);
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

  // Whether Longest ended because a forward was slow.
  bool ended_early() const { return ended_early_; }

 private:
  const Subject& subject_;
  const Trace& trace_;
  bool slow_ = false;
  bool ended_early_ = false;
};

}  // namespace

Finding CheckLongestLength(Subject& subject) {
  const int limit = subject.config.max_pieces.value_or(kLongestProbe);
  // Positions and attention are in the first layer as in all; the others would
  // only cost time.
  const absl::StatusOr<Trace> cut =
      subject.trace.Cut(std::min(1, subject.report.layers - 1));
  LengthSearch search(subject, cut.ok() ? *cut : subject.trace);
  const bool as_told = subject.config.max_pieces.has_value() &&
                       search.Runs(*subject.config.max_pieces);
  const int longest = as_told ? limit : search.Longest(limit);
  subject.report.longest_pieces = longest;
  if (longest == limit) {
    return {.passed = true, .found = absl::StrCat("runs on ", longest)};
  }
  return {.passed = false,
          .found = search.ended_early()
                       ? absl::StrCat("runs on ", longest,
                                      ", longer ones not tried since that "
                                      "took more than ",
                                      absl::FormatDuration(kSlowForward))
                       : absl::StrCat("runs on ", longest, ", fails on ",
                                      longest + 1)};
}

}  // namespace strata
