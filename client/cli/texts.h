// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_TEXTS_H_
#define STRATA_CLIENT_CLI_TEXTS_H_

#include <istream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/options.h"

namespace strata::cli {

// The texts that the person means. Of a file, one for each line, empty lines
// included so that the answers keep the lines' numbers; a carriage return
// before the line feed is not part of a text. `in` is standard input.
//
// Errors, for a person: there are none, arguments and a file at once, the file
// cannot be read, a text is not UTF-8.
absl::StatusOr<std::vector<std::string>> ReadTexts(const TextSource& source,
                                                   std::istream& in);

// OK, or an error that says where `text`, called `what`, stops being UTF-8.
// Protobuf would log and send it all the same.
absl::Status CheckUtf8(absl::string_view what, absl::string_view text);

// The same for the texts among `options`.
absl::Status CheckUtf8(const PieceOptions& options);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_TEXTS_H_
