// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_REPLY_SLICES_H_
#define STRATA_SERVER_REPLY_SLICES_H_

#include "core/engine/call.h"
#include "grpcpp/support/byte_buffer.h"

namespace strata {

// A serialized strata.v1.EncodeResponse whose tensors' numbers are not copied:
// the buffer's slices point at the memory that the batch's copy from the device
// filled, and hold its owner until the network has sent them.
//
// All but the numbers is serialized by protobuf. The framing around the numbers
// is written by hand, which the wire format allows: a message is the
// concatenation of its fields, in any order.
grpc::ByteBuffer ToEncodeResponse(EncodeReply reply);

}  // namespace strata

#endif  // STRATA_SERVER_REPLY_SLICES_H_
