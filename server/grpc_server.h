// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_GRPC_SERVER_H_
#define STRATA_SERVER_GRPC_SERVER_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/observer.h"
#include "core/engine/engine.h"
#include "core/model/registry.h"
#include "grpcpp/impl/codegen/service_type.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/server.h"
#include "server/address.h"
#include "server/authenticator.h"
#include "server/call_environment.h"
#include "server/health_service.h"
#include "server/hidden_state_service.h"
#include "server/inference_service.h"
#include "server/message_readers.h"
#include "server/model_manager.h"
#include "server/model_service.h"
#include "server/output_directory.h"
#include "server/security_options.h"
#include "server/shared_memory.h"
#include "server/stream_limits.h"
#include "server/stream_set.h"
#include "server/telemetry.h"
#include "server/tls_certificates.h"
#include "server/tokenizer_service.h"

namespace strata {

// How the network side is set up; see the flags of the same names.
struct GrpcServerOptions {
  Address listen;
  std::int64_t max_message_bytes = std::int64_t{64} << 20;
  std::int64_t max_unread_bytes = std::int64_t{1} << 30;
  absl::Duration max_connection_age = absl::ZeroDuration();
  absl::Duration max_connection_age_grace = absl::ZeroDuration();
  // Zero: silent clients are not asked whether they are there.
  absl::Duration keepalive_time = absl::ZeroDuration();
  absl::Duration keepalive_timeout = absl::Seconds(20);
  StreamLimits stream;
  // Where callers may have files written; outlives the engine, which may still
  // compute for calls that have ended. nullptr: nowhere.
  OutputDirectory* output_directory = nullptr;
  // Whether clients may have tensors in shared memory.
  bool shared_memory = false;
  SecurityOptions security;
  // What it names outlives the server.
  Telemetry telemetry;
};

// The gRPC side of the process: the services of strata.v1, the Open Inference
// Protocol, grpc.health.v1 and reflection on one port; where it is asked for, a
// second port for the calls that want the role admin. Thread-safe.
class GrpcServer {
 public:
  // Listens and serves at once; health says what `registry` does. `manager`
  // loads and unloads on request; nullptr: nobody may ask for that. All else
  // outlives the server, the manager its calls. Errors: UNAVAILABLE where it
  // cannot listen, FAILED_PRECONDITION where tokens or certificates cannot be
  // read.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(
      const GrpcServerOptions& options, Engine& engine,
      const ModelRegistry& registry, ModelManager* manager, const Clock& clock,
      Observer& observer);

  // Shuts down at once where Shutdown was not called.
  ~GrpcServer();

  // Where it listens, the port as chosen.
  [[nodiscard]] const Address& address() const { return data_.address; }
  // The same of the port for admin calls; nullopt: there is none.
  [[nodiscard]] std::optional<Address> admin_address() const;

  // Takes up the states of the models and how the engine is; called whenever
  // one has changed.
  void PublishHealth() ABSL_LOCKS_EXCLUDED(health_mutex_);

  // Every model that was there at the start is ready or refused: health says
  // so under kStarted.
  void SayStarted();

  // Health says NOT_SERVING from now on, whatever the models do. Calls are
  // still served.
  void StopHealth();

  // Asks the streams that are as old as a connection may be to move on: each is
  // read no more and, StreamSet::kQuiet later, ends after the requests under
  // way. Called again and again where there is a maximum age. A stream is never
  // older than its connection, so none stays much longer than twice the age.
  void EndOldStreams();

  // Streams are read no more; StreamSet::kQuiet before Shutdown, where there is
  // time for it.
  void QuietStreams();

  // Refuses new calls, ends the watches of health and, after the requests under
  // way, the streams, waits for the calls that run, cancels what is left at
  // `timeout`, and returns when none is. Called once.
  void Shutdown(absl::Duration timeout);

 private:
  // One of gRPC's servers, with a port of its own.
  struct Port {
    Address address;
    // nullptr: no TLS.
    std::unique_ptr<TlsCertificates> certificates;
    std::unique_ptr<grpc::Server> server;
  };

  GrpcServer(const GrpcServerOptions& options,
             std::unique_ptr<Authenticator> authenticator, Engine& engine,
             const ModelRegistry& registry, ModelManager* manager,
             const Clock& clock, Observer& observer);

  // What a service's calls need, of those that are made before. `observer`:
  // told of calls that are refused. `on_data_port`: of a service that is on the
  // port for admin calls, too, where there is one.
  CallEnvironment Environment(Observer* observer, bool on_data_port = false);

  // The streams of all services.
  std::array<StreamSet*, 3> Streams();

  // Serves `services` at `listen`, which `flag` sets.
  absl::Status Listen(const Address& listen, absl::string_view flag,
                      const std::vector<grpc::Service*>& services, Port& port);

  const GrpcServerOptions options_;
  const Clock& clock_;
  // Of what gRPC holds before anybody here has seen it.
  grpc::ResourceQuota quota_;
  const std::unique_ptr<Authenticator> authenticator_;
  const ModelRegistry& registry_;
  const Engine& engine_;
  // Outlives the services, whose streams may leave something there.
  MessageReaders readers_;
  // nullptr: clients have none in common with this server.
  const std::unique_ptr<SharedMemory> shared_memory_;
  HiddenStateService hidden_states_;
  TokenizerService tokenizer_;
  ModelService models_;
  ModelService admin_models_;
  HealthService health_;
  InferenceService inference_;
  InferenceService admin_inference_;
  Mutex health_mutex_;
  // Models that health has told of.
  std::set<std::string> health_names_ ABSL_GUARDED_BY(health_mutex_);
  // Go before the services that they call.
  Port data_;
  // No server: there is none.
  Port admin_;
};

}  // namespace strata

#endif  // STRATA_SERVER_GRPC_SERVER_H_
