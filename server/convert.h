// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_CONVERT_H_
#define STRATA_SERVER_CONVERT_H_

#include "absl/status/statusor.h"
#include "core/base/host_tensor.h"
#include "core/base/observer.h"
#include "core/engine/call.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "strata/v1/tensor.pb.h"
#include "strata/v1/tokenizer_service.pb.h"

namespace strata {

// Between the messages of strata.v1 and core/engine/call.h. What only
// a message can be wrong in is refused here, in the wire's field names: unknown
// enum values, a oneof that is not set. All else is the engine's to check.
// Texts are moved, not copied. The caller fills in deadline, stop and
// request_bytes. Pure.
//
// Errors: INVALID_FIELD; SERVER_FULL where the host has no memory for the copy
// of the numbers.
absl::StatusOr<EncodeCall> ToEncodeCall(v1::EncodeRequest request);
absl::StatusOr<TokenizeCall> ToTokenizeCall(v1::TokenizeRequest request);
absl::StatusOr<DetokenizeCall> ToDetokenizeCall(v1::DetokenizeRequest request);

// An answer but for its encodings.
v1::EncodeResponse ToEncodeResponseHead(const EncodeReply& reply);
// An input's answer but for its outputs, which reply_slices.h and reply_parts.h
// append without copying their numbers.
v1::Encoding ToEncodingHead(EncodedInput& input);
// A tensor but for its data.
v1::Tensor ToTensorHead(const HostTensor& tensor);
v1::Timings ToTimings(const StageTimings& timings);

v1::TokenizeResponse ToTokenizeResponse(TokenizeReply reply);
v1::DetokenizeResponse ToDetokenizeResponse(DetokenizeReply reply);

}  // namespace strata

#endif  // STRATA_SERVER_CONVERT_H_
