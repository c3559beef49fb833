// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/answer_work.h"

#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "tests/bench/tally.h"

namespace strata::bench {

void AnswerWork::Add(const grpc::ByteBuffer& answer) {
  grpc::ByteBuffer copy(answer);  // A reader wants one that it may change.
  grpc::ProtoBufferReader reader(&copy);
  v1::EncodeResponse response;
  if (!response.ParseFromZeroCopyStream(&reader)) return;
  for (const v1::Encoding& encoding : response.encodings()) {
    const v1::BatchInfo& batch = encoding.batch();
    if (batch.pieces() == 0 || batch.rows() == 0) continue;
    const double pieces = encoding.piece_count();
    const double share = pieces / batch.pieces();
    const double places = batch.padded_pieces();
    pieces_ += pieces;
    pairs_ += pieces * pieces;
    computed_places_ += share * places;
    computed_pairs_ += share * places * places / batch.rows();
  }
}

Json AnswerWork::ToJson() const {
  return {{"pieces", pieces_},
          {"pairs", pairs_},
          {"computed_places", computed_places_},
          {"computed_pairs", computed_pairs_}};
}

}  // namespace strata::bench
