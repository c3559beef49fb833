// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_INFER_EVENTS_H_
#define STRATA_SERVER_INFER_EVENTS_H_

#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/engine/call.h"
#include "server/answer_events.h"
#include "server/infer_call.h"

namespace strata {

// The one event of a request of ModelStreamInfer, a ModelStreamInferResponse:
// its answer, marked as its last, or what went wrong, with its id.
class InferEvents final : public AnswerEvents {
 public:
  explicit InferEvents(InferForm form) : form_(std::move(form)) {}

  absl::Status StatusOf(
      const absl::StatusOr<EncodeReply>& reply) const override;
  void OnInput(int input, EncodedInput result, const Outputs& outputs) override;
  void Finish(const absl::StatusOr<EncodeReply>& reply) override;
  void Drop() override { inputs_.clear(); }
  bool HasNext() const override { return event_.has_value(); }
  Event Next(bool& last) override;

 private:
  const InferForm form_;
  // In the order of the request's.
  std::vector<EncodedInput> inputs_;
  std::optional<Event> event_;
};

}  // namespace strata

#endif  // STRATA_SERVER_INFER_EVENTS_H_
