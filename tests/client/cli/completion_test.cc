// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "client/cli/completion_parts.h"

namespace strata::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

const OptionShape& OptionOf(const std::vector<OptionShape>& options,
                            const std::string& name) {
  const auto found = std::ranges::find_if(options, [&](const OptionShape& o) {
    return std::ranges::count(o.names, name) > 0;
  });
  EXPECT_NE(found, options.end()) << name;
  return *found;
}

const CommandShape& CommandOf(const ProgramShape& program,
                              const std::string& name) {
  return *std::ranges::find(program.commands, name, &CommandShape::name);
}

TEST(StrataShape, IsTheParsersOwn) {
  const ProgramShape program = StrataShape();
  EXPECT_THAT(CommandNames(program),
              ElementsAre("encode", "tokenize", "models", "health", "top",
                          "completion"));
  const OptionShape& format = OptionOf(program.options, "--format");
  EXPECT_EQ(format.value, ValueKind::kChoice);
  EXPECT_THAT(format.choices, ElementsAre("table", "json", "jsonl", "npy"));
  EXPECT_THAT(OptionOf(program.options, "-h").names,
              ElementsAre("-h", "--help"));
  EXPECT_EQ(OptionOf(program.options, "--tls").value, ValueKind::kNone);
  EXPECT_EQ(OptionOf(program.options, "--server").value, ValueKind::kAny);
  EXPECT_EQ(OptionOf(program.options, "--tls-ca").value, ValueKind::kFile);
  const CommandShape& encode = CommandOf(program, "encode");
  EXPECT_EQ(OptionOf(encode.options, "--file").value, ValueKind::kFile);
  EXPECT_EQ(OptionOf(encode.options, "--output").value, ValueKind::kFile);
  EXPECT_EQ(OptionOf(encode.options, "--keep-going").value, ValueKind::kNone);
  EXPECT_THAT(encode.choices, IsEmpty());
  EXPECT_THAT(CommandOf(program, "completion").choices,
              ElementsAre("bash", "zsh", "fish"));
}

TEST(CompletionParts, HelpIsEverybodys) {
  const ProgramShape program = StrataShape();
  EXPECT_THAT(NamesOf(OwnOptions(program, CommandOf(program, "top"))),
              ElementsAre("--metrics", "--once"));
  EXPECT_THAT(ValuedNames(program), IsSupersetOf({"--server", "--pooling"}));
  EXPECT_THAT(ValuedNames(program), Not(Contains("--tls")));
}

TEST(CompletionParts, Quotes) {
  EXPECT_EQ(Quoted("the model's"), "'the model'\\''s'");
}

// What shells make of the scripts, tests/e2e/test_cli_completion.py sees.
TEST(Completion, EveryPlaceIsFilled) {
  const ProgramShape program = StrataShape();
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    const std::string script = CompletionOf(shell, program);
    EXPECT_THAT(script, HasSubstr("strata completion " + shell));
    EXPECT_THAT(script, HasSubstr("keep-going"));
    EXPECT_THAT(script, Not(testing::ContainsRegex("@[A-Z]+@")));
  }
}

}  // namespace
}  // namespace strata::cli
