// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tensor/rows.h"

#include <cstdint>
#include <string>
#include <vector>

#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/tensor/mask_form.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "torch/script.h"

namespace strata {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A row of numbers for each row of `tensor`, [B, T].
std::vector<std::vector<std::int64_t>> Table(const at::Tensor& tensor) {
  std::vector<std::vector<std::int64_t>> table;
  for (std::int64_t i = 0; i < tensor.size(0); ++i) {
    const at::Tensor row = tensor[i].to(at::kLong).contiguous();
    const auto* data = row.const_data_ptr<std::int64_t>();
    table.emplace_back(data, data + row.numel());
  }
  return table;
}

// A line of 'x' and '.' for each row of `mask`, bool [..., T].
std::vector<std::string> Picture(const at::Tensor& mask) {
  std::vector<std::string> lines;
  for (const auto& row : Table(mask.reshape({-1, mask.size(-1)}))) {
    std::string& line = lines.emplace_back();
    for (const std::int64_t sees : row) line += sees != 0 ? 'x' : '.';
  }
  return lines;
}

class RowsTest : public testing::Test {
 protected:
  RowTensors Assemble(const BatchPlan& plan, MaskKind mask) {
    const std::vector<const Sequence*> sequences = {&long_, &short_, &middle_};
    return AssembleRows(sequences, plan, mask, /*padding_id=*/9, at::kCPU);
  }

