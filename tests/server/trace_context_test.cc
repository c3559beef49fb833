// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/trace_context.h"

#include <set>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

constexpr const char* kTraceId = "0af7651916cd43dd8448eb211c80319c";
constexpr const char* kSpanId = "b7ad6b7169203331";

std::string Header(const std::string& version, const std::string& trace,
                   const std::string& span, const std::string& flags) {
  return absl::StrCat(version, "-", trace, "-", span, "-", flags);
}

TEST(TraceContextTest, ReadsTheCallersPlace) {
  const TraceContext context =
      ParseTraceparent(Header("00", kTraceId, kSpanId, "01"))
          .value_or(TraceContext());
  EXPECT_EQ(absl::BytesToHexString(context.trace_id), kTraceId);
  EXPECT_EQ(absl::BytesToHexString(context.span_id), kSpanId);
  EXPECT_TRUE(context.sampled);
}

TEST(TraceContextTest, SampledIsTheLowestOfTheFlags) {
  for (const auto& [flags, sampled] :
       {std::pair("00", false), std::pair("01", true), std::pair("02", false),
        std::pair("ff", true), std::pair("fe", false)}) {
    const auto context =
        ParseTraceparent(Header("00", kTraceId, kSpanId, flags));
    ASSERT_TRUE(context.has_value()) << flags;
    EXPECT_EQ(context.value_or(TraceContext()).sampled, sampled) << flags;
  }
}

TEST(TraceContextTest, WhatIsNotStrictlyOneBeginsANewTrace) {
  const std::string good = Header("00", kTraceId, kSpanId, "01");
  ASSERT_TRUE(ParseTraceparent(good).has_value());
  for (const std::string& header :
       {std::string(), good.substr(1), good.substr(0, 54), good + "-",
        good + "-more", good + " ", " " + good,
        Header("00", "0AF7651916CD43DD8448EB211C80319C", kSpanId, "01"),
        Header("00", kTraceId, "B7AD6B7169203331", "01"),
        Header("00", kTraceId, kSpanId, "0A"),
        Header("00", kTraceId, kSpanId, "0x"),
        Header("00", std::string(32, '0'), kSpanId, "01"),
        Header("00", kTraceId, std::string(16, '0'), "01"),
        Header("00", std::string(32, 'g'), kSpanId, "01"),
        Header("ff", kTraceId, kSpanId, "01"),
        Header("0G", kTraceId, kSpanId, "01"),
        absl::StrCat("00_", kTraceId, "-", kSpanId, "-01"),
        absl::StrCat("00-", kTraceId, "_", kSpanId, "-01"),
        absl::StrCat("00-", kTraceId, "-", kSpanId, "_01")}) {
    EXPECT_FALSE(ParseTraceparent(header).has_value()) << header;
  }
}

TEST(TraceContextTest, ALaterVersionIsReadAsFarAsItIsKnown) {
  const std::string later = Header("01", kTraceId, kSpanId, "01");
  EXPECT_EQ(ParseTraceparent(later),
            ParseTraceparent(Header("00", kTraceId, kSpanId, "01")));
  EXPECT_TRUE(ParseTraceparent(later + "-more").has_value());
  EXPECT_FALSE(ParseTraceparent(later + "more").has_value());
}

TEST(TraceContextTest, NewIdentifiersAreOfTheirLengthAndDiffer) {
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(NewTraceId().size(), 16U);
    EXPECT_EQ(NewSpanId().size(), 8U);
    ids.insert(NewSpanId());
  }
  EXPECT_EQ(ids.size(), 100U);
}

TEST(TraceContextTest, TheRatioIsAShareOfTheIdentifiers) {
  const std::string least(16, '\0');
  const std::string most(16, '\xFF');
  std::string middle(10, '\xFF');  // One half.
  middle += '\x80';
  middle.append(5, '\0');
  EXPECT_FALSE(IsSampled(least, 0));
  EXPECT_TRUE(IsSampled(most, 1));
  EXPECT_TRUE(IsSampled(least, 0.001));
  EXPECT_FALSE(IsSampled(most, 0.999));
  EXPECT_FALSE(IsSampled(middle, 0.5));
  EXPECT_TRUE(IsSampled(middle, 0.501));
}

}  // namespace
}  // namespace strata
