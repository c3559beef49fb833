// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_BENCH_REQUESTS_H_
#define STRATA_TESTS_BENCH_REQUESTS_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "grpcpp/support/byte_buffer.h"
#include "tests/bench/texts.h"

namespace strata::bench {

// What is asked of the server for each text.
struct RequestForm {
  std::string model;
  // Send piece ids instead of text, so that nothing is tokenized.
  bool as_ids = false;
  // The mean over a text's pieces instead of every piece.
  bool mean = true;
  // Empty: the last.
  std::vector<int> layers;
  // Texts of a request.
  int inputs = 1;
  // The model's, to know how large an answer is at least. 0: not known.
  int width = 0;
};

// A request that is ready to be sent, as often as one likes.
struct Request {
  grpc::ByteBuffer bytes;
  int texts = 0;
  std::int64_t pieces = 0;
  int longest = 0;
  // Of the numbers in its answer.
  std::int64_t least_answer_bytes = 0;
};

// The texts as requests, in their order.
std::vector<Request> MakeRequests(std::span<const Text> texts,
                                  const RequestForm& form);

// A request of EchoServer for an answer of `answer_bytes`.
Request MakeEchoRequest(std::int64_t answer_bytes);

}  // namespace strata::bench

#endif  // STRATA_TESTS_BENCH_REQUESTS_H_
