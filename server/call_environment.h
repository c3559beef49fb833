// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_CALL_ENVIRONMENT_H_
#define STRATA_SERVER_CALL_ENVIRONMENT_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/observer.h"
#include "google/protobuf/message.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/authenticator.h"
#include "server/caller.h"
#include "server/message_readers.h"
#include "server/telemetry.h"

namespace strata {

// What every call of a service needs; all of it outlives the server.
struct CallEnvironment {
  const Clock& clock;
  const Authenticator& authenticator;
  // Told of calls that are refused before the engine, which tells of its own,
  // has seen them. nullptr: they are not counted.
  Observer* observer = nullptr;
  // Where messages that take long to read are read; see ReadOn. nullptr: on
  // gRPC's threads, as all others.
  MessageReaders* readers = nullptr;
  Telemetry telemetry = {};
  // Whether this port takes calls that want the role admin.
  bool admin_calls = true;
};

// Who makes `method`, a call that wants the role admin: each such RPC asks here
// before anything else. Errors: NOT_AUTHENTICATED; NOT_ALLOWED for another role
// or on another port.
absl::StatusOr<Caller> AuthenticateAdmin(
    const CallEnvironment& environment,
    const grpc::CallbackServerContext& context, absl::string_view method);

// When the caller gives up, on our clock: gRPC's deadline is on the wall clock,
// which may have been set since.
absl::Time DeadlineOn(const Clock& clock,
                      std::chrono::system_clock::time_point deadline);

// Runs `read`, which reads a message of `bytes` bytes and acts on it, as the
// environment's readers do.
void ReadOn(const CallEnvironment& environment, std::int64_t bytes,
            absl::AnyInvocable<void()> read);

// Reads `message` out of `bytes` and lets them go. Errors: MALFORMED_MESSAGE;
// SERVER_FULL for want of memory.
absl::Status TakeMessage(grpc::ByteBuffer& bytes,
                         google::protobuf::Message& message);

// Tells the observer of a request that the engine has not seen. `model` as the
// request names it.
void CountRefused(const CallEnvironment& environment, absl::string_view model,
                  const absl::Status& status);

// Tells the metrics of a call whose caller cancelled it, gave up or is gone
// before the server was done with it.
void CountCancelled(const CallEnvironment& environment);

// Gives the call's trailing metadata its `x-request-id`, a load report where
// there are some, and, where `status`, with which the call ends, says when to
// come back, `grpc-retry-pushback-ms`: what gRPC's own retries heed (gRFC A6),
// and a proxy, which cannot read RetryInfo, knows refusals that can pass by.
// Called before the call's end, once. Not initial metadata: a proxy retries
// only errors that come without.
void AddTrailers(const CallEnvironment& environment,
                 const std::string& request_id, const absl::Status& status,
                 grpc::ServerContextBase& context);

}  // namespace strata

#endif  // STRATA_SERVER_CALL_ENVIRONMENT_H_
