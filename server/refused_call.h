// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_REFUSED_CALL_H_
#define STRATA_SERVER_REFUSED_CALL_H_

#include <memory>

#include "absl/status/status.h"
#include "server/status.h"

namespace strata {

// A call of any kind that is answered with an error before its request is
// looked at. `Reactor` is gRPC's: ServerUnaryReactor,
// ServerWriteReactor<ByteBuffer>, ... Keeps itself alive until gRPC is done.
//
//   return RefusedCall<grpc::ServerUnaryReactor>::Start(Error(...));
template <typename Reactor>
class RefusedCall final : public Reactor {
 public:
  static Reactor* Start(const absl::Status& status) {
    // Not make_shared: the constructor is private.
    const std::shared_ptr<RefusedCall> call(new RefusedCall());
    call->self_ = call;
    call->Finish(ToGrpcStatus(status));
    return call.get();
  }

 private:
  RefusedCall() = default;

  void OnDone() override { self_.reset(); }

  std::shared_ptr<RefusedCall> self_;
};

}  // namespace strata

#endif  // STRATA_SERVER_REFUSED_CALL_H_
