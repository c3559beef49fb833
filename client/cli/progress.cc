// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/progress.h"

#include <algorithm>
#include <cstdint>
#include <ostream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/cli/format.h"
#include "client/cli/utf8.h"

namespace strata::cli {
namespace {

// To the begin of the line, and what follows is blank.
constexpr absl::string_view kBlank = "\r\x1b[K";

// "0:07", "12:34", "1:00:00".
std::string Clock(absl::Duration time) {
  const std::int64_t seconds = absl::ToInt64Seconds(
      absl::Ceil(std::max(time, absl::ZeroDuration()), absl::Seconds(1)));
  const std::int64_t minutes = seconds / 60;
  if (minutes < 60) return absl::StrFormat("%d:%02d", minutes, seconds % 60);
  return absl::StrFormat("%d:%02d:%02d", minutes / 60, minutes % 60,
                         seconds % 60);
}

std::string Rate(double rate) {
  return rate < 10 ? absl::StrFormat("%.1f texts/s", rate)
                   : absl::StrFormat("%.0f texts/s", rate);
}

}  // namespace

std::string ProgressLine(const ProgressState& state) {
  std::string line = Count(state.texts, "text");
  const double seconds = absl::ToDoubleSeconds(state.elapsed);
  if (seconds > 0) {
    absl::StrAppend(&line, ", ",
                    Rate(static_cast<double>(state.texts) / seconds));
  }
  if (!state.all_bytes.has_value() || *state.all_bytes == 0) return line;
  // A file may have grown since.
  const double share = std::min(1.0, static_cast<double>(state.bytes) /
                                         static_cast<double>(*state.all_bytes));
  absl::StrAppend(&line, absl::StrFormat(", %.0f %%", 100 * share));
  if (share > 0) {
    absl::StrAppend(&line, ", ", Clock(state.elapsed * (1 / share - 1)),
                    " left");
  }
  return line;
}

Progress::Progress(std::ostream& terminal, Options options)
    : terminal_(terminal),
      options_(std::move(options)),
      begin_(options_.now()),
      state_{.all_bytes = options_.all_bytes},
      drawn_(begin_) {}

Progress::~Progress() { Hide(); }

void Progress::Add(std::int64_t texts, std::int64_t end) {
  state_.texts += texts;
  state_.bytes = end;
}

void Progress::Draw() {
  if (!options_.shown) return;
  const absl::Time now = options_.now();
  if (now - drawn_ < kInterval) return;
  state_.elapsed = now - begin_;
  terminal_ << kBlank << Shorten(ProgressLine(state_), options_.width - 1)
            << std::flush;
  drawn_ = now;
  visible_ = true;
}

void Progress::Hide() {
  if (!visible_) return;
  terminal_ << kBlank << std::flush;
  visible_ = false;
}

}  // namespace strata::cli
