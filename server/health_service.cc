// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/health_service.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"
#include "grpc/health/v1/health.pb.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "grpcpp/support/status.h"
#include "server/call_environment.h"
#include "server/message_bytes.h"
#include "server/message_readers.h"
#include "server/refused_call.h"
#include "server/status.h"

namespace strata {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

namespace {

grpc::ByteBuffer ResponseOf(HealthCheckResponse::ServingStatus status) {
  HealthCheckResponse message;
  message.set_status(status);
  // Of two bytes, which are never too many.
  return SerializeMessage(message).value_or(grpc::ByteBuffer());
}

absl::StatusOr<HealthCheckRequest> RequestOf(const grpc::ByteBuffer& bytes) {
  // All that it holds is a name, and it is read on gRPC's threads, whoever
  // sends it.
  if (bytes.Length() > MessageReaders::kShortMessage) {
    return Error(
        Reason::kMalformedMessage,
        absl::StrCat("got ", bytes.Length(), " bytes, expected at most ",
                     MessageReaders::kShortMessage, ": the name of a model"));
  }
  // Shares what they hold.
  grpc::ByteBuffer shared = bytes;
  HealthCheckRequest message;
  STRATA_RETURN_IF_ERROR(TakeMessage(shared, message));
  return message;
}

}  // namespace

// One Watch: writes each new status, one write at a time, the latest if several
// came meanwhile. Owns itself until gRPC is done with it.
class HealthService::Watcher final
    : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  Watcher(HealthService& service, std::string name)
      : service_(service), name_(std::move(name)) {}

  const std::string& name() const { return name_; }

  // Tells the watcher, unless it knows already.
  void Tell(Status status) ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    latest_ = status;
    WriteOrFinish();
  }

  // Ends the stream after the latest status.
  void End() ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    ending_ = true;
    WriteOrFinish();
  }

  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    writing_ = false;
    if (!ok) {  // Nobody is there to be told.
      latest_ = told_;
      ending_ = true;
    }
    WriteOrFinish();
  }

  void OnCancel() override { End(); }

  void OnDone() override {
    service_.Forget(this);
    const std::unique_ptr<Watcher> self(this);
  }

 private:
  void WriteOrFinish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || finished_) return;
    if (latest_ != told_) {
      told_ = latest_;
      writing_ = true;
      message_ = ResponseOf(latest_);
      StartWrite(&message_);
    } else if (ending_) {
      finished_ = true;
      Finish({grpc::StatusCode::UNAVAILABLE, "the server is stopping"});
    }
  }

  HealthService& service_;
  const std::string name_;

  Mutex mutex_;
  grpc::ByteBuffer message_ ABSL_GUARDED_BY(mutex_);
  Status latest_ ABSL_GUARDED_BY(mutex_) = HealthCheckResponse::UNKNOWN;
  Status told_ ABSL_GUARDED_BY(mutex_) = HealthCheckResponse::UNKNOWN;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

void HealthService::SetServingStatus(const std::string& name, bool serving) {
  MutexLock lock(mutex_);
  serving_[name] = serving;
  TellWatchers();
}

void HealthService::SetServingStatus(bool serving) {
  MutexLock lock(mutex_);
  for (auto& [name, status] : serving_) status = serving;
  TellWatchers();
}

bool HealthService::IsServing(const std::string& name) const {
  MutexLock lock(mutex_);
  return StatusOf(name) == HealthCheckResponse::SERVING;
}

void HealthService::Shutdown() {
  MutexLock lock(mutex_);
  stopped_ = true;
  TellWatchers();
}

void HealthService::EndWatches() {
  MutexLock lock(mutex_);
  ending_ = true;
  for (Watcher* watcher : watchers_) watcher->End();
}

grpc::ServerUnaryReactor* HealthService::Check(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  const auto asked = RequestOf(*request);
  auto* reactor = context->DefaultReactor();
  if (!asked.ok()) {
    reactor->Finish(ToGrpcStatus(asked.status()));
    return reactor;
  }
  Status status = HealthCheckResponse::UNKNOWN;
  {
    MutexLock lock(mutex_);
    status = StatusOf(asked->service());
  }
  if (status == HealthCheckResponse::SERVICE_UNKNOWN) {
    reactor->Finish(ToGrpcStatus(
        Error(Reason::kModelNotFound,
              absl::StrCat("no service \"", asked->service(),
                           R"("; ask for a model by name, or for "")"))));
  } else {
    *response = ResponseOf(status);
    reactor->Finish(grpc::Status::OK);
  }
  return reactor;
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* HealthService::Watch(
    grpc::CallbackServerContext* /*context*/, const grpc::ByteBuffer* request) {
  const auto asked = RequestOf(*request);
  if (!asked.ok()) {
    return RefusedCall<grpc::ServerWriteReactor<grpc::ByteBuffer>>::Start(
        asked.status());
  }
  // gRPC calls OnDone, which ends its life.
  auto* watcher = std::make_unique<Watcher>(*this, asked->service()).release();
  MutexLock lock(mutex_);
  watchers_.insert(watcher);
  watcher->Tell(StatusOf(watcher->name()));
  if (ending_) watcher->End();
  return watcher;
}

HealthService::Status HealthService::StatusOf(const std::string& name) const {
  if (name == kLive) return HealthCheckResponse::SERVING;
  const auto found = serving_.find(name);
  if (found == serving_.end()) return HealthCheckResponse::SERVICE_UNKNOWN;
  return found->second && !stopped_ ? HealthCheckResponse::SERVING
                                    : HealthCheckResponse::NOT_SERVING;
}

void HealthService::TellWatchers() {
  for (Watcher* watcher : watchers_) {
    watcher->Tell(StatusOf(watcher->name()));
  }
}

void HealthService::Forget(Watcher* watcher) {
  MutexLock lock(mutex_);
  watchers_.erase(watcher);
}

}  // namespace strata
