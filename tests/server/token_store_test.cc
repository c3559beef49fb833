// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/token_store.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_clock.h"
#include "tests/server/temporary_file.h"
#include "tests/server/token_text.h"

namespace strata {
namespace {

using testing::HasSubstr;

class TokenStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    auto store = TokenStore::Open(file_.path(), absl::Seconds(10), clock_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  // Whose it is; empty: nobody's.
  std::string SubjectOf(absl::string_view token) {
    const auto entry = store_->Find(token);
    return entry.has_value() ? entry->subject : "";
  }

  FakeClock clock_;
  TemporaryFile file_{"tokens",
                      absl::StrCat("[", TokenText("one", "first", "read"), ",",
                                   TokenText("two", "second", "admin"), "]")};
  std::unique_ptr<TokenStore> store_;
};

TEST_F(TokenStoreTest, FindsWhoseATokenIs) {
  EXPECT_EQ(SubjectOf("first"), "one");
  EXPECT_EQ(SubjectOf("second"), "two");
  for (const char* token : {"", "third", "firs", "first ", "First"}) {
    EXPECT_EQ(SubjectOf(token), "") << token;
  }
}

TEST_F(TokenStoreTest, ANewFileCountsAfterTheInterval) {
  file_.Write(absl::StrCat("[", TokenText("three", "third", "read"), "]"));
  EXPECT_EQ(SubjectOf("third"), "");
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(SubjectOf("third"), "three");
  EXPECT_EQ(SubjectOf("first"), "");
}

TEST_F(TokenStoreTest, ABrokenOrMissingFileLeavesTheOldTokens) {
  for (const std::string& broken : {std::string("["), std::string("[]")}) {
    file_.Write(broken);
    clock_.Advance(absl::Seconds(10));
    EXPECT_EQ(SubjectOf("first"), "one") << broken;
  }
  file_.Remove();
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(SubjectOf("first"), "one");
  file_.Write(absl::StrCat("[", TokenText("three", "third", "read"), "]"));
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(SubjectOf("first"), "");
  EXPECT_EQ(SubjectOf("third"), "three");
}

TEST(TokenStoreOpenTest, AFileThatIsNoneOfTokensIsAnError) {
  const FakeClock clock;
  const TemporaryFile file("tokens", "[]");
  const auto broken = TokenStore::Open(file.path(), absl::Seconds(1), clock);
  EXPECT_EQ(broken.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(broken.status().message()),
              HasSubstr(file.path().string()));
  EXPECT_FALSE(TokenStore::Open("/nowhere", absl::Seconds(1), clock).ok());
}

}  // namespace
}  // namespace strata
