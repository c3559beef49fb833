// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_TEXTS_H_
#define STRATA_CLIENT_CLI_TEXTS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/byte_source.h"
#include "client/cli/options.h"

// The texts that the person means: arguments, or the lines of a file or of
// standard input, empty ones included so that answers keep the lines' numbers.
// Errors are UsageErrors.
namespace strata::cli {

// Whether they are lines.
bool AreLines(const TextSource& source);

// What is wrong with `source` before anything is read: no texts, texts both as
// arguments and in a file, an argument that is not UTF-8.
absl::Status CheckSource(const TextSource& source);

// Where the lines are. `standard_input` is a descriptor.
absl::StatusOr<std::unique_ptr<ByteSource>> OpenLines(const TextSource& source,
                                                      int standard_input);

// All of them at once. Errors: CheckSource's, LineReader's, there are none, one
// is not UTF-8.
absl::StatusOr<std::vector<std::string>> ReadTexts(const TextSource& source,
                                                   int standard_input);

// The error of a file without a line.
absl::Status NoLineError();

// What a person calls the text at `index`, from 0: "line 3", "text 3".
std::string TextName(bool is_line, std::int64_t index);

// OK, or an error that says where `text`, called `what`, stops being UTF-8.
// Protobuf would log and send it all the same.
absl::Status CheckUtf8(absl::string_view what, absl::string_view text);

// The same for the texts among `options`.
absl::Status CheckUtf8(const PieceOptions& options);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_TEXTS_H_
