// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/call_environment.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/memory_guard.h"
#include "core/base/observer.h"
#include "core/base/status_macros.h"
#include "google/protobuf/message.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/caller.h"
#include "server/load_meter.h"
#include "server/message_bytes.h"
#include "server/message_readers.h"
#include "server/metrics.h"

namespace strata {

absl::StatusOr<Caller> AuthenticateAdmin(
    const CallEnvironment& environment,
    const grpc::CallbackServerContext& context, absl::string_view method) {
  STRATA_ASSIGN_OR_RETURN(Caller caller,
                          environment.authenticator.Authenticate(context));
  STRATA_RETURN_IF_ERROR(CheckRole(caller, Role::kAdmin, method));
  if (!environment.admin_calls) {
    return Error(Reason::kNotAllowed,
                 absl::StrCat(method,
                              " is answered on the port of --admin-listen, "
                              "not on this one"));
  }
  return caller;
}

absl::Time DeadlineOn(const Clock& clock,
                      std::chrono::system_clock::time_point deadline) {
  if (deadline == std::chrono::system_clock::time_point::max()) {
    return absl::InfiniteFuture();
  }
  return clock.Now() +
         absl::FromChrono(deadline - std::chrono::system_clock::now());
}

void ReadOn(const CallEnvironment& environment, std::int64_t bytes,
            absl::AnyInvocable<void()> read) {
  if (environment.readers == nullptr) {
    std::move(read)();
  } else {
    environment.readers->Read(bytes, std::move(read));
  }
}

absl::Status TakeMessage(grpc::ByteBuffer& bytes,
                         google::protobuf::Message& message) {
  const std::size_t size = bytes.Length();
  STRATA_ASSIGN_OR_RETURN(
      const bool parsed,
      GuardMemory("read the request", [&]() -> absl::StatusOr<bool> {
        return ParseMessage(bytes, message);
      }));
  bytes.Clear();
  if (parsed) return absl::OkStatus();
  return Error(Reason::kMalformedMessage,
               absl::StrCat("the request's ", size, " bytes are not a valid ",
                            std::string(message.GetDescriptor()->full_name()),
                            "; a string that is not UTF-8 is the usual cause"));
}

void CountRefused(const CallEnvironment& environment, absl::string_view model,
                  const absl::Status& status) {
  if (environment.observer == nullptr) return;
  environment.observer->OnRequestDone(model, status, 0, {});
}

void CountCancelled(const CallEnvironment& environment) {
  Metrics* const metrics = environment.telemetry.metrics;
  if (metrics != nullptr) metrics->OnCallCancelled();
}

void AddTrailers(const CallEnvironment& environment,
                 const std::string& request_id, const absl::Status& status,
                 grpc::ServerContextBase& context) {
  context.AddTrailingMetadata("x-request-id", request_id);
  if (const auto wait = RetryAfterOf(status); wait.has_value()) {
    context.AddTrailingMetadata("grpc-retry-pushback-ms",
                                absl::StrCat(absl::ToInt64Milliseconds(
                                    absl::Ceil(*wait, absl::Milliseconds(1)))));
  }
  if (environment.telemetry.load == nullptr) return;
  const std::string report = environment.telemetry.load->Report();
  if (!report.empty()) {
    context.AddTrailingMetadata("endpoint-load-metrics-bin", report);
  }
}

}  // namespace strata
