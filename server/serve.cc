// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/serve.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/cpu_count.h"
#include "core/base/status_macros.h"
#include "core/engine/engine.h"
#include "core/model/digest_list.h"
#include "core/model/loader.h"
#include "core/model/registry.h"
#include "core/model/repository.h"
#include "google/protobuf/stubs/logging.h"
#include "server/flags.h"
#include "server/grpc_log.h"
#include "server/grpc_server.h"
#include "server/load_meter.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/metrics_listener.h"
#include "server/model_manager.h"
#include "server/output_directory.h"
#include "server/run_until_stopped.h"
#include "server/span_exporter.h"
#include "server/stop_signal.h"
#include "server/telemetry.h"

namespace strata {
namespace {

int ThreadsOr(int asked, int cpus) { return asked > 0 ? asked : cpus; }

// More make no large batch cheaper, and leave each forward fewer CPUs.
constexpr int kMostInstancesOnCpu = 4;

// Each of `devices` as often as it has instances.
std::vector<std::string> Instances(const std::vector<std::string>& devices,
                                   const ServerFlags& flags, int cpus) {
  const int on_cpu = std::clamp(cpus / std::max(1, flags.intra_op_threads), 1,
                                kMostInstancesOnCpu);
  std::vector<std::string> instances;
  for (const std::string& device : devices) {
    const int usual = device == "cpu" ? on_cpu : 2;
    instances.insert(instances.end(),
                     flags.instances > 0 ? flags.instances : usual, device);
  }
  return instances;
}

EngineOptions ToEngineOptions(const ServerFlags& flags,
                              std::vector<std::string> devices, int cpus,
                              std::function<void()> fitness_changed) {
  return {.devices = std::move(devices),
          .cpus = flags.intra_op_threads > 0 ? 0 : cpus,
          .max_requests = flags.max_requests,
          .max_request_bytes = flags.max_request_bytes,
          .max_client_share = flags.max_client_share,
          .max_waiting_pieces = flags.max_waiting_pieces,
          .max_inputs = flags.max_inputs,
          .max_reply_bytes = flags.max_reply_bytes,
          .max_stream_reply_bytes = flags.max_stream_reply_bytes,
          .max_unsent_bytes = flags.max_unsent_bytes,
          .max_leased_bytes = flags.max_leased_bytes,
          .tokenizer_threads = ThreadsOr(flags.tokenizer_threads, cpus),
          .window = flags.window,
          .ageing = flags.ageing,
          .hang_timeout = flags.hang_timeout,
          .fitness_changed = std::move(fitness_changed)};
}

GrpcServerOptions ToServerOptions(const ServerFlags& flags,
                                  OutputDirectory* output_directory,
                                  const Telemetry& telemetry) {
  return {.listen = flags.listen,
          .max_message_bytes = flags.max_message_bytes,
          .max_unread_bytes = flags.max_unread_bytes,
          .max_connection_age = flags.max_connection_age,
          .max_connection_age_grace = flags.max_connection_age_grace,
          .keepalive_time = flags.keepalive_time,
          .keepalive_timeout = flags.keepalive_timeout,
          .stream = flags.stream,
          .output_directory = output_directory,
          .shared_memory = flags.shared_memory,
          .security = flags.security,
          .telemetry = telemetry};
}

absl::StatusOr<std::unique_ptr<MetricsListener>> StartMetrics(
    const ServerFlags& flags, const Metrics& metrics) {
  if (!flags.metrics_listen.has_value()) return nullptr;
  STRATA_ASSIGN_OR_RETURN(
      auto listener,
      MetricsListener::Start(*flags.metrics_listen, metrics.registry()));
  Announce(absl::StrCat("metrics at ", listener->address().ToString()));
  return listener;
}

// nullptr: spans go nowhere.
std::unique_ptr<SpanExporter> StartSpans(const ServerFlags& flags,
                                         Metrics& metrics) {
  if (!flags.otlp_endpoint.has_value()) return nullptr;
  return std::make_unique<SpanExporter>(
      SpanExporterOptions{.endpoint = flags.otlp_endpoint->ToString()},
      metrics);
}

// Finds the models, and says what in the repository may be meant otherwise.
absl::StatusOr<std::vector<ModelDirectory>> FindModels(
    const ServerFlags& flags) {
  STRATA_ASSIGN_OR_RETURN(RepositoryScan scan,
                          ScanRepository(flags.repository, flags.versions));
  for (const RepositoryRemark& remark : scan.remarks) {
    Log(Severity::kWarning, "repository",
        {{"path", remark.path.string()}, {"message", remark.text}});
  }
  return std::move(scan.directories);
}

}  // namespace

absl::Status Serve(const ServerFlags& flags, StopSignal& signals) {
  SetLogFormat(flags.log_format);
  LogWhatGrpcSays();
  // Its complaints about malformed requests are the callers' to hear.
  google::protobuf::SetLogHandler(nullptr);
  const int cpus = AvailableCpus();
  Metrics metrics;
  STRATA_ASSIGN_OR_RETURN(const auto listener, StartMetrics(flags, metrics));
  STRATA_ASSIGN_OR_RETURN(const auto named, ResolveDevices(flags.devices));
  const LoadOptions load_options = {.devices = Instances(named, flags, cpus),
                                    .report_directory = flags.report_directory,
                                    .digests = flags.digests};
  InitializeTorch(ThreadsOr(flags.intra_op_threads, cpus));
  if (!flags.digests.empty()) {
    STRATA_RETURN_IF_ERROR(ReadDigestList(flags.digests).status());
  }
  STRATA_ASSIGN_OR_RETURN(const auto directories, FindModels(flags));
  ModelRegistry registry;
  for (const ModelDirectory& directory : directories) {
    registry.SetLoading(directory.id, directory.labels);
  }
  metrics.SetModels(registry.List());
  const auto spans = StartSpans(flags, metrics);
  LoadMeter load(metrics,
                 {.cpus = cpus,
                  .devices = static_cast<int>(load_options.devices.size()),
                  .max_requests = flags.max_requests},
                 Clock::Real());
  STRATA_ASSIGN_OR_RETURN(
      const auto output_directory,
      OutputDirectory::Open(flags.output_directory, flags.max_request_bytes));
  STRATA_ASSIGN_OR_RETURN(
      const auto engine,
      Engine::Create(ToEngineOptions(flags, load_options.devices, cpus,
                                     [&signals] { signals.Wake(); }),
                     registry, Clock::Real(), load));
  // Outlives the manager, which tells it of what has changed.
  std::unique_ptr<GrpcServer> server;
  ModelManager manager(
      {.repository = flags.repository,
       .versions = flags.versions,
       .poll = flags.poll,
       .unload_first = flags.unload_first,
       .drain_timeout = flags.drain_timeout},
      [&](const ModelDirectory& directory) {
        return LoadModelDirectory(directory, load_options);
      },
      [&] {
        metrics.SetModels(registry.List());
        server->PublishHealth();
      },
      registry);
  STRATA_ASSIGN_OR_RETURN(
      server, GrpcServer::Start(
                  ToServerOptions(flags, output_directory.get(),
                                  {.spans = spans.get(),
                                   .sample_ratio = flags.trace_sample_ratio,
                                   .load = flags.orca ? &load : nullptr,
                                   .metrics = &metrics}),
                  *engine, registry, flags.model_control ? &manager : nullptr,
                  Clock::Real(), load));
  Log(Severity::kInfo, "starting",
      {{"listen", server->address().ToString()},
       {"devices", absl::StrJoin(load_options.devices, ",")},
       {"cpus", absl::StrCat(cpus)},
       {"models", absl::StrCat(directories.size())}});
  manager.Start(directories, [&] {
    server->SayStarted();
    if (const auto admin = server->admin_address(); admin.has_value()) {
      Announce(absl::StrCat("admin calls at ", admin->ToString()));
    }
    Announce(absl::StrCat("listening on ", server->address().ToString()));
  });
  RunUntilStopped(flags,
                  {.manager = manager,
                   .server = *server,
                   .engine = *engine,
                   .metrics = metrics,
                   .spans = spans.get()},
                  signals);
  return absl::OkStatus();
}

}  // namespace strata
