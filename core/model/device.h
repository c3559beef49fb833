// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_DEVICE_H_
#define STRATA_CORE_MODEL_DEVICE_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace strata {

// Versions of CUDA as it counts them itself: 13000 is 13.0.
struct CudaVersions {
  // The newest that the machine's driver knows; 0: there is no driver.
  int driver = 0;
  // The one that LibTorch was built for; 0: it does not say.
  int libtorch = 0;
};

// FAILED_PRECONDITION, with the remedy, where the driver is too old for
// LibTorch. Drivers run what was built for an older CUDA, and for every minor
// version of their own: one of 13.0 does for 13.2.
absl::Status CheckCudaDriver(const CudaVersions& versions);

// How the CUDA devices of a machine are found.
struct CudaProbe {
  // Whether a driver is there that has a device; loads nothing of LibTorch.
  std::function<bool()> driver_has_device;
  // Loads what LibTorch needs for CUDA devices. Error: why it cannot, with the
  // remedy.
  std::function<absl::StatusOr<CudaVersions>()> load;
  // How many devices LibTorch can use, after `load`.
  std::function<absl::StatusOr<int>()> count;

  // This machine's.
  static CudaProbe Real();
};

// ResolveDevices (core/model/loader.h) with the CUDA devices that `probe`
// finds.
absl::StatusOr<std::vector<std::string>> ResolveDevicesWith(
    absl::string_view devices, const CudaProbe& probe);

// Of the server's `available` devices, as ResolveDevices returns them, those
// that a model's strata.json asks for by `wanted`, in the words of --devices;
// all where it says nothing. Errors: INVALID_ARGUMENT for an unknown word;
// FAILED_PRECONDITION, naming both, where none is left.
absl::StatusOr<std::vector<std::string>> ChooseDevices(
    const std::vector<std::string>& available,
    const std::vector<std::string>& wanted);

// What decides how fast this machine's processor and `devices`, as
// ResolveDevices returns them, are and how they round, as "Intel Xeon, cpu,
// cuda:0 NVIDIA H100". nullopt where a device does not tell its name.
std::optional<std::string> DescribeProcessors(
    const std::vector<std::string>& devices);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_DEVICE_H_
