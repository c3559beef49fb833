// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_BENCH_ANSWER_WORK_H_
#define STRATA_TESTS_BENCH_ANSWER_WORK_H_

#include <cstdint>

#include "grpcpp/support/byte_buffer.h"
#include "tests/bench/tally.h"

namespace strata::bench {

// What the forwards that carried the texts of answers computed, and what of it
// was useful. Each text bears its share of its forward, in proportion to its
// pieces, so of all texts of a forward together it is all of it.
class AnswerWork {
 public:
  // `answer` is a strata.v1.EncodeResponse.
  void Add(const grpc::ByteBuffer& answer);

  // Places and pairs of places (see Work in batches.h), useful and computed.
  Json ToJson() const;

 private:
  double pieces_ = 0;
  double pairs_ = 0;
  double computed_places_ = 0;
  double computed_pairs_ = 0;
};

}  // namespace strata::bench

#endif  // STRATA_TESTS_BENCH_ANSWER_WORK_H_
