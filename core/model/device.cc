// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/device.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/Version.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/model/loader.h"
#include "core/tensor/torch_call.h"
#include "torch/script.h"

namespace strata {
namespace {

constexpr absl::string_view kCudaPrefix = "cuda:";

absl::Status NotAWord(absl::string_view word) {
  return Error(Reason::kInvalidField,
               absl::StrCat("device \"", word,
                            "\": expected cpu, cuda, cuda:N or auto"));
}

// N of "cuda:N".
absl::StatusOr<int> CudaIndex(absl::string_view word) {
  int index = 0;
  if (!absl::StartsWith(word, kCudaPrefix) ||
      !absl::SimpleAtoi(word.substr(kCudaPrefix.size()), &index) || index < 0) {
    return NotAWord(word);
  }
  return index;
}

// A function of CUDA's driver, whose library comes with it and not with
// LibTorch; nullptr where there is none.
template <typename Function>
Function* DriverFunction(const char* name) {
  // Never closed: the driver does not survive it.
  static void* const driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (driver == nullptr) return nullptr;
  return reinterpret_cast<Function*>(dlsym(driver, name));
}

bool DriverHasDevice() {
  const auto init = DriverFunction<int(unsigned int)>("cuInit");
  const auto get_count = DriverFunction<int(int*)>("cuDeviceGetCount");
  int count = 0;
  return init != nullptr && get_count != nullptr && init(0) == 0 &&
         get_count(&count) == 0 && count > 0;
}

// As "NVIDIA H100 80GB HBM3".
std::optional<std::string> CudaName(int index) {
  const auto get_device = DriverFunction<int(int*, int)>("cuDeviceGet");
  const auto get_name = DriverFunction<int(char*, int, int)>("cuDeviceGetName");
  int device = 0;
  std::array<char, 256> name{};
  if (!DriverHasDevice() || get_device == nullptr || get_name == nullptr ||
      get_device(&device, index) != 0 ||
      get_name(name.data(), static_cast<int>(name.size()) - 1, device) != 0) {
    return std::nullopt;
  }
  return name.data();
}

// The first CPU's name as Linux has it, or on ARM its maker's and its number;
// empty where neither is told.
std::string CpuName() {
  std::ifstream file("/proc/cpuinfo");
  std::vector<std::string> words;
  for (std::string line; std::getline(file, line) && !line.empty();) {
    const std::pair<absl::string_view, absl::string_view> entry =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    const absl::string_view key = absl::StripAsciiWhitespace(entry.first);
    if (key == "model name" || key == "CPU implementer" || key == "CPU part") {
      words.emplace_back(absl::StripAsciiWhitespace(entry.second));
    }
  }
  return absl::StrJoin(words, " ");
}

// Of the driver or, as `function`, of CUDA's runtime, which is loaded with
// LibTorch; 0 where it cannot be asked.
int CudaVersion(int (*function)(int*)) {
  int version = 0;
  return function != nullptr && function(&version) == 0 ? version : 0;
}

// As "13.0".
std::string VersionText(int version) {
  return absl::StrCat(version / 1000, ".", version % 1000 / 10);
}

absl::StatusOr<CudaVersions> LoadCuda() {
  // A library registers its kernels and devices as it is loaded; this is all
  // that makes one binary serve with and without CUDA.
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("LibTorch's CUDA part does not load (", dlerror(),
                     "); use cpu, or a LibTorch with CUDA"));
  }
  if (!c10::impl::hasDeviceGuardImpl(at::kCUDA)) {
    return absl::FailedPreconditionError(
        "LibTorch's CUDA part is of another version than the rest; use cpu, "
        "or one LibTorch");
  }
  return CudaVersions{
      .driver = CudaVersion(DriverFunction<int(int*)>("cuDriverGetVersion")),
      .libtorch = CudaVersion(reinterpret_cast<int (*)(int*)>(
          dlsym(RTLD_DEFAULT, "cudaRuntimeGetVersion")))};
}

absl::StatusOr<int> CountCudaDevices() {
  return CallTorch([] {
    return static_cast<int>(
        c10::impl::getDeviceGuardImpl(at::kCUDA)->deviceCount());
  });
}

