// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_HEALTH_SERVICE_H_
#define STRATA_SERVER_HEALTH_SERVICE_H_

#include <map>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "core/base/mutex.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"

namespace strata {

// What health says of the process, whatever its models are like, for probes
// that start it anew. No model can have such a name, because of the slash.
//
// SERVING whenever anybody is answered, during a drain too: a server whose
// models are all refused is not mended by a restart.
inline constexpr absl::string_view kLive = "/live";
// SERVING once every model that was there at the start is ready or refused;
// until then "" may say SERVING for the first of them.
inline constexpr absl::string_view kStarted = "/started";

// grpc.health.v1, as its proto describes it. gRPC's own service would do but
// for two things: a Watch that nobody ends holds a shutdown up to its deadline,
// and reflection does not list it. Thread-safe; outlives its server.
//
// Raw, as the services of strata.v1 are: gRPC's own parsing answers
// UNIMPLEMENTED where a message is malformed, which says that there is no such
// method.
class HealthService final
    : public grpc::health::v1::Health::WithRawCallbackMethod_Check<
          grpc::health::v1::Health::WithRawCallbackMethod_Watch<
              grpc::health::v1::Health::Service>>,
      public grpc::HealthCheckServiceInterface {
 public:
  HealthService() = default;
  HealthService(const HealthService&) = delete;
  HealthService& operator=(const HealthService&) = delete;

  void SetServingStatus(const std::string& name, bool serving) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  void SetServingStatus(bool serving) override ABSL_LOCKS_EXCLUDED(mutex_);

  // Whether Check would say SERVING.
  bool IsServing(const std::string& name) const ABSL_LOCKS_EXCLUDED(mutex_);

  // All services but kLive are NOT_SERVING from now on, whatever is set.
  void Shutdown() override ABSL_LOCKS_EXCLUDED(mutex_);

  // Ends every Watch, once its watcher has been told the latest status, with
  // UNAVAILABLE, which makes clients watch elsewhere; new ones end at once.
  void EndWatches() ABSL_LOCKS_EXCLUDED(mutex_);

  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context,
                                  const grpc::ByteBuffer* request,
                                  grpc::ByteBuffer* response) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Watch(
      grpc::CallbackServerContext* context,
      const grpc::ByteBuffer* request) override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Status = grpc::health::v1::HealthCheckResponse::ServingStatus;
  class Watcher;

  // SERVICE_UNKNOWN where nothing was set.
  Status StatusOf(const std::string& name) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TellWatchers() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Forget(Watcher* watcher) ABSL_LOCKS_EXCLUDED(mutex_);

  mutable Mutex mutex_;
  std::map<std::string, bool> serving_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  // Each lives until gRPC is done with it, and is forgotten then.
  std::set<Watcher*> watchers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace strata

#endif  // STRATA_SERVER_HEALTH_SERVICE_H_
