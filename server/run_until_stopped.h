// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_RUN_UNTIL_STOPPED_H_
#define STRATA_SERVER_RUN_UNTIL_STOPPED_H_

#include "core/engine/engine.h"
#include "server/flags.h"
#include "server/grpc_server.h"
#include "server/metrics.h"
#include "server/model_manager.h"
#include "server/span_exporter.h"
#include "server/stop_signal.h"

namespace strata {

// What runs, and is to be stopped in order.
struct RunningParts {
  ModelManager& manager;
  GrpcServer& server;
  Engine& engine;
  Metrics& metrics;
  // nullptr: there are no spans.
  SpanExporter* spans = nullptr;
};

// From when the server listens to its last call, and the spans of it. Stops at
// a signal, or when a device is lost (Fitness::lost); ends the process with 1
// then, for its supervisor to start another. Ends it with 0 where something
// runs that cannot be interrupted and is not worth waiting for: the load of a
// model, a forward that nobody wants any more. `signals` is woken whenever the
// engine's fitness has changed.
void RunUntilStopped(const ServerFlags& flags, const RunningParts& parts,
                     StopSignal& signals);

}  // namespace strata

#endif  // STRATA_SERVER_RUN_UNTIL_STOPPED_H_
