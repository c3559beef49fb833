// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/device.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

using ::testing::ElementsAre;

using Names = std::vector<std::string>;

constexpr CudaVersions kEqual = {.driver = 13000, .libtorch = 13000};

// A machine with `count` CUDA devices; 0: with a driver all the same.
CudaProbe Machine(int count, CudaVersions versions = kEqual) {
  return {
      .driver_has_device = [count] { return count > 0; },
      .load = [versions]() -> absl::StatusOr<CudaVersions> { return versions; },
      .count = [count]() -> absl::StatusOr<int> { return count; }};
}

CudaProbe MachineWithoutCudaLibrary() {
  CudaProbe machine = Machine(1);
  machine.load = []() -> absl::StatusOr<CudaVersions> {
    return absl::FailedPreconditionError("no libtorch_cuda.so");
  };
  return machine;
}

CudaProbe MachineWithOldDriver() {
  return Machine(1, {.driver = 12080, .libtorch = 13000});
}

// Fails the test when CUDA is looked for.
CudaProbe MachineNotToTouch() {
  return {.driver_has_device =
              [] {
                ADD_FAILURE() << "asked for the driver";
                return false;
              },
          .load = []() -> absl::StatusOr<CudaVersions> {
            ADD_FAILURE() << "loaded CUDA";
            return kEqual;
          },
          .count = []() -> absl::StatusOr<int> {
            ADD_FAILURE() << "counted devices";
            return 0;
          }};
}

Names Resolve(const std::string& devices, const CudaProbe& probe) {
  const absl::StatusOr<Names> names = ResolveDevicesWith(devices, probe);
  EXPECT_TRUE(names.ok()) << names.status();
  return names.value_or(Names{});
}

absl::Status Refusal(const std::string& devices, int count) {
  return ResolveDevicesWith(devices, Machine(count)).status();
}

TEST(DeviceTest, CpuDoesNotTouchCuda) {
  EXPECT_THAT(Resolve("cpu", MachineNotToTouch()), ElementsAre("cpu"));
}

TEST(DeviceTest, CudaIsEveryDevice) {
  EXPECT_THAT(Resolve("cuda", Machine(2)), ElementsAre("cuda:0", "cuda:1"));
}

TEST(DeviceTest, DevicesInTheOrderAsked) {
  EXPECT_THAT(Resolve("cuda:1,cpu,cuda:0", Machine(2)),
              ElementsAre("cuda:1", "cpu", "cuda:0"));
}

TEST(DeviceTest, AutoIsCudaWhereThereIsOne) {
  EXPECT_THAT(Resolve("auto", Machine(1)), ElementsAre("cuda:0"));
  EXPECT_THAT(Resolve("auto", Machine(0)), ElementsAre("cpu"));
}

TEST(DeviceTest, AutoIsCpuWhereLibTorchHasNoCuda) {
  EXPECT_THAT(Resolve("auto", MachineWithoutCudaLibrary()), ElementsAre("cpu"));
}

TEST(DeviceTest, AnotherWordIsRefused) {
  for (const std::string word : {"gpu", "", "cuda:", "cuda:x", "cuda:-1",
                                 "cpu, cuda", "cpu,", "auto,cpu"}) {
    const absl::Status status = Refusal(word, 1);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << word;
  }
  EXPECT_EQ(Refusal("gpu", 1).message(),
            "device \"gpu\": expected cpu, cuda, cuda:N or auto");
}

TEST(DeviceTest, ADeviceTwiceIsRefused) {
  EXPECT_EQ(Refusal("cuda:1,cuda", 2).message(),
            "devices \"cuda:1,cuda\" name cuda:1 twice; name each once");
  EXPECT_EQ(Refusal("cpu,cpu", 2).code(), absl::StatusCode::kInvalidArgument);
}

