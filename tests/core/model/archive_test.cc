// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/archive.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/model/test_traces.h"

namespace strata {
namespace {

using ::testing::HasSubstr;

struct OtherCase {
  std::string name;
  std::string what;
  std::string remedy;
};

class OtherFileTest : public testing::TestWithParam<OtherCase> {};

TEST_P(OtherFileTest, IsRecognised) {
  const OtherFile other =
      RecogniseFile(TestTraceFile(GetParam().name)).value_or(OtherFile());
  EXPECT_THAT(std::string(other.what), HasSubstr(GetParam().what));
  EXPECT_EQ(other.remedy, GetParam().remedy);
}

INSTANTIATE_TEST_SUITE_P(
    Files, OtherFileTest,
    testing::Values(
        OtherCase{"state_dict", "a state dict",
                  "load it into its model with load_state_dict"},
        OtherCase{"checkpoint", "a state dict or another dictionary",
                  "load it into its model with load_state_dict"},
        OtherCase{"old_state_dict", "a bare pickle", "load it in Python"},
        OtherCase{"pickled_module", "a Python object that torch.save pickled",
                  "load it in Python"},
        OtherCase{"exported", "a program of torch.export",
                  "go back to the model"},
        OtherCase{"safetensors", "a safetensors file",
                  "load it into its model"}),
    [](const auto& info) { return info.param.name; });

TEST(RecogniseFileTest, NothingElseIsRecognised) {
  for (const char* name : {"pairs", "truncated", "empty", "no_such_file"}) {
    EXPECT_EQ(RecogniseFile(TestTraceFile(name)), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace strata
