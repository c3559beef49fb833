// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tokenize/tokenizer_config.h"

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "core/base/error.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

TEST(ParseTokenizerConfig, ReadsWhatIsThere) {
  struct Case {
    const char* json;
    std::optional<bool> add_begin;
    std::optional<bool> add_end;
  };
  const std::vector<Case> cases = {
      {"{}", std::nullopt, std::nullopt},
      {R"({"add_bos_token": true})", true, std::nullopt},
      {R"({"add_eos_token": false})", std::nullopt, false},
      {R"({"add_bos_token": false, "add_eos_token": true})", false, true},
      {R"({"add_bos_token": null, "add_eos_token": null})", std::nullopt,
       std::nullopt},
      {R"({"model_max_length": 2048, "bos_token": {"content": "<s>"}})",
       std::nullopt, std::nullopt},
  };
  for (const Case& test : cases) {
    const auto config = ParseTokenizerConfig(test.json);
    ASSERT_TRUE(config.ok()) << test.json << ": " << config.status();
    EXPECT_EQ(config->add_begin, test.add_begin) << test.json;
    EXPECT_EQ(config->add_end, test.add_end) << test.json;
  }
}

TEST(ParseTokenizerConfig, ReadsTheClass) {
  EXPECT_EQ(ParseTokenizerConfig("{}")->tokenizer_class, "");
  EXPECT_EQ(
      ParseTokenizerConfig(R"({"tokenizer_class": null})")->tokenizer_class,
      "");
  EXPECT_EQ(ParseTokenizerConfig(R"({"tokenizer_class": "LlamaTokenizer"})")
                ->tokenizer_class,
            "LlamaTokenizer");
}

TEST(ParseTokenizerConfig, RefusesWhatIsNoObject) {
  for (const char* json : {"", "{", "null", "[]", "true", "{\"a\": \xFF}"}) {
    const absl::Status status = ParseTokenizerConfig(json).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << json;
    EXPECT_EQ(ReasonOf(status), Reason::kInvalidField) << json;
    EXPECT_EQ(status.message(), "it is not a JSON object") << json;
  }
}

TEST(ParseTokenizerConfig, NamesAKeyOfAnotherType) {
  struct Case {
    const char* json;
    const char* message;
  };
  const std::vector<Case> cases = {
      {R"({"add_bos_token": "yes"})",
       R"("add_bos_token" is of the type string, not true or false)"},
      {R"({"add_eos_token": 1})",
       R"("add_eos_token" is of the type number, not true or false)"},
      {R"({"tokenizer_class": ["LlamaTokenizer"]})",
       R"("tokenizer_class" is of the type array, not a string)"},
  };
  for (const Case& test : cases) {
    const absl::Status status = ParseTokenizerConfig(test.json).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), test.message);
  }
}

}  // namespace
}  // namespace strata
