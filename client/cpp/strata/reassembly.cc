// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "strata/reassembly.h"

#include <grpcpp/support/status.h>

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/rpc/status.pb.h"
#include "strata/status.h"
#include "strata/tensor_view.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "strata/v1/tensor.pb.h"

namespace strata {
namespace {

absl::Status Broken(absl::string_view what) {
  return absl::InternalError(absl::StrCat(
      "the parts of the server's answer do not fit together: ", what));
}

// Memory for the whole tensor at once, where its size can be believed.
void Reserve(v1::Tensor& tensor) {
  constexpr std::size_t kMost = std::size_t{4} << 30;
  std::size_t bytes = BytesPerNumber(tensor.dtype());
  for (const auto dimension : tensor.shape()) {
    if (dimension <= 0 || bytes > kMost / static_cast<std::size_t>(dimension)) {
      return;
    }
    bytes *= static_cast<std::size_t>(dimension);
  }
  tensor.mutable_data()->reserve(bytes);
}

}  // namespace

Reassembly::Reassembly(int inputs) : next_outputs_(inputs, -1) {
  for (int i = 0; i < inputs; ++i) response_.add_encodings();
}

absl::Status Reassembly::AddEncoding(int input, v1::Encoding encoding) {
  if (input < 0 || input >= std::ssize(next_outputs_) ||
      next_outputs_[input] != -1) {
    return Broken(absl::StrCat("an encoding of input ", input, ", the request ",
                               "has ", next_outputs_.size(),
                               ", each is answered once"));
  }
  next_outputs_[input] = 0;
  *response_.mutable_encodings(input) = std::move(encoding);
  return absl::OkStatus();
}

absl::Status Reassembly::AddPart(int input, const v1::TensorPart& part) {
  if (input < 0 || input >= std::ssize(next_outputs_) ||
      next_outputs_[input] != part.output() ||
      part.output() >= response_.encodings(input).outputs_size()) {
    return Broken(absl::StrCat("a part of output ", part.output(), " of input ",
                               input, ", out of its turn"));
  }
  v1::Tensor& tensor = *response_.mutable_encodings(input)
                            ->mutable_outputs(part.output())
                            ->mutable_tensor();
  if (part.offset() != std::ssize(tensor.data())) {
    return Broken(absl::StrCat("a part at byte ", part.offset(),
                               ", expected one at byte ",
                               tensor.data().size()));
  }
  if (part.offset() == 0 && !part.last()) Reserve(tensor);
  tensor.mutable_data()->append(part.data());
  if (part.last()) ++next_outputs_[input];
  return absl::OkStatus();
}

absl::Status Reassembly::Finish(const google::rpc::Status& status,
                                v1::EncodeResponse answer) {
  if (status.code() != 0) {
    return StatusFromGrpc({static_cast<grpc::StatusCode>(status.code()),
                           status.message(), status.SerializeAsString()});
  }
  for (std::size_t i = 0; i < next_outputs_.size(); ++i) {
    const int outputs = response_.encodings(static_cast<int>(i)).outputs_size();
    if (next_outputs_[i] != outputs) {
      return Broken(absl::StrCat("input ", i, " is not complete"));
    }
  }
  answer.mutable_encodings()->Swap(response_.mutable_encodings());
  response_ = std::move(answer);
  done_ = true;
  return absl::OkStatus();
}

absl::StatusOr<v1::EncodeResponse> Reassembly::Take() {
  if (!done_) return Broken("it ended before 'done'");
  return std::move(response_);
}

}  // namespace strata
