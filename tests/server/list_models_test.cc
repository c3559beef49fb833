// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "core/base/error.h"
#include "core/model/registry.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/model_service.h"
#include "strata/v1/model_service.pb.h"

namespace strata {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<ModelEntry> Entries(const std::vector<ModelId>& ids) {
  std::vector<ModelEntry> entries;
  entries.reserve(ids.size());
  for (const ModelId& id : ids) entries.push_back({.id = id});
  return entries;
}

const std::vector<ModelEntry> kEntries =
    Entries({{"a", 1}, {"a", 2}, {"a", 10}, {"b", 1}, {"c/d", 1}});

v1::ListModelsRequest Request(int page_size, const std::string& token = "") {
  v1::ListModelsRequest request;
  request.set_page_size(page_size);
  request.set_page_token(token);
  return request;
}

std::vector<std::string> Names(const v1::ListModelsResponse& page) {
  std::vector<std::string> names;
  for (const v1::ModelSummary& model : page.models()) {
    names.push_back(model.name() + std::to_string(model.version()));
  }
  return names;
}

TEST(ListModelsTest, OnePageHoldsAllWhereTheyFit) {
  const auto page = ListModelsPage(kEntries, Request(0));
  ASSERT_TRUE(page.ok());
  EXPECT_THAT(Names(*page), ElementsAre("a1", "a2", "a10", "b1", "c/d1"));
  EXPECT_EQ(page->next_page_token(), "");
  EXPECT_EQ(ListModelsPage(kEntries, Request(5))->next_page_token(), "");
}

TEST(ListModelsTest, PagesFollowEachOther) {
  const auto first = ListModelsPage(kEntries, Request(2));
  EXPECT_THAT(Names(*first), ElementsAre("a1", "a2"));
  const auto second =
      ListModelsPage(kEntries, Request(2, first->next_page_token()));
  EXPECT_THAT(Names(*second), ElementsAre("a10", "b1"));
  const auto third =
      ListModelsPage(kEntries, Request(2, second->next_page_token()));
  EXPECT_THAT(Names(*third), ElementsAre("c/d1"));
  EXPECT_EQ(third->next_page_token(), "");
}

TEST(ListModelsTest, WhatComesOrGoesShiftsNothing) {
  const auto first = ListModelsPage(kEntries, Request(2));
  // "a" version 2, the last of the first page, has gone; two others came.
  const auto now = Entries({{"a", 0}, {"a", 1}, {"a", 9}, {"a", 10}, {"b", 1}});
  const auto second = ListModelsPage(now, Request(2, first->next_page_token()));
  EXPECT_THAT(Names(*second), ElementsAre("a9", "a10"));
}

TEST(ListModelsTest, NoModelsAreAnEmptyPage) {
  const auto page = ListModelsPage({}, Request(0));
  ASSERT_TRUE(page.ok());
  EXPECT_THAT(Names(*page), IsEmpty());
  EXPECT_EQ(page->next_page_token(), "");
}

TEST(ListModelsTest, APageHoldsAHundredAtMost) {
  std::vector<ModelId> ids;
  for (std::int64_t version = 1; version <= 101; ++version) {
    ids.push_back({"a", version});
  }
  for (const int asked : {0, 1000, std::numeric_limits<int>::max()}) {
    const auto page = ListModelsPage(Entries(ids), Request(asked));
    EXPECT_EQ(page->models_size(), 100);
    EXPECT_NE(page->next_page_token(), "");
  }
}

TEST(ListModelsTest, ANegativeSizeIsAnError) {
  const auto page = ListModelsPage(kEntries, Request(-1));
  EXPECT_EQ(FieldOf(page.status()), "page_size");
  EXPECT_THAT(std::string(page.status().message()),
              HasSubstr("-1 is negative; expected 1 to 100, or 0"));
}

TEST(ListModelsTest, ATokenOfSomethingElseIsAnError) {
  for (const std::string& token :
       {std::string("x"), std::string("!!"), absl::WebSafeBase64Escape("after"),
        absl::WebSafeBase64Escape("after/x/a"),
        absl::WebSafeBase64Escape("before/1/a")}) {
    const auto page = ListModelsPage(kEntries, Request(0, token));
    EXPECT_EQ(FieldOf(page.status()), "page_token") << token;
    EXPECT_EQ(ReasonOf(page.status()), Reason::kInvalidField);
    EXPECT_THAT(std::string(page.status().message()),
                HasSubstr("is not a next_page_token of this server"));
  }
}

}  // namespace
}  // namespace strata