  const Sequence long_{.ids = {1, 2, 3, 4}};
  const Sequence short_{.ids = {5}, .positions = {7}, .type_ids = {1}};
  const Sequence middle_{.ids = {6, 8}};
  const BatchPlan padded_{.rows = {{{0}}, {{1}}, {{2}}}, .length = 4};
};

TEST_F(RowsTest, PadsOnTheRight) {
  const RowTensors rows = Assemble(padded_, MaskForm::kPieces);
  EXPECT_THAT(Table(rows.ids),
              ElementsAre(ElementsAre(1, 2, 3, 4), ElementsAre(5, 9, 9, 9),
                          ElementsAre(6, 8, 9, 9)));
  EXPECT_EQ(rows.ids.scalar_type(), at::kLong);
}

TEST_F(RowsTest, PositionsCountUnlessTheSequenceHasItsOwn) {
  const RowTensors rows = Assemble(padded_, MaskForm::kPieces);
  EXPECT_THAT(Table(rows.positions),
              ElementsAre(ElementsAre(0, 1, 2, 3), ElementsAre(7, 0, 0, 0),
                          ElementsAre(0, 1, 0, 0)));
}

TEST_F(RowsTest, TypesAreZeroUnlessTheSequenceHasItsOwn) {
  const RowTensors rows = Assemble(padded_, MaskForm::kPieces);
  EXPECT_THAT(Table(rows.type_ids),
              ElementsAre(ElementsAre(0, 0, 0, 0), ElementsAre(1, 0, 0, 0),
                          ElementsAre(0, 0, 0, 0)));
}

TEST_F(RowsTest, RowsComeInTheOrderOfThePlan) {
  const BatchPlan plan{.rows = {{{2}}, {{0}}}, .length = 5};
  const RowTensors rows = Assemble(plan, MaskForm::kPieces);
  EXPECT_THAT(Table(rows.ids), ElementsAre(ElementsAre(6, 8, 9, 9, 9),
                                           ElementsAre(1, 2, 3, 4, 9)));
}

TEST_F(RowsTest, NoMask) {
  EXPECT_FALSE(Assemble(padded_, MaskForm::kNone).mask.defined());
}

struct KeyMaskCase {
  MaskForm form;
  std::vector<std::int64_t> shape;
};

class KeyMaskTest : public RowsTest,
                    public testing::WithParamInterface<KeyMaskCase> {};

TEST_P(KeyMaskTest, SaysWhichPlacesArePieces) {
  const at::Tensor mask = Assemble(padded_, GetParam().form).mask;
  EXPECT_EQ(mask.scalar_type(), at::kBool);
  EXPECT_EQ(mask.sizes().vec(), GetParam().shape);
  EXPECT_THAT(Picture(mask), ElementsAre("xxxx",  //
                                         "x...",  //
                                         "xx.."));
}

INSTANTIATE_TEST_SUITE_P(
    Forms, KeyMaskTest,
    testing::Values(KeyMaskCase{MaskForm::kPieces, {3, 4}},
                    KeyMaskCase{MaskForm::kKeys, {3, 1, 1, 4}},
                    KeyMaskCase{MaskForm::kDict, {3, 1, 1, 4}}));

TEST_F(RowsTest, PairsMaskLetsPaddingSeeItselfAlone) {
  const at::Tensor mask = Assemble(padded_, MaskForm::kPairs).mask;
  EXPECT_EQ(mask.sizes().vec(), (std::vector<std::int64_t>{3, 1, 4, 4}));
  EXPECT_THAT(Picture(mask[1]), ElementsAre("x...",  //
                                            ".x..",  //
                                            "..x.",  //
                                            "...x"));
  EXPECT_THAT(Picture(mask[2]), ElementsAre("xx..",  //
                                            "xx..",  //
                                            "..x.",  //
                                            "...x"));
}

TEST_F(RowsTest, WhatMembersShareStandsInFrontOnceAndAllSeeIt) {
  const Sequence other{.ids = {1, 2, 5}};
  const std::vector<const Sequence*> sequences = {&long_, &other};
  const BatchPlan plan{.rows = {{{0, 1}, 2}}, .length = 6};
  const RowTensors rows =
      AssembleRows(sequences, plan, MaskForm::kPairs, 9, at::kCPU);
  EXPECT_THAT(Table(rows.ids), ElementsAre(ElementsAre(1, 2, 3, 4, 5, 9)));
  EXPECT_THAT(Table(rows.positions),
              ElementsAre(ElementsAre(0, 1, 2, 3, 2, 0)));
  EXPECT_THAT(Picture(rows.mask), ElementsAre("xx....",  //
                                              "xx....",  //
                                              "xxxx..",  //
                                              "xxxx..",  //
                                              "xx..x.",  //
                                              ".....x"));
}

TEST_F(RowsTest, MembersOfARowDoNotSeeEachOther) {
  const BatchPlan plan{.rows = {{{2, 1, 0}}}, .length = 8};
  const RowTensors rows = Assemble(plan, MaskForm::kPairs);
  EXPECT_THAT(Table(rows.ids),
              ElementsAre(ElementsAre(6, 8, 5, 1, 2, 3, 4, 9)));
  EXPECT_THAT(Table(rows.positions),
              ElementsAre(ElementsAre(0, 1, 7, 0, 1, 2, 3, 0)));
  EXPECT_THAT(Table(rows.type_ids),
              ElementsAre(ElementsAre(0, 0, 1, 0, 0, 0, 0, 0)));
  EXPECT_THAT(Picture(rows.mask), ElementsAre("xx......",  //
                                              "xx......",  //
                                              "..x.....",  //
                                              "...xxxx.",  //
                                              "...xxxx.",  //
                                              "...xxxx.",  //
                                              "...xxxx.",  //
                                              ".......x"));
}

TEST_F(RowsTest, APackedDictionaryHoldsAPairsMask) {
  const BatchPlan plan{.rows = {{{1, 2}}}, .length = 4};
  const at::Tensor mask = Assemble(plan, MaskForm::kDict).mask;
  EXPECT_TRUE(at::equal(mask, Assemble(plan, MaskForm::kPairs).mask));
}

struct MaskDtypeCase {
  MaskDtype dtype;
  at::ScalarType type;
};

class MaskDtypeTest : public RowsTest,
                      public testing::WithParamInterface<MaskDtypeCase> {};

TEST_P(MaskDtypeTest, IsOneWhereAPlaceMayBeAttendedTo) {
  for (const MaskForm form : {MaskForm::kPieces, MaskForm::kKeys,
                              MaskForm::kPairs, MaskForm::kDict}) {
    const at::Tensor mask = Assemble(padded_, {form, GetParam().dtype}).mask;
    EXPECT_EQ(mask.scalar_type(), GetParam().type);
    EXPECT_TRUE(at::equal(mask.eq(1), Assemble(padded_, form).mask));
    EXPECT_TRUE(mask.eq(1).logical_or(mask.eq(0)).all().item<bool>());
  }
  EXPECT_FALSE(
      Assemble(padded_, {MaskForm::kNone, GetParam().dtype}).mask.defined());
}

INSTANTIATE_TEST_SUITE_P(
    Dtypes, MaskDtypeTest,
    testing::Values(MaskDtypeCase{MaskDtype::kBool, at::kBool},
                    MaskDtypeCase{MaskDtype::kInt64, at::kLong},
                    MaskDtypeCase{MaskDtype::kFloat32, at::kFloat}));

TEST_F(RowsTest, NoQueryIsBlind) {
  const BatchPlan plan{.rows = {{{1, 2}}, {{0}}, {{}}}, .length = 6};
  const at::Tensor mask = Assemble(plan, MaskForm::kPairs).mask;
  EXPECT_TRUE(mask.any(-1).all().item<bool>());
}

TEST_F(RowsTest, OnlyAMaskOfPairsKeepsMembersApart) {
  const BatchPlan plan{.rows = {{{1, 2}}}, .length = 3};
  for (const MaskForm form :
       {MaskForm::kNone, MaskForm::kPieces, MaskForm::kKeys}) {
    try {
      Assemble(plan, form);
      FAIL() << "assembled without a pairs mask";
    } catch (const c10::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("needs a [B, 1, T, T] mask"));
    }
  }
}

}  // namespace
}  // namespace strata
