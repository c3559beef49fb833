// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/serve.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
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
#include "server/grpc_server.h"
#include "server/load_meter.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/metrics_listener.h"
#include "server/model_manager.h"
#include "server/span_exporter.h"
#include "server/stop_signal.h"
#include "server/stream_set.h"
#include "server/telemetry.h"

namespace strata {
namespace {

int ThreadsOr(int asked, int cpus) { return asked > 0 ? asked : cpus; }

// More make no large batch cheaper, and leave each forward fewer CPUs.
constexpr int kMostInstancesOnCpu = 4;

// What is left of the spans when the last call has ended takes this at most.
constexpr absl::Duration kFlush = absl::Seconds(5);

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
                              std::vector<std::string> devices, int cpus) {
  return {.devices = std::move(devices),
          .cpus = flags.intra_op_threads > 0 ? 0 : cpus,
          .max_requests = flags.max_requests,
          .max_request_bytes = flags.max_request_bytes,
          .max_client_share = flags.max_client_share,
          .max_waiting_pieces = flags.max_waiting_pieces,
          .max_inputs = flags.max_inputs,
          .max_reply_bytes = flags.max_reply_bytes,
          .max_stream_reply_bytes = flags.max_stream_reply_bytes,
          .tokenizer_threads = ThreadsOr(flags.tokenizer_threads, cpus),
          .window = flags.window,
          .ageing = flags.ageing};
}

GrpcServerOptions ToServerOptions(const ServerFlags& flags,
                                  const Telemetry& telemetry) {
  return {.listen = flags.listen,
          .max_message_bytes = flags.max_message_bytes,
          .max_connection_age = flags.max_connection_age,
          .max_connection_age_grace = flags.max_connection_age_grace,
          .stream = flags.stream,
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

// The first signal; until then, old streams are asked to move on.
int AwaitSignal(const ServerFlags& flags, StopSignal& signals,
                GrpcServer& server) {
  // Late by a tenth of the age at most, as gRPC is with connections.
  const absl::Duration tick = std::clamp(
      flags.max_connection_age / 10, absl::Milliseconds(10), absl::Seconds(1));
  const bool ageless = flags.max_connection_age == absl::ZeroDuration();
  for (;;) {
    const auto signal = signals.Wait(ageless ? absl::InfiniteDuration() : tick);
    if (signal.has_value()) return *signal;
    server.EndOldStreams();
  }
}

// Waits until the server may stop: the first signal, then the pause.
// Returns when the drain has to end.
absl::Time AwaitStop(const ServerFlags& flags, StopSignal& signals,
                     GrpcServer& server) {
  const int signal = AwaitSignal(flags, signals, server);
  const absl::Time end = absl::Now() + flags.drain_timeout;
  const bool pause = signal == SIGTERM;
  Log(Severity::kInfo, "stopping",
      {{"signal", pause ? "SIGTERM" : "SIGINT"},
       {"pause",
        absl::FormatDuration(pause ? flags.lame_duck : absl::ZeroDuration())}});
  server.StopHealth();
  if (pause) {
    const absl::Duration quiet = std::min(StreamSet::kQuiet, flags.lame_duck);
    if (!signals.Wait(flags.lame_duck - quiet).has_value()) {
      server.QuietStreams();
      signals.Wait(quiet);
    }
  }
  return end;
}

// Lets calls finish until `end`; a signal meanwhile, or `end`, drops what
// waits.
void Drain(absl::Time end, StopSignal& signals, GrpcServer& server,
           Engine& engine) {
  const std::jthread shutdown([&] {
    server.Shutdown(std::max(end - absl::Now(), absl::ZeroDuration()));
    signals.Wake();
  });
  if (signals.Wait(absl::InfiniteDuration()).has_value()) {
    Log(Severity::kWarning, "stopping", {{"message", "waiting calls dropped"}});
    engine.Stop();
  }
}

// From the first signal to the last call, and its spans.
void RunUntilStopped(const ServerFlags& flags, ModelManager& manager,
                     GrpcServer& server, Engine& engine, SpanExporter* spans,
                     StopSignal& signals) {
  const absl::Time end = AwaitStop(flags, signals, server);
  manager.Stop();
  Drain(end, signals, server, engine);
  engine.Stop();
  if (spans != nullptr) {
    spans->Stop(std::clamp(end - absl::Now(), absl::ZeroDuration(), kFlush));
  }
  if (manager.is_loading()) {
    // A load cannot be interrupted, and nothing of it is worth waiting for.
    Log(Severity::kInfo, "stopped", {{"message", "a model was loading"}});
    std::_Exit(0);
  }
  Log(Severity::kInfo, "stopped", {});
}

}  // namespace

absl::Status Serve(const ServerFlags& flags, StopSignal& signals) {
  SetLogFormat(flags.log_format);
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
      const auto engine,
      Engine::Create(ToEngineOptions(flags, load_options.devices, cpus),
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
      server,
      GrpcServer::Start(
          ToServerOptions(flags, {.spans = spans.get(),
                                  .sample_ratio = flags.trace_sample_ratio,
                                  .load = flags.orca ? &load : nullptr}),
          *engine, registry, flags.model_control ? &manager : nullptr,
          Clock::Real(), load));
  Log(Severity::kInfo, "starting",
      {{"listen", server->address().ToString()},
       {"devices", absl::StrJoin(load_options.devices, ",")},
       {"cpus", absl::StrCat(cpus)},
       {"models", absl::StrCat(directories.size())}});
  manager.Start(directories, [&] {
    if (const auto admin = server->admin_address(); admin.has_value()) {
      Announce(absl::StrCat("admin calls at ", admin->ToString()));
    }
    Announce(absl::StrCat("listening on ", server->address().ToString()));
  });
  RunUntilStopped(flags, manager, *server, *engine, spans.get(), signals);
  return absl::OkStatus();
}

}  // namespace strata
