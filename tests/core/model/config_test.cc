// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/config.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/error.h"
#include "core/model/report.h"
#include "core/tensor/mask_form.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(ConfigTest, AllKeys) {
  const absl::StatusOr<ModelConfig> config = ParseModelConfig(R"({
    "arguments": ["attention_mask", "piece_ids", "type_ids", "positions"],
    "mask_form": "pairs",
    "mask_dtype": "int64",
    "layers": 7,
    "padding_id": 3,
    "max_pieces": 512,
    "final_norm_layers": [6, 0],
    "devices": ["cuda:1", "cpu"],
    "batch_invariant": true,
    "prompts": {"query": "query: ", "none": ""},
    "batching": {"max_rows": 8, "max_padded_pieces": 100, "packing": false}
  })");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->arguments,
              ElementsAre(ArgumentRole::kAttentionMask, ArgumentRole::kPieceIds,
                          ArgumentRole::kTypeIds, ArgumentRole::kPositions));
  EXPECT_EQ(config->mask_form, MaskForm::kPairs);
  EXPECT_EQ(config->mask_dtype, MaskDtype::kInt64);
  EXPECT_EQ(config->layers, 7);
  EXPECT_EQ(config->padding_id, 3);
  EXPECT_EQ(config->max_pieces, 512);
  EXPECT_THAT(config->final_norm_layers, ElementsAre(6, 0));
  EXPECT_THAT(config->devices, ElementsAre("cuda:1", "cpu"));
  EXPECT_TRUE(config->batch_invariant);
  EXPECT_THAT(config->prompts,
              ElementsAre(Pair("none", ""), Pair("query", "query: ")));
  EXPECT_EQ(config->batching.max_rows, 8);
  EXPECT_EQ(config->batching.max_padded_pieces, 100);
  EXPECT_FALSE(config->batching.packing);
}

TEST(ConfigTest, NoKeysAreTheDefaults) {
  const absl::StatusOr<ModelConfig> config = ParseModelConfig("{}");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->arguments, IsEmpty());
  EXPECT_FALSE(config->mask_form.has_value());
  EXPECT_FALSE(config->mask_dtype.has_value());
  EXPECT_FALSE(config->layers.has_value());
  EXPECT_EQ(config->padding_id, 0);
  EXPECT_FALSE(config->max_pieces.has_value());
  EXPECT_THAT(config->devices, IsEmpty());
  EXPECT_FALSE(config->batch_invariant);
  EXPECT_THAT(config->prompts, IsEmpty());
  EXPECT_EQ(config->batching.max_rows, std::nullopt);
  EXPECT_TRUE(config->batching.packing);
}

TEST(ConfigTest, EveryMaskFormHasAName) {
  for (const MaskForm form :
       {MaskForm::kNone, MaskForm::kPieces, MaskForm::kKeys, MaskForm::kPairs,
        MaskForm::kDict}) {
    const auto config = ParseModelConfig(
        R"({"mask_form": ")" + std::string(MaskFormKey(form)) + "\"}");
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(config->mask_form, form);
  }
}

TEST(ConfigTest, EveryMaskDtypeHasAName) {
  for (const MaskDtype dtype :
       {MaskDtype::kBool, MaskDtype::kInt64, MaskDtype::kFloat32}) {
    const auto config = ParseModelConfig(
        R"({"mask_dtype": ")" + std::string(MaskDtypeName(dtype)) + "\"}");
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(config->mask_dtype, dtype);
  }
}

struct BadConfig {
  std::string text;
  std::string message;
};

class BadConfigTest : public testing::TestWithParam<BadConfig> {};

