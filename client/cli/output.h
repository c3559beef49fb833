// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_OUTPUT_H_
#define STRATA_CLIENT_CLI_OUTPUT_H_

#include <fstream>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/cli/console.h"
#include "client/cli/proto_json.h"

namespace strata::cli {

// Where an answer is written, bit by bit. Thread-compatible.
//
// Errors, for a person; ReaderGone where nobody reads any more.
class Output {
 public:
  // The file at `path`, or `console.out` where that is empty.
  Output(std::string path, const Console& console);

  // What is written is on its way to the reader when it returns. The first call
  // makes the file, with its folders, or replaces it.
  absl::Status Write(absl::string_view bytes);

 private:
  const std::string path_;
  const Console& console_;
  std::ofstream file_;
};

// Writes all at once; see Output.
absl::Status Write(const std::string& path, absl::string_view bytes,
                   const Console& console);

// One line.
std::string JsonLine(const Json& json);

// JSON that stands within a line.
std::string JsonText(const Json& json);

// Says on `console.err` what went wrong, in a line of its own.
void Complain(const Console& console, absl::string_view message);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_OUTPUT_H_
