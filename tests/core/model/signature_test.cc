// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/signature.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/model/config.h"
#include "core/model/report.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Schema = std::vector<SchemaArgument>;
using Roles = std::vector<ArgumentRole>;

constexpr auto kIds = ArgumentRole::kPieceIds;
constexpr auto kMask = ArgumentRole::kAttentionMask;
constexpr auto kPositions = ArgumentRole::kPositions;
constexpr auto kTypes = ArgumentRole::kTypeIds;

SchemaArgument TensorArgument(const std::string& name) {
  return {.name = name, .type = "Tensor"};
}

struct SignatureCase {
  Schema schema;
  Roles configured;
  Roles roles;
};

class SignatureTest : public testing::TestWithParam<SignatureCase> {};

TEST_P(SignatureTest, AssignsRoles) {
  ModelConfig config;
  config.arguments = GetParam().configured;
  const auto arguments = AssignRoles(GetParam().schema, config);
  ASSERT_TRUE(arguments.ok()) << arguments.status();
  Roles roles;
  for (std::size_t i = 0; i < arguments->size(); ++i) {
    EXPECT_EQ((*arguments)[i].name, GetParam().schema[i].name);
    EXPECT_EQ((*arguments)[i].type, GetParam().schema[i].type);
    roles.push_back((*arguments)[i].role);
  }
  EXPECT_EQ(roles, GetParam().roles);
}

INSTANTIATE_TEST_SUITE_P(
    Schemas, SignatureTest,
    testing::Values(
        // What Curated Transformers and its exporter write.
        SignatureCase{{TensorArgument("piece_ids"),
                       {"attention_mask", "Dict(str, Tensor)"}},
                      {},
                      {kIds, kMask}},
        SignatureCase{{TensorArgument("piece_ids"), TensorArgument("mask"),
                       TensorArgument("positions")},
                      {},
                      {kIds, kMask, kPositions}},
        // Hugging Face's names.
        SignatureCase{
            {TensorArgument("input_ids"), TensorArgument("attention_mask"),
             TensorArgument("token_type_ids"), TensorArgument("position_ids")},
            {},
            {kIds, kMask, kTypes, kPositions}},
        // Others, in any order.
        SignatureCase{{TensorArgument("Mask"), TensorArgument("Tokens")},
                      {},
                      {kMask, kIds}},
        SignatureCase{{TensorArgument("segments"), TensorArgument("input")},
                      {},
                      {kTypes, kIds}},
        // A nameless first tensor is the piece ids.
        SignatureCase{{TensorArgument("x")}, {}, {kIds}},
        SignatureCase{{{"m", "Dict(str, Tensor)"}, TensorArgument("x")},
                      {},
                      {kMask, kIds}},
        // strata.json overrules every name.
        SignatureCase{{TensorArgument("mask"), TensorArgument("cache")},
                      {kIds, kPositions},
                      {kIds, kPositions}}));

struct BadSignature {
  Schema schema;
  Roles configured;
  std::string message;
};

class BadSignatureTest : public testing::TestWithParam<BadSignature> {};

TEST_P(BadSignatureTest, IsRefusedByName) {
  ModelConfig config;
  config.arguments = GetParam().configured;
  const absl::Status status = AssignRoles(GetParam().schema, config).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Schemas, BadSignatureTest,
    testing::Values(
        BadSignature{{TensorArgument("piece_ids"), TensorArgument("warmth")},
                     {},
                     "argument \"warmth\" (Tensor) has no known meaning"},
        BadSignature{{TensorArgument("piece_ids"), TensorArgument("input_ids")},
                     {},
                     "arguments \"piece_ids\" and \"input_ids\" are both "
                     "piece_ids"},
        BadSignature{{TensorArgument("mask")},
                     {},
                     "no argument takes the piece ids, of \"mask\" (Tensor)"},
        BadSignature{{}, {}, "no argument takes the piece ids, of none"},
        BadSignature{{TensorArgument("piece_ids"), {"mask", "int"}},
                     {},
                     "argument \"mask\" (int) cannot be attention_mask: only "
                     "a Tensor, or for the mask a Dict(str, Tensor), can be "
                     "given"},
        BadSignature{{{"x", "Dict(str, Tensor)"}},
                     {kIds},
                     "argument \"x\" (Dict(str, Tensor)) cannot be piece_ids: "
                     "only a Tensor, or for the mask a Dict(str, Tensor), can "
                     "be given"},
        BadSignature{{TensorArgument("a"), TensorArgument("b")},
                     {kIds},
                     "strata.json's \"arguments\" names 1 roles for 2 "
                     "arguments: \"a\" (Tensor), \"b\" (Tensor)"}));

TEST(CacheArgumentsTest, FindsThemByName) {
  const Schema schema = {TensorArgument("piece_ids"),
                         {"key_value_cache", "List[Tensor]"},
                         TensorArgument("past_keys")};
  EXPECT_THAT(CacheArguments(schema, {}),
              ElementsAre("key_value_cache", "past_keys"));
  EXPECT_THAT(CacheArguments(Schema{TensorArgument("piece_ids")}, {}),
              IsEmpty());
}

TEST(CacheArgumentsTest, NotWhereTheConfigurationSaysWhatTheyAre) {
  ModelConfig config;
  config.arguments = {kIds, kPositions};
  EXPECT_THAT(
      CacheArguments(Schema{TensorArgument("ids"), TensorArgument("cache")},
                     config),
      IsEmpty());
}

}  // namespace
}  // namespace strata