TEST_P(BadConfigTest, IsRefusedByKey) {
  const absl::Status status = ParseModelConfig(GetParam().text).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), Reason::kInvalidField);
  EXPECT_EQ(status.message(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, BadConfigTest,
    testing::Values(
        BadConfig{"{\"a\"",
                  "strata.json: not JSON: at byte 5 of 4; mend or "
                  "remove it"},
        BadConfig{"",
                  "strata.json: not JSON: at byte 1 of 0; mend or remove "
                  "it"},
        BadConfig{R"({"max_pieces": 1e400})",
                  "strata.json: holds a number that is larger than any may "
                  "be; mend or remove it"},
        BadConfig{"[]", "strata.json: got a JSON array, expected an object"},
        BadConfig{R"({"max_piece": 3})",
                  "strata.json: unknown key \"max_piece\", expected one of "
                  "\"arguments\", \"mask_form\", \"mask_dtype\", "
                  "\"layers\", \"padding_id\", \"max_pieces\", "
                  "\"final_norm_layers\", \"devices\", "
                  "\"batch_invariant\", \"prompts\", \"batching\""},
        BadConfig{R"({"layers": 0})",
                  "strata.json: \"layers\": got 0, expected an integer from 1 "
                  "to 2147483647"},
        BadConfig{R"({"batch_invariant": 1})",
                  "strata.json: \"batch_invariant\": got 1, expected true or "
                  "false"},
        BadConfig{R"({"max_pieces": 0})",
                  "strata.json: \"max_pieces\": got 0, expected an integer "
                  "from 1 to 2147483647"},
        BadConfig{R"({"max_pieces": 99999999999})",
                  "strata.json: \"max_pieces\": got 99999999999, expected an "
                  "integer from 1 to 2147483647"},
        BadConfig{R"({"max_pieces": 1.5})",
                  "strata.json: \"max_pieces\": got 1.5, expected an integer "
                  "from 1 to 2147483647"},
        BadConfig{R"({"padding_id": -1})",
                  "strata.json: \"padding_id\": got -1, expected an integer "
                  "from 0 to 2147483647"},
        BadConfig{R"({"padding_id": "zero"})",
                  "strata.json: \"padding_id\": got \"zero\", expected an "
                  "integer from 0 to 2147483647"},
        BadConfig{R"({"mask_form": "square"})",
                  "strata.json: \"mask_form\": got \"square\", expected one "
                  "of \"none\", \"pieces\", \"keys\", \"pairs\", \"dict\""},
        BadConfig{R"({"mask_dtype": "float16"})",
                  "strata.json: \"mask_dtype\": got \"float16\", expected one "
                  "of \"bool\", \"int64\", \"float32\""},
        BadConfig{R"({"arguments": "piece_ids"})",
                  "strata.json: \"arguments\": got \"piece_ids\", expected a "
                  "list"},
        BadConfig{R"({"arguments": ["piece_ids", "cache"]})",
                  "strata.json: \"arguments[1]\": got \"cache\", expected one "
                  "of \"piece_ids\", \"attention_mask\", \"positions\", "
                  "\"type_ids\""},
        BadConfig{R"({"final_norm_layers": [-1]})",
                  "strata.json: \"final_norm_layers[0]\": got -1, expected an "
                  "integer from 0 to 2147483647"},
        BadConfig{R"({"devices": [0]})",
                  "strata.json: \"devices[0]\": got 0, expected a string"},
        BadConfig{R"({"prompts": ["query: "]})",
                  "strata.json: \"prompts\": got [\"query: \"], expected an "
                  "object"},
        BadConfig{R"({"prompts": {"query": 1}})",
                  "strata.json: \"prompts.query\": got 1, expected a string"},
        BadConfig{R"({"prompts": {"": "query: "}})",
                  "strata.json: \"prompts\": got an empty name, which no "
                  "request can pick"},
        BadConfig{R"({"batching": 4})",
                  "strata.json: \"batching\": got 4, expected an object"},
        BadConfig{R"({"batching": {"max_rows": true}})",
                  "strata.json: \"batching.max_rows\": got true, expected an "
                  "integer from 1 to 2147483647"},
        BadConfig{R"({"batching": {"rows": 1}})",
                  "strata.json: unknown key \"batching.rows\", expected one "
                  "of \"max_rows\", \"max_padded_pieces\", "
                  "\"packing\""}));

TEST(ConfigTest, ALongValueIsQuotedShort) {
  const absl::Status status =
      ParseModelConfig(R"({"batching": ")" + std::string(500, 'a') + R"("})")
          .status();
  EXPECT_THAT(status.message(), HasSubstr("aaa..., expected an object"));
  EXPECT_LT(status.message().size(), 120);
}

TEST(ConfigTest, ALongKeyIsQuotedShort) {
  const absl::Status status =
      ParseModelConfig(R"({")" + std::string(5000, 'k') + R"(": 1})").status();
  EXPECT_THAT(status.message(), HasSubstr("kkk...\", expected one of"));
  EXPECT_LT(status.message().size(), 300);
}

TEST(ConfigTest, ADirectoryWithoutAFileHasTheDefaults) {
  const auto config = ReadModelConfig(testing::TempDir() + "/no_such_folder");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_FALSE(config->layers.has_value());
  EXPECT_EQ(config->padding_id, 0);
}

TEST(ConfigTest, ReadsTheFile) {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / "config_test";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "strata.json") << R"({"padding_id": 7})";
  const auto config = ReadModelConfig(folder);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->padding_id, 7);
  std::filesystem::remove_all(folder);
}

TEST(ConfigTest, AFolderInTheFilesPlaceIsRefused) {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / "config_folder_test";
  std::filesystem::create_directories(folder / "strata.json");
  const absl::Status status = ReadModelConfig(folder).status();
  std::filesystem::remove_all(folder);
  EXPECT_EQ(ReasonOf(status), Reason::kInvalidField);
  EXPECT_EQ(status.message(), "cannot read \"" +
                                  (folder / "strata.json").string() +
                                  "\": it cannot be read as a file; expected "
                                  "a readable file or none");
}

}  // namespace
}  // namespace strata