TEST(DeviceTest, ADeviceThatIsNotThereIsRefused) {
  const absl::Status none = Refusal("cuda", 0);
  EXPECT_EQ(none.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(none.message(),
            "device \"cuda\": no CUDA device is here or visible; use cpu, or "
            "look at the driver and CUDA_VISIBLE_DEVICES");
  const absl::Status beyond = Refusal("cuda:2", 2);
  EXPECT_EQ(beyond.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(beyond.message(),
            "device \"cuda:2\": this machine has cuda:0 to cuda:1");
}

TEST(DeviceTest, CudaAskedForWithoutItsLibraryIsRefused) {
  const absl::Status status =
      ResolveDevicesWith("cuda", MachineWithoutCudaLibrary()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "no libtorch_cuda.so");
}

TEST(DeviceTest, AnOldDriverIsRefusedEvenIfCudaWasNotAskedFor) {
  for (const std::string devices : {"cuda", "cuda:0", "auto"}) {
    const absl::Status status =
        ResolveDevicesWith(devices, MachineWithOldDriver()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << devices;
    EXPECT_THAT(status.message(), ::testing::HasSubstr("driver is too old"))
        << devices;
  }
  EXPECT_THAT(Resolve("cpu", MachineWithOldDriver()), ElementsAre("cpu"));
}

TEST(CheckCudaDriverTest, ADriverDoesForOlderAndForEveryMinorOfItsOwn) {
  constexpr CudaVersions kFit[] = {
      {13000, 13000}, {13000, 13020}, {13010, 13000}, {13000, 12080},
      {12020, 12090}, {0, 13000},     {12080, 0}};
  for (const CudaVersions& versions : kFit) {
    EXPECT_TRUE(CheckCudaDriver(versions).ok())
        << versions.driver << ", " << versions.libtorch;
  }
}

TEST(CheckCudaDriverTest, AnOlderMajorVersionIsRefusedWithTheRemedy) {
  EXPECT_EQ(CheckCudaDriver({.driver = 12080, .libtorch = 13020}).message(),
            "the NVIDIA driver is too old: it knows CUDA 12.8, and this "
            "LibTorch, built for CUDA 13.2, needs a driver for CUDA 13.0 or "
            "newer; update the driver, take a LibTorch built for CUDA 12, or "
            "use --devices=cpu");
  EXPECT_EQ(CheckCudaDriver({.driver = 11040, .libtorch = 12080}).code(),
            absl::StatusCode::kFailedPrecondition);
}

// The real probe, on whatever machine this is: an answer or an error, and the
// same one for "auto".
TEST(DeviceTest, TheRealProbeDoesNotCrash) {
  const CudaProbe probe = CudaProbe::Real();
  const Names automatic = Resolve("auto", probe);
  ASSERT_FALSE(automatic.empty());
  if (!probe.driver_has_device()) {
    EXPECT_THAT(automatic, ElementsAre("cpu"));
    EXPECT_EQ(ResolveDevicesWith("cuda", probe).status().code(),
              absl::StatusCode::kFailedPrecondition);
  }
}

TEST(ChooseDevicesTest, AllWhereNothingIsAsked) {
  EXPECT_THAT(ChooseDevices({"cuda:0", "cpu"}, {}).value(),
              ElementsAre("cuda:0", "cpu"));
}

TEST(ChooseDevicesTest, ThoseAskedForInTheServersOrder) {
  const Names available = {"cuda:0", "cuda:1", "cpu"};
  EXPECT_THAT(ChooseDevices(available, {"cuda"}).value(),
              ElementsAre("cuda:0", "cuda:1"));
  EXPECT_THAT(ChooseDevices(available, {"cpu", "cuda:1"}).value(),
              ElementsAre("cuda:1", "cpu"));
  EXPECT_THAT(ChooseDevices(available, {"cuda:1", "cuda"}).value(),
              ElementsAre("cuda:0", "cuda:1"));
  EXPECT_THAT(ChooseDevices(available, {"auto"}).value(),
              ElementsAre("cuda:0", "cuda:1", "cpu"));
}

TEST(ChooseDevicesTest, NoneLeftIsAnError) {
  const absl::Status status =
      ChooseDevices({"cpu"}, {"cuda", "cuda:1"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            "strata.json's \"devices\" ask for cuda, cuda:1, but the server "
            "has cpu; change either");
}

TEST(ChooseDevicesTest, AnUnknownWordIsAnError) {
  EXPECT_EQ(ChooseDevices({"cpu"}, {"gpu"}).status().message(),
            "device \"gpu\": expected cpu, cuda, cuda:N or auto");
}

TEST(DeviceTest, ProcessorsAreDescribedByName) {
  const auto cpu = DescribeProcessors({"cpu"});
  EXPECT_EQ(cpu, DescribeProcessors({"cpu"}));
  EXPECT_NE(cpu, DescribeProcessors({"cpu", "cpu"}));
  EXPECT_THAT(cpu, ::testing::Optional(::testing::EndsWith(", cpu")));
}

TEST(DeviceTest, ADeviceThatTellsNoNameIsNotDescribed) {
  EXPECT_EQ(DescribeProcessors({"cuda:77"}), std::nullopt);
  EXPECT_EQ(DescribeProcessors({"cpu", "meta"}), std::nullopt);
}

}  // namespace
}  // namespace strata
