// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "client/cli/failure.h"
#include "strata/v1/hidden_state_service.pb.h"

namespace strata::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ParseLayers, NumbersAndCommas) {
  EXPECT_THAT(*ParseLayers(""), IsEmpty());
  EXPECT_THAT(*ParseLayers("0"), ElementsAre(0));
  EXPECT_THAT(*ParseLayers("0,-1, 3"), ElementsAre(0, -1, 3));
}

TEST(ParseLayers, RefusesTheRest) {
  for (const char* text : {"x", "1,", ",", "1;2", "99999999999", "all,1"}) {
    const auto status = ParseLayers(text).status();
    EXPECT_EQ(ExitCodeOf(status), kUsage) << text;
    EXPECT_EQ(status.message(), std::string("--layers is \"") + text +
                                    "\"; expected numbers separated by "
                                    "commas, as 0,-1, or all");
  }
}

TEST(EncodeRequestFor, DefaultsAreLeftToTheServer) {
  const v1::EncodeRequest request = EncodeRequestFor({}, {"a", "b"}, {});
  EXPECT_EQ(request.model(), "");
  EXPECT_EQ(request.version(), 0);
  EXPECT_EQ(request.inputs_size(), 2);
  EXPECT_EQ(request.inputs(1).text(), "b");
  EXPECT_EQ(request.inputs(1).prompt(), "");
  EXPECT_EQ(request.inputs(1).text_pair(), "");
  EXPECT_EQ(request.truncation(), v1::TRUNCATION_UNSPECIFIED);
  EXPECT_FALSE(request.has_add_special_pieces());
  ASSERT_EQ(request.outputs_size(), 1);
  EXPECT_THAT(request.outputs(0).layers(), IsEmpty());
  EXPECT_EQ(request.outputs(0).kind(), v1::OUTPUT_KIND_UNSPECIFIED);
  EXPECT_EQ(request.outputs(0).pooling(), v1::POOLING_NONE);
  EXPECT_EQ(request.outputs(0).dtype(), v1::DATA_TYPE_FLOAT32);
}

TEST(EncodeRequestFor, EveryOptionArrives) {
  const v1::EncodeRequest request =
      EncodeRequestFor({.model = {.name = "falcon", .version = 3},
                        .pieces = {.truncation = "left",
                                   .max_pieces = 64,
                                   .no_special_pieces = true,
                                   .prompt = "query",
                                   .pair = "second"},
                        .pooling = "mean",
                        .normalize = true,
                        .dimensions = 128,
                        .dtype = "bfloat16",
                        .return_pieces = true,
                        .priority = -2},
                       {"a", "b"}, {0, -1});
  EXPECT_EQ(request.model(), "falcon");
  EXPECT_EQ(request.version(), 3);
  EXPECT_EQ(request.truncation(), v1::TRUNCATION_LEFT);
  EXPECT_EQ(request.max_pieces(), 64);
  EXPECT_TRUE(request.has_add_special_pieces());
  EXPECT_FALSE(request.add_special_pieces());
  ASSERT_EQ(request.inputs_size(), 2);
  EXPECT_EQ(request.inputs(1).text(), "b");
  EXPECT_EQ(request.inputs(1).prompt(), "query");
  EXPECT_EQ(request.inputs(1).text_pair(), "second");
  EXPECT_TRUE(request.return_pieces());
  EXPECT_EQ(request.priority(), -2);
  const v1::OutputSpec& output = request.outputs(0);
  EXPECT_THAT(output.layers(), ElementsAre(0, -1));
  EXPECT_EQ(output.pooling(), v1::POOLING_MEAN);
  EXPECT_TRUE(output.normalize());
  EXPECT_EQ(output.dimensions(), 128);
  EXPECT_EQ(output.dtype(), v1::DATA_TYPE_BFLOAT16);
}

TEST(EncodeRequestFor, LogitsByLabel) {
  const v1::EncodeRequest request = EncodeRequestFor(
      {.model = {.name = "falcon", .version_label = "stable"}, .logits = true},
      {"a"}, {});
  EXPECT_EQ(request.version(), 0);
  EXPECT_EQ(request.version_label(), "stable");
  EXPECT_EQ(request.outputs(0).kind(), v1::OUTPUT_KIND_LOGITS);
  EXPECT_THAT(request.outputs(0).layers(), IsEmpty());
}

TEST(TokenizeRequestFor, EveryOptionArrives) {
  const v1::TokenizeRequest request =
      TokenizeRequestFor({.model = {.name = "falcon", .version = 3},
                          .pieces = {.truncation = "right",
                                     .max_pieces = 8,
                                     .prompt = "query",
                                     .pair = "second"}},
                         {"a"});
  EXPECT_EQ(request.model(), "falcon");
  EXPECT_EQ(request.version(), 3);
  EXPECT_EQ(request.inputs(0).text(), "a");
  EXPECT_EQ(request.inputs(0).prompt(), "query");
  EXPECT_EQ(request.inputs(0).text_pair(), "second");
  EXPECT_EQ(request.truncation(), v1::TRUNCATION_RIGHT);
  EXPECT_EQ(request.max_pieces(), 8);
  EXPECT_FALSE(request.has_add_special_pieces());
}

}  // namespace
}  // namespace strata::cli
