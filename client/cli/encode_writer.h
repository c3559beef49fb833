// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_ENCODE_WRITER_H_
#define STRATA_CLIENT_CLI_ENCODE_WRITER_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/console.h"
#include "client/cli/line_reader.h"
#include "client/cli/options.h"
#include "strata/v1/hidden_state_service.pb.h"

namespace strata::cli {

// Writes the answers of `encode` in one of its formats, batch by batch, in
// bounded memory but for what a table shows. Thread-compatible.
class EncodeWriter {
 public:
  virtual ~EncodeWriter() = default;

  // The answers to the first of `lines`, as many as `response` has encodings.
  // Errors: Output's; a tensor that is none.
  virtual absl::Status Add(const std::vector<Line>& lines,
                           v1::EncodeResponse response) = 0;

  // Once there are no more. Writes nothing where there were none.
  virtual absl::Status Finish() = 0;

  // Whether answers of different models may stand in one output: where each
  // says which one it is from.
  virtual bool TellsModelsApart() const { return false; }
};

// `several`: whether there is more than one text, which only kNpy asks; its
// error is NpyPaths'. `console` must outlive the writer.
absl::StatusOr<std::unique_ptr<EncodeWriter>> MakeEncodeWriter(
    Format format, const std::string& output, bool several,
    const Console& console);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_ENCODE_WRITER_H_
