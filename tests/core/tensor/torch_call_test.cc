// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tensor/torch_call.h"

#include <cstdint>
#include <new>
#include <stdexcept>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "torch/script.h"

namespace strata {
namespace {

using ::testing::HasSubstr;

TEST(CallTorchTest, ReturnsWhatTheFunctionReturns) {
  const absl::StatusOr<at::Tensor> ones =
      CallTorch([] { return at::ones({2, 3}); });
  ASSERT_TRUE(ones.ok());
  EXPECT_EQ(ones->sum().item<float>(), 6);
}

TEST(CallTorchTest, AnErrorIsOneLineWithoutABacktrace) {
  const auto sum =
      CallTorch([] { return at::ones({2, 3}).matmul(at::ones({2, 3})); });
  EXPECT_EQ(sum.status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ReasonOf(sum.status()), Reason::kForwardFailed);
  EXPECT_EQ(sum.status().message(),
            "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)");
}

TEST(CallTorchTest, AnErrorInsideATraceIsItsLastLine) {
  torch::jit::Module module("module");
  module.define("def forward(self, x):\n  return x.view(7, 7)\n");
  const auto view = CallTorch([&] { return module.forward({at::ones({3})}); });
  EXPECT_EQ(view.status().message(),
            "shape '[7, 7]' is invalid for input of size 3");
}

TEST(CallTorchTest, AFailedAssertionIsNoBugToReport) {
  const auto told = CallTorch([]() -> int {
    TORCH_INTERNAL_ASSERT(false, "cannot view as ", 7);
    return 0;
  });
  EXPECT_EQ(told.status().message(), "cannot view as 7");
  const auto untold = CallTorch([]() -> int {
    TORCH_INTERNAL_ASSERT(1 == 2);
    return 0;
  });
  EXPECT_EQ(untold.status().message(), "LibTorch expected 1 == 2");
}

TEST(CallTorchTest, NoMemoryOnTheDeviceIsTemporary) {
  const auto none = CallTorch([]() -> int {
    TORCH_CHECK_WITH(OutOfMemoryError, false, "CUDA out of memory. Tried\nx");
  });
  EXPECT_EQ(none.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(none.status().message(), "CUDA out of memory. Tried");
  EXPECT_EQ(RetryAfterOf(none.status()), absl::Seconds(1));
}

TEST(CallTorchTest, NoMemoryOnTheHostIsTemporary) {
  const auto none = CallTorch([]() -> int { throw std::bad_alloc(); });
  EXPECT_EQ(none.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(none.status().message(), "the host has no memory for it");
}

// More than an address can name.
constexpr std::int64_t kTooMany = std::int64_t{1} << 58;

TEST(CallTorchTest, NoMemoryForATensorIsTemporary) {
  const auto none = CallTorch([] { return at::empty({kTooMany}); });
  EXPECT_EQ(none.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(none.status().message(), HasSubstr("can't allocate memory"));
}

TEST(CallTorchTest, NoMemoryInsideATraceIsTemporary) {
  torch::jit::Module module("module");
  module.define("def forward(self, x):\n  return x.repeat(1 << 58)\n");
  const auto none = CallTorch([&] { return module.forward({at::ones({1})}); });
  EXPECT_EQ(none.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(none.status().message(), HasSubstr("can't allocate memory"));
}

TEST(CallTorchTest, OtherExceptionsAreCaughtToo) {
  EXPECT_EQ(CallTorch([]() -> int { throw std::runtime_error("odd\nx"); })
                .status()
                .message(),
            "odd");
  EXPECT_THAT(CallTorch([]() -> int { throw 7; }).status().message(),
              HasSubstr("unknown exception"));
}

}  // namespace
}  // namespace strata
