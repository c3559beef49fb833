// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_INFER_STREAM_H_
#define STRATA_SERVER_INFER_STREAM_H_

#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/parts_call.h"
#include "server/stream_set.h"

namespace strata {

// ModelStreamInfer, from the first byte to the last: an EncodeStream in the
// messages of the Open Inference Protocol. Each request is answered by one
// message, when it is computed; one that fails does not end the stream.
// `streams` has the stream while it is open.
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>*
StartModelStreamInfer(const PartsEnvironment& environment,
                      grpc::CallbackServerContext* context, StreamSet& streams);

}  // namespace strata

#endif  // STRATA_SERVER_INFER_STREAM_H_
