// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_BYTE_SOURCE_H_
#define STRATA_CLIENT_CLI_BYTE_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "absl/status/statusor.h"

namespace strata::cli {

// Bytes that come one after the other. One thread reads; any may interrupt it.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // Puts what comes next into the begin of `buffer`, which has room, and says
  // how many bytes that is: what there is, waiting only where there is none.
  // 0: the end, or Interrupt was called. Errors: what the system says.
  virtual absl::StatusOr<std::size_t> Read(std::span<char> buffer) = 0;

  // Ends a Read that waits, and every later one.
  virtual void Interrupt() = 0;

  // What a person calls it: "standard input", "--file PATH".
  virtual std::string name() const = 0;

  // How many bytes there are where that is known, as of a regular file: a
  // reader need never wait for them. nullopt: they may come at any time.
  virtual std::optional<std::int64_t> size() const = 0;
};

// The bytes of `path`, or of the descriptor `standard_input` where that is "-";
// this descriptor stays open. Error: a UsageError where the file cannot be
// opened.
absl::StatusOr<std::unique_ptr<ByteSource>> OpenBytes(const std::string& path,
                                                      int standard_input);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_BYTE_SOURCE_H_
