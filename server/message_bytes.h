// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_MESSAGE_BYTES_H_
#define STRATA_SERVER_MESSAGE_BYTES_H_

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "grpcpp/support/byte_buffer.h"

namespace strata {

// Reads `message` from network bytes where they lie; false where they are not
// one. Strings that are not UTF-8 make it false.
bool ParseMessage(grpc::ByteBuffer& bytes, google::protobuf::Message& message);

// Network bytes of `message`. Error: INTERNAL where it is 2 GiB or more.
absl::StatusOr<grpc::ByteBuffer> SerializeMessage(
    const google::protobuf::Message& message);

}  // namespace strata

#endif  // STRATA_SERVER_MESSAGE_BYTES_H_
