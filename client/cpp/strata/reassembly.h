// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CPP_REASSEMBLY_H_
#define STRATA_CLIENT_CPP_REASSEMBLY_H_

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/rpc/status.pb.h"
#include "strata/v1/hidden_state_service.pb.h"

namespace strata {

// Puts the events of one request, an EncodeChunks call's or those of one
// request_id of a stream, together to the answer that Encode gives.
// Thread-compatible.
//
//   Reassembly answer(request.inputs_size());
//   v1::EncodeChunksResponse event;
//   while (reader->Read(&event)) {
//     if (auto status = answer.Add(event); !status.ok()) return status;
//   }
//   return answer.Take();
//
// Errors: the request's own, from a `done` that is one; INTERNAL where the
// events are not in the order that the API promises, or some are missing.
class Reassembly {
 public:
  // Of a request of so many inputs.
  explicit Reassembly(int inputs);

  // Takes an EncodeChunksResponse or EncodeStreamResponse, whose content it
  // moves out.
  template <typename Event>
  absl::Status Add(Event& event) {
    switch (event.event_case()) {
      case Event::kEncoding:
        return AddEncoding(event.input(), std::move(*event.mutable_encoding()));
      case Event::kPart:
        return AddPart(event.input(), event.part());
      case Event::kDone:
        return Finish(event.done(), std::move(*event.mutable_answer()));
      default:
        // Of a newer server.
        return absl::OkStatus();
    }
  }

  // Whether `done` has come.
  [[nodiscard]] bool done() const { return done_; }

  // The answer, once. Only after `done`.
  absl::StatusOr<v1::EncodeResponse> Take();

 private:
  absl::Status AddEncoding(int input, v1::Encoding encoding);
  absl::Status AddPart(int input, const v1::TensorPart& part);
  absl::Status Finish(const google::rpc::Status& status,
                      v1::EncodeResponse answer);

  v1::EncodeResponse response_;
  // Of each input: the output that the next part is of; -1: its encoding has
  // not come.
  std::vector<int> next_outputs_;
  bool done_ = false;
};

}  // namespace strata

#endif  // STRATA_CLIENT_CPP_REASSEMBLY_H_
