// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/fitness_report.h"

#include <string>
#include <utility>
#include <vector>

#include "core/engine/fitness.h"
#include "core/model/model.h"
#include "server/log.h"
#include "server/model_loading.h"

namespace strata {
namespace {

void LogDevices(const Fitness& before, const Fitness& now) {
  if (!now.devices.ok() && (before.devices.ok() || now.lost != before.lost)) {
    Log(Severity::kError, now.lost ? "device_lost" : "device_stuck",
        {{"message", std::string(now.devices.message())}});
  } else if (now.devices.ok() && !before.devices.ok()) {
    Log(Severity::kInfo, "device_recovered", {});
  }
}

void LogModels(const Fitness& before, const Fitness& now) {
  for (const ModelId& id : now.failing) {
    if (before.failing.contains(id)) continue;
    std::vector<LogField> fields = IdFields(id);
    fields.emplace_back("message",
                        "fails on whatever it is given, on what it could "
                        "compute when it was loaded too; tried again each "
                        "second");
    Log(Severity::kError, "model_failing", fields);
  }
  for (const ModelId& id : before.failing) {
    if (now.failing.contains(id)) continue;
    Log(Severity::kInfo, "model_fails_no_more", IdFields(id));
  }
}

}  // namespace

void FitnessReport::Update() {
  // Even where nothing seems to have changed: it may have been otherwise
  // meanwhile, when the models' own changes were published.
  server_.PublishHealth();
  Fitness now = engine_.fitness();
  if (now == fitness_) return;
  LogDevices(fitness_, now);
  LogModels(fitness_, now);
  fitness_ = std::move(now);
  metrics_.SetFitness(fitness_);
}

}  // namespace strata
