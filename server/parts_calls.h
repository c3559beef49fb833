// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_PARTS_CALLS_H_
#define STRATA_SERVER_PARTS_CALLS_H_

#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/parts_call.h"
#include "server/stream_set.h"

namespace strata {

// EncodeChunks and EncodeStream, from the first byte to the last: each call is
// an AnswerStream and the reactor that is its wire. Raw, as UnaryCall is. The
// reactor keeps itself alive until gRPC is done with it.
grpc::ServerWriteReactor<grpc::ByteBuffer>* StartEncodeChunks(
    const PartsEnvironment& environment, grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request);

// `streams` has the stream while it is open.
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StartEncodeStream(
    const PartsEnvironment& environment, grpc::CallbackServerContext* context,
    StreamSet& streams);

}  // namespace strata

#endif  // STRATA_SERVER_PARTS_CALLS_H_
