// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tensor/masked_attention.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "ATen/Parallel.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "torch/script.h"

namespace strata {
namespace {

constexpr double kLeast = std::numeric_limits<float>::lowest();

// In double; only what the mask shows counts.
at::Tensor Right(const at::Tensor& query, const at::Tensor& key,
                 const at::Tensor& value, const at::Tensor& mask,
                 std::optional<double> scale = std::nullopt) {
  const double factor =
      scale.value_or(1 / std::sqrt(static_cast<double>(query.size(-1))));
  const at::Tensor scores =
      at::matmul(query.to(at::kDouble), key.to(at::kDouble).transpose(-2, -1)) *
      factor;
  const at::Tensor added = mask.scalar_type() == at::kBool
                               ? at::zeros(mask.sizes(), at::kDouble)
                                     .masked_fill_(mask.logical_not(), kLeast)
                               : mask.to(at::kDouble);
  return at::matmul(at::softmax(scores + added, -1), value.to(at::kDouble));
}

void ExpectNear(const at::Tensor& ours, const at::Tensor& right) {
  ASSERT_EQ(ours.sizes(), right.sizes());
  EXPECT_LT(((ours - right).norm() / right.norm()).item<double>(), 1e-6);
}

// [B, H, places, E] as a trace has it: heads of a place beside each other.
at::Tensor Heads(std::int64_t rows, std::int64_t heads, std::int64_t places,
                 std::int64_t width) {
  return at::randn({rows, places, heads, width}).transpose(1, 2);
}

// Bool [T, T]: texts of `length` places that see themselves; `causal`: nothing
// that comes later.
at::Tensor Texts(std::int64_t places, std::int64_t length, bool causal) {
  const at::Tensor text = at::arange(places).div(length, "floor");
  const at::Tensor same = text.unsqueeze(1).eq(text.unsqueeze(0));
  return causal ? same.tril() : same;
}

// As a trace makes it of `shown`.
at::Tensor Added(const at::Tensor& shown) {
  return (1.0 - shown.to(at::kFloat)) * kLeast;
}

class MaskedAttentionTest : public testing::Test {
 protected:
  void SetUp() override { at::manual_seed(1); }

