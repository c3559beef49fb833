// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_FAKES_PUPPET_MODEL_H_
#define STRATA_TESTS_FAKES_PUPPET_MODEL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "core/model/model.h"
#include "tests/fakes/fake_tokenizer.h"
#include "tests/fakes/puppet_runner.h"

namespace strata {

// A model of 4 hidden states (the embedding output and 3 layers) of width 2
// over a FakeTokenizer and a PuppetRunner, taking at most 16 pieces. Its
// prompts are "query" and "passage".
inline std::shared_ptr<Model> MakePuppetModel(
    std::string name, std::shared_ptr<PuppetStrings> strings,
    std::int64_t version = 1) {
  auto model = std::make_shared<Model>();
  model->id = {.name = std::move(name), .version = version};
  model->digest = "sha256:puppet";
  model->report = {
      .arguments = {{"piece_ids", "Tensor", ArgumentRole::kPieceIds},
                    {"mask", "Tensor", ArgumentRole::kAttentionMask},
                    {"positions", "Tensor", ArgumentRole::kPositions}},
      .mask_form = MaskForm::kPairs,
      .layers = 4,
      .width = 2,
      .dtype = "float32",
      .vocabulary_size = FakeTokenizer().VocabularySize(),
      .longest_pieces = 16,
      .padding_exact = true};
  model->max_pieces = 16;
  model->prompts = {{"query", "query: "}, {"passage", "passage: "}};
  model->tokenizer = std::make_shared<FakeTokenizer>();
  model->runners.push_back(
      std::make_unique<PuppetRunner>(model->report.width, std::move(strings)));
  return model;
}

}  // namespace strata

#endif  // STRATA_TESTS_FAKES_PUPPET_MODEL_H_
