// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_BATCH_ANSWER_H_
#define STRATA_CLIENT_CLI_BATCH_ANSWER_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/line_reader.h"
#include "strata/v1/hidden_state_service.pb.h"

namespace strata::cli {

// Encodes texts by one request. Called on several threads.
using EncodeFunction = std::function<absl::StatusOr<v1::EncodeResponse>(
    const std::vector<std::string>& texts)>;

// What came of a batch of texts.
struct BatchAnswer {
  // An encoding for each of the first texts; of all where `status` is OK.
  v1::EncodeResponse response;
  // Why the text after them has none.
  absl::Status status;
};

struct BatchOptions {
  // Whether errors call a text a line.
  bool are_lines = true;
  // Whether a text that is refused counts as failed, with its status in its
  // encoding, and those after it are encoded. Otherwise it ends the batch, and
  // those before it are encoded.
  bool keep_going = false;
};

// Encodes `lines`, by more than one request where one is refused for a text of
// it. A text that is not UTF-8 is refused here, as the server would.
//
// An error that is about one text names it by its place among all; it keeps
// what the server attached.
BatchAnswer EncodeBatch(const std::vector<Line>& lines,
                        const BatchOptions& options,
                        const EncodeFunction& encode);

// Which of its inputs a request was refused for: INVALID_ARGUMENT whose
// google.rpc.BadRequest names "inputs[N]" or its text. nullopt: for none, as
// where it is about an option that all of them share.
std::optional<std::size_t> RefusedInput(const absl::Status& status);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_BATCH_ANSWER_H_
