// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// Requests as they come over the wire, to the calls that the engine takes.

#include <cstddef>
#include <cstdint>
#include <utility>

#include "core/base/error.h"
#include "google/protobuf/stubs/logging.h"
#include "server/convert.h"
#include "server/infer_call.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "strata/v1/tokenizer_service.pb.h"
#include "tests/fuzz/bytes.h"
#include "triton/grpc_service.pb.h"

namespace strata::fuzz {
namespace {

// Whether `result` is a call or says which field is wrong.
template <typename Result>
void CheckResult(const Result& result) {
  if (result.ok()) return;
  STRATA_FUZZ_CHECK(ReasonOf(result.status()) == Reason::kInvalidField);
  STRATA_FUZZ_CHECK(FieldOf(result.status()).has_value());
}

}  // namespace
}  // namespace strata::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace strata;  // NOLINT(google-build-using-namespace)
  // Its complaints about bytes that are no UTF-8 are as many as inputs.
  google::protobuf::SetLogHandler(nullptr);
  const int length = static_cast<int>(size);
  if (v1::EncodeRequest request; request.ParseFromArray(data, length)) {
    const auto inputs = request.inputs_size();
    const auto call = ToEncodeCall(std::move(request));
    fuzz::CheckResult(call);
    if (call.ok()) STRATA_FUZZ_CHECK(std::ssize(call->inputs) == inputs);
  }
  if (v1::TokenizeRequest request; request.ParseFromArray(data, length)) {
    fuzz::CheckResult(ToTokenizeCall(std::move(request)));
  }
  if (v1::DetokenizeRequest request; request.ParseFromArray(data, length)) {
    (void)ToDetokenizeCall(std::move(request));
  }
  if (inference::ModelInferRequest request;
      request.ParseFromArray(data, length)) {
    constexpr int kMaxInputs = 64;
    const auto call = ToInferCall(std::move(request), kMaxInputs);
    if (call.ok()) {
      STRATA_FUZZ_CHECK(!call->encode.inputs.empty());
      STRATA_FUZZ_CHECK(std::ssize(call->encode.inputs) <= kMaxInputs);
    } else if (ReasonOf(call.status()) != Reason::kNotImplemented) {
      fuzz::CheckResult(call);
    }
  }
  return 0;
}