  at::Tensor query_ = Heads(2, 3, 50, 32);
  at::Tensor key_ = Heads(2, 3, 50, 32);
  at::Tensor value_ = Heads(2, 3, 50, 32);
};

TEST_F(MaskedAttentionTest, TakesMasksOfAnyForm) {
  const at::Tensor random = at::randn({2, 3, 50, 50});
  const at::Tensor keys = at::arange(50).lt(37);
  for (const at::Tensor& mask :
       {Added(Texts(50, 13, false)).view({1, 1, 50, 50}),
        Added(Texts(50, 50, true)), Texts(50, 13, true), random,
        random.narrow(1, 0, 1), random.narrow(0, 0, 1),
        random.narrow(0, 0, 1).narrow(2, 0, 1), Added(keys).view({1, 50}),
        keys.view({1, 50}), random.narrow(1, 0, 1).transpose(2, 3),
        random.narrow(0, 0, 1).expand({2, 3, 50, 50}),
        random.narrow(1, 0, 1).expand({2, 3, 50, 50}),
        Added(keys).view({1, 1, 1, 50}).expand({2, 1, 50, 50})}) {
    SCOPED_TRACE(absl::StrCat(mask.toString(), " of ", mask.dim()));
    const at::Tensor ours =
        MaskedAttention(query_, key_, value_, mask, std::nullopt);
    ExpectNear(ours, Right(query_, key_, value_, mask));
    EXPECT_EQ(
        ours.strides(),
        at::scaled_dot_product_attention(query_, key_, value_, mask).strides());
  }
}

// What a trace does with the result, such as view, may depend on it.
TEST_F(MaskedAttentionTest, LiesInMemoryAsLibTorchsDoes) {
  const at::Tensor mask = Texts(50, 13, false);
  const at::Tensor wide = at::randn({2, 3, 100, 32});
  for (const at::Tensor& query :
       {query_, query_.contiguous(), wide.slice(2, 0, 100, 2)}) {
    const at::Tensor ours =
        MaskedAttention(query, key_, value_, mask, std::nullopt);
    const at::Tensor right =
        at::scaled_dot_product_attention(query, key_, value_, mask);
    EXPECT_EQ(ours.strides(), right.strides());
    ExpectNear(ours, right);
  }
}

TEST_F(MaskedAttentionTest, ScalesAsItIsTold) {
  const at::Tensor mask = Texts(50, 13, false);
  ExpectNear(MaskedAttention(query_, key_, value_, mask, 0.7),
             Right(query_, key_, value_, mask, 0.7));
}

TEST_F(MaskedAttentionTest, TakesKeysOfAnotherNumberAndAnyLayout) {
  const at::Tensor key = at::randn({2, 3, 32, 70}).transpose(2, 3);
  const at::Tensor value = at::randn({2, 1, 70, 32}).expand({2, 3, 70, 32});
  const at::Tensor mask = at::randn({50, 70});
  ExpectNear(MaskedAttention(query_, key, value, mask, std::nullopt),
             Right(query_, key, value, mask));
}

// Whatever else a trace may hand to LibTorch's operator.
TEST_F(MaskedAttentionTest, LeavesTheRestToLibTorch) {
  const at::Tensor mask = at::randn({50, 50});
  const auto expect = [&](const at::Tensor& query, const at::Tensor& key,
                          const at::Tensor& value, const at::Tensor& added) {
    ExpectNear(MaskedAttention(query, key, value, added, std::nullopt),
               Right(query, key, value, added));
  };
  expect(query_.to(at::kDouble), key_.to(at::kDouble), value_.to(at::kDouble),
         mask.to(at::kDouble));
  expect(query_[0], key_[0], value_[0], mask);
  expect(query_, key_, value_, mask.unsqueeze(0));
  const auto narrow = [](const at::Tensor& heads) {
    return heads.narrow(3, 0, 20);
  };
  expect(narrow(query_), narrow(key_), narrow(value_), mask);
  expect(query_, key_, narrow(value_), mask);
  expect(query_, key_.narrow(0, 0, 1), value_.narrow(0, 0, 1), mask);
}

TEST_F(MaskedAttentionTest, RefusesWhatDoesNotFit) {
  EXPECT_THROW(
      MaskedAttention(query_, key_, value_, at::zeros({50, 49}), std::nullopt),
      c10::Error);
}

TEST_F(MaskedAttentionTest, NothingGivesNothing) {
  const at::Tensor none = at::empty({0, 3, 50, 32});
  EXPECT_EQ(MaskedAttention(none, none, none, at::zeros({50, 50}), std::nullopt)
                .sizes(),
            none.sizes());
}

// A text's numbers must not tell what it shared its row with.
TEST_F(MaskedAttentionTest, ARowIsTheSameInAnyCompany) {
  const at::Tensor mask = Added(Texts(50, 13, false));
  const at::Tensor together =
      MaskedAttention(query_, key_, value_, mask, std::nullopt);
  EXPECT_TRUE(MaskedAttention(query_.narrow(0, 1, 1), key_.narrow(0, 1, 1),
                              value_.narrow(0, 1, 1), mask, std::nullopt)
                  .equal(together.narrow(0, 1, 1)));
}

TEST_F(MaskedAttentionTest, PassesOverOtherTexts) {
  if (!HasMaskedAttention()) GTEST_SKIP() << "no AVX2 here";
  const at::Tensor mask = Added(Texts(50, 32, false));
  const at::Tensor right = Right(query_, key_, value_, mask);
  key_.narrow(2, 32, 18).fill_(std::numeric_limits<float>::quiet_NaN());
  const at::Tensor ours =
      MaskedAttention(query_, key_, value_, mask, std::nullopt);
  ExpectNear(ours.narrow(2, 0, 32), right.narrow(2, 0, 32));
}

TEST_F(MaskedAttentionTest, AnyNumberOfThreadsGivesTheSame) {
  const at::Tensor query = Heads(3, 5, 200, 64);
  const at::Tensor key = Heads(3, 5, 200, 64);
  const at::Tensor value = Heads(3, 5, 200, 64);
  const at::Tensor mask = Added(Texts(200, 37, true));
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor one = MaskedAttention(query, key, value, mask, std::nullopt);
  at::set_num_threads(3);
  const at::Tensor three =
      MaskedAttention(query, key, value, mask, std::nullopt);
  at::set_num_threads(before);
  EXPECT_TRUE(three.equal(one));
  ExpectNear(one, Right(query, key, value, mask));
}

}  // namespace
}  // namespace strata
