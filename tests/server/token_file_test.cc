// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/token_file.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/caller.h"
#include "server/sha256.h"

namespace strata {
namespace {

using testing::HasSubstr;
using testing::Not;

// printf %s secret | sha256sum
constexpr absl::string_view kSecret =
    "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

// An entry whose hash is kSecret, with more keys.
std::string Entry(const std::string& more) {
  return absl::StrCat(R"({"subject": "search", "sha256": ")", kSecret, "\"",
                      more, "}");
}

std::string List(const std::string& entries) {
  return absl::StrCat("[", entries, "]");
}

std::string Mistake(const std::string& text) {
  const auto entries = ParseTokens(text);
  EXPECT_EQ(entries.status().code(), absl::StatusCode::kInvalidArgument)
      << text;
  return std::string(entries.status().message());
}

TEST(TokenFileTest, AHashIsThatOfSha256sum) {
  const Sha256 hash = HashOf("secret");
  EXPECT_EQ(absl::BytesToHexString(
                {reinterpret_cast<const char*>(hash.data()), hash.size()}),
            kSecret);
}

TEST(TokenFileTest, ReadsEntries) {
  const auto entries = ParseTokens(absl::StrCat(
      "[", Entry(R"(, "role": "read")"),
      R"(, {"subject": "deploy", "sha256": ")", std::string(64, 'A'),
      R"(", "role": "admin"}, {"subject": "search", "sha256": ")",
      std::string(64, 'b'), R"(", "role": "read", "max_priority": -3}])"));
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_EQ(entries->size(), 3U);
  EXPECT_EQ((*entries)[0].subject, "search");
  EXPECT_EQ((*entries)[0].sha256, HashOf("secret"));
  EXPECT_EQ((*entries)[0].role, Role::kRead);
  EXPECT_EQ((*entries)[0].max_priority, 0);
  EXPECT_EQ((*entries)[1].role, Role::kAdmin);
  EXPECT_EQ((*entries)[1].sha256[0], 0xAA);
  EXPECT_EQ((*entries)[1].max_priority, 10);
  EXPECT_EQ((*entries)[2].max_priority, -3);
}

TEST(TokenFileTest, MistakesNameEntryAndKeyAndNeverWhatIsThere) {
  struct Case {
    std::string text;
    const char* said;
  };
  const std::vector<Case> cases = {
      {"", "a JSON list"},
      {"[]", "at least one token"},
      {R"({"subject": "pasted-token"})", "a JSON list"},
      {absl::StrCat("[", Entry(R"(, "role": "read")")), "a JSON list"},
      {R"(["pasted-token"])", "entry 0 (from 0): expected an object"},
      {List(Entry("")), "entry 0 (from 0): expected an object"},
      {List(Entry(R"(, "role": "read", "token": "pasted-token")")),
       "expected an object"},
      {List(Entry(R"(, "role": "pasted-token")")),
       "\"role\": expected \"read\" or \"admin\""},
      {List(Entry(R"(, "role": "read", "max_priority": 11)")),
       "\"max_priority\": expected an integer from -10 to 10"},
      {List(Entry(R"(, "role": "read", "max_priority": 1.5)")),
       "\"max_priority\""},
      {R"([{"subject": "a", "sha256": "pasted-token", "role": "read"}])",
       "\"sha256\": expected the 64 hexadecimal digits"},
      {R"([{"subject": "a", "sha256": 7, "role": "read"}])", "\"sha256\""},
      {absl::StrCat(R"([{"subject": "a b", "sha256": ")", kSecret,
                    R"(", "role": "read"}])"),
       "\"subject\": expected 1 to 128 printable"},
      {List(absl::StrCat(Entry(R"(, "role": "read")"), ",",
                         Entry(R"(, "role": "admin")"))),
       "entry 1 (from 0): \"sha256\": expected another"},
  };
  for (const Case& mistake : cases) {
    const std::string message = Mistake(mistake.text);
    EXPECT_THAT(message, HasSubstr(mistake.said));
    EXPECT_THAT(message, Not(HasSubstr("pasted-token")));
  }
}

}  // namespace
}  // namespace strata