// Adds the devices that one word names to `devices`.
absl::Status AddWord(absl::string_view word, const CudaProbe& probe,
                     std::vector<std::string>& devices) {
  if (word == "cpu") {
    devices.emplace_back("cpu");
    return absl::OkStatus();
  }
  int only = -1;
  if (word != "cuda") {
    STRATA_ASSIGN_OR_RETURN(only, CudaIndex(word));
  }
  STRATA_ASSIGN_OR_RETURN(const CudaVersions versions, probe.load());
  STRATA_RETURN_IF_ERROR(CheckCudaDriver(versions));
  STRATA_ASSIGN_OR_RETURN(const int count, probe.count());
  if (count == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("device \"", word,
                     "\": no CUDA device is here or visible; use cpu, or look "
                     "at the driver and CUDA_VISIBLE_DEVICES"));
  }
  if (only >= count) {
    return absl::FailedPreconditionError(absl::StrCat(
        "device \"", word, "\": this machine has cuda:0 to cuda:", count - 1));
  }
  for (int i = std::max(only, 0); i < (only < 0 ? count : only + 1); ++i) {
    devices.push_back(absl::StrCat(kCudaPrefix, i));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckCudaDriver(const CudaVersions& versions) {
  const int major = versions.libtorch / 1000;
  // Without a driver there is no device either, which is what will be said.
  if (versions.driver == 0 || versions.driver / 1000 >= major) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "the NVIDIA driver is too old: it knows CUDA ",
      VersionText(versions.driver), ", and this LibTorch, built for CUDA ",
      VersionText(versions.libtorch), ", needs a driver for CUDA ", major,
      ".0 or newer; update the driver, take a LibTorch built for CUDA ",
      versions.driver / 1000, ", or use --devices=cpu"));
}

CudaProbe CudaProbe::Real() {
  return {.driver_has_device = DriverHasDevice,
          .load = LoadCuda,
          .count = CountCudaDevices};
}

absl::StatusOr<std::vector<std::string>> ResolveDevicesWith(
    absl::string_view devices, const CudaProbe& probe) {
  if (devices == "auto") {
    if (!probe.driver_has_device()) return std::vector<std::string>{"cpu"};
    // A driver beside a LibTorch without CUDA is no error here: nobody asked
    // for it. One that is too old for a LibTorch with CUDA is: nobody wants to
    // find out later that the GPU was left idle.
    const auto versions = probe.load();
    if (!versions.ok()) return std::vector<std::string>{"cpu"};
    STRATA_RETURN_IF_ERROR(CheckCudaDriver(*versions));
    auto all = ResolveDevicesWith("cuda", probe);
    return all.ok() ? *std::move(all) : std::vector<std::string>{"cpu"};
  }
  std::vector<std::string> resolved;
  for (const absl::string_view word : absl::StrSplit(devices, ',')) {
    STRATA_RETURN_IF_ERROR(AddWord(word, probe, resolved));
  }
  std::vector<std::string> sorted = resolved;
  std::ranges::sort(sorted);
  const auto twice = std::ranges::adjacent_find(sorted);
  if (twice != sorted.end()) {
    return Error(Reason::kInvalidField,
                 absl::StrCat("devices \"", devices, "\" name ", *twice,
                              " twice; name each once"));
  }
  return resolved;
}

absl::StatusOr<std::vector<std::string>> ResolveDevices(
    absl::string_view devices) {
  return ResolveDevicesWith(devices, CudaProbe::Real());
}

absl::StatusOr<std::vector<std::string>> ChooseDevices(
    const std::vector<std::string>& available,
    const std::vector<std::string>& wanted) {
  if (wanted.empty()) return available;
  std::vector<std::string> chosen;
  for (const std::string& device : available) {
    for (const std::string& word : wanted) {
      if (word != "cpu" && word != "cuda" && word != "auto") {
        STRATA_RETURN_IF_ERROR(CudaIndex(word).status());
      }
      if (word == "auto" || word == device ||
          (word == "cuda" && absl::StartsWith(device, kCudaPrefix))) {
        chosen.push_back(device);
        break;
      }
    }
  }
  if (chosen.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("strata.json's \"devices\" ask for ",
                     absl::StrJoin(wanted, ", "), ", but the server has ",
                     absl::StrJoin(available, ", "), "; change either"));
  }
  return chosen;
}

std::optional<std::string> DescribeProcessors(
    const std::vector<std::string>& devices) {
  const std::string cpu = CpuName();
  if (cpu.empty()) return std::nullopt;
  std::string text = absl::StrCat(cpu, " ", at::get_cpu_capability());
  for (const std::string& device : devices) {
    absl::StrAppend(&text, ", ", device);
    if (device == "cpu") continue;
    const auto index = CudaIndex(device);
    const auto name = index.ok() ? CudaName(*index) : std::nullopt;
    if (!name.has_value()) return std::nullopt;
    absl::StrAppend(&text, " ", *name);
  }
  return text;
}

}  // namespace strata
