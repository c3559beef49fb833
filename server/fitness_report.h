// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_FITNESS_REPORT_H_
#define STRATA_SERVER_FITNESS_REPORT_H_

#include "core/engine/engine.h"
#include "core/engine/fitness.h"
#include "server/grpc_server.h"
#include "server/metrics.h"

namespace strata {

// Passes on what of the engine does not compute: to the log, to metrics and to
// health. Of one thread.
class FitnessReport {
 public:
  // All outlive the report.
  FitnessReport(const Engine& engine, Metrics& metrics, GrpcServer& server)
      : engine_(engine), metrics_(metrics), server_(server) {}

  // Looks at the engine, and tells what has changed since the last time.
  void Update();

  // As of the last Update.
  [[nodiscard]] const Fitness& fitness() const { return fitness_; }

 private:
  const Engine& engine_;
  Metrics& metrics_;
  GrpcServer& server_;
  Fitness fitness_;
};

}  // namespace strata

#endif  // STRATA_SERVER_FITNESS_REPORT_H_
