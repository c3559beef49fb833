// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_PROGRESS_H_
#define STRATA_CLIENT_CLI_PROGRESS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace strata::cli {

// How far a run is.
struct ProgressState {
  std::int64_t texts = 0;
  // Bytes of the input up to the last of these texts, and of all of it.
  // nullopt: nobody knows how much there will be.
  std::int64_t bytes = 0;
  std::optional<std::int64_t> all_bytes;
  absl::Duration elapsed;
};

// "1204 texts, 210 texts/s, 42 %, 0:31 left".
std::string ProgressLine(const ProgressState& state);

// Keeps one line of a terminal up to date. Thread-compatible.
//
//   Progress progress(console.err, {.shown = true, .all_bytes = size});
//   for (...) {
//     progress.Hide();   // before anything else is written there
//     progress.Add(lines.size(), lines.back().end);
//     progress.Draw();
//   }
class Progress {
 public:
  struct Options {
    // Whether anything is ever drawn.
    bool shown = false;
    // Columns of the terminal: a longer line could not be taken off again.
    int width = 80;
    std::optional<std::int64_t> all_bytes;
    // Replaced in tests.
    std::function<absl::Time()> now = absl::Now;
  };

  // How often the line changes at most.
  static constexpr absl::Duration kInterval = absl::Milliseconds(250);

  Progress(std::ostream& terminal, Options options);
  // Hides the line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `texts` more are done, the input up to byte `end`.
  void Add(std::int64_t texts, std::int64_t end);
  // Draws the line in place of the one before, if that is kInterval old; the
  // first once as much has passed since the start.
  void Draw();
  // Takes the line off the terminal, until it is drawn again.
  void Hide();

 private:
  std::ostream& terminal_;
  const Options options_;
  const absl::Time begin_;
  ProgressState state_;
  absl::Time drawn_;
  bool visible_ = false;
};

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_PROGRESS_H_
