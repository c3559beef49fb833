// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_ENGINE_DEVICE_INSTANCE_H_
#define STRATA_CORE_ENGINE_DEVICE_INSTANCE_H_

#include <string>

#include "core/batch/runner.h"
#include "core/model/model.h"

namespace strata {

// One of the forwards that run at the same time on a device.
struct DeviceInstance {
  std::string device;
  // Among those of the device, from 0.
  int instance = 0;

  // The model's runner for it; nullptr where there is none.
  Runner* RunnerOf(const Model& model) const {
    int before = instance;
    for (const auto& runner : model.runners) {
      if (runner->Device() == device && before-- == 0) return runner.get();
    }
    return nullptr;
  }
};

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_DEVICE_INSTANCE_H_
