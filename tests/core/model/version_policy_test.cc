// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/version_policy.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

VersionPolicy Good(const std::string& text,
                   ServedVersions otherwise = ServedVersions::kAll) {
  std::vector<std::string> mistakes;
  const VersionPolicy policy = ParseVersionPolicy(text, otherwise, mistakes);
  EXPECT_THAT(mistakes, IsEmpty());
  return policy;
}

TEST(VersionPolicy, ReadsEveryKey) {
  const VersionPolicy policy =
      Good(R"({"versions": [3, 1], "labels": {"stable": 1, "canary": 3}})");
  EXPECT_EQ(policy.served, ServedVersions::kListed);
  EXPECT_THAT(policy.listed, ElementsAre(3, 1));
  EXPECT_THAT(policy.labels, ElementsAre(Pair("canary", 3), Pair("stable", 1)));
  EXPECT_EQ(Good(R"({"versions": "newest"})").served, ServedVersions::kNewest);
  EXPECT_EQ(Good(R"({"versions": "all"})", ServedVersions::kNewest).served,
            ServedVersions::kAll);
}

TEST(VersionPolicy, LeavesToTheServerWhatTheFileDoesNotSay) {
  EXPECT_EQ(Good("{}", ServedVersions::kNewest).served,
            ServedVersions::kNewest);
  EXPECT_EQ(Good(R"({"labels": {}})").served, ServedVersions::kAll);
  std::vector<std::string> mistakes;
  EXPECT_EQ(ReadVersionPolicy(
                std::filesystem::path(testing::TempDir()) / "no such folder",
                ServedVersions::kNewest, mistakes)
                .served,
            ServedVersions::kNewest);
  EXPECT_THAT(mistakes, IsEmpty());
}

struct Mistake {
  std::string text;
  std::string sentence;
};

class MistakeTest : public testing::TestWithParam<Mistake> {};

// Where there is a label that is well, it is kept.
TEST_P(MistakeTest, CostsNoMoreThanItself) {
  std::vector<std::string> mistakes;
  const VersionPolicy policy =
      ParseVersionPolicy(GetParam().text, ServedVersions::kNewest, mistakes);
  EXPECT_THAT(mistakes, ElementsAre(GetParam().sentence));
  EXPECT_EQ(policy.served, ServedVersions::kNewest);
  const bool well = GetParam().text.find("\"well\": 2") != std::string::npos;
  EXPECT_EQ(policy.labels.contains("well"), well);
  EXPECT_EQ(policy.labels.size(), well);
}

const std::string kVersions =
    "\"versions\" is not understood and left out; expected \"all\", "
    "\"newest\" or a list of versions, as [1, 3]";
const std::string kNotJson =
    "is not a JSON object and left out; expected \"versions\" and \"labels\" "
    "in it";

std::string BadLabel(const std::string& shown) {
  return "label \"" + shown +
         "\" is left out; expected a name of letters, digits, dots, "
         "underscores and dashes with a version, as \"stable\": 1";
}

INSTANTIATE_TEST_SUITE_P(
    Texts, MistakeTest,
    testing::Values(
        Mistake{"", kNotJson}, Mistake{"{\"versions\": ", kNotJson},
        Mistake{"[1]", kNotJson}, Mistake{"\xff", kNotJson},
        Mistake{R"({"versions": "newer", "labels": {"well": 2}})", kVersions},
        Mistake{R"({"versions": [1, "2"], "labels": {"well": 2}})", kVersions},
        Mistake{R"({"versions": [], "labels": {"well": 2}})", kVersions},
        Mistake{R"({"versions": [0], "labels": {"well": 2}})", kVersions},
        Mistake{R"({"versions": [-1], "labels": {"well": 2}})", kVersions},
        Mistake{R"({"versions": [9223372036854775808]})", kVersions},
        Mistake{R"({"versions": {"1": 2}})", kVersions},
        Mistake{R"({"labels": ["well"]})",
                "\"labels\" is not understood and left out; expected versions "
                "by label, as {\"stable\": 1}"},
        Mistake{R"({"labels": {"well": 2, "bad": "1"}})", BadLabel("bad")},
        Mistake{R"({"labels": {"well": 2, "": 1}})", BadLabel("")},
        Mistake{R"({"labels": {"well": 2, "a b\n": 1}})", BadLabel("a b\\n")},
        Mistake{R"({"max_pieces": 5, "labels": {"well": 2}})",
                "unknown key \"max_pieces\" is left out; expected "
                "\"versions\" and \"labels\" (what is about one version goes "
                "into that version's folder)"}));

TEST(VersionPolicy, OfADamagedFileTheServersDefaultRemains) {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / "damaged_policy";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "strata.json") << "{";
  std::vector<std::string> mistakes;
  EXPECT_EQ(ReadVersionPolicy(folder, ServedVersions::kNewest, mistakes).served,
            ServedVersions::kNewest);
  EXPECT_THAT(mistakes, ElementsAre(kNotJson));
}

struct ServedCase {
  std::string name;
  VersionPolicy policy;
  std::vector<std::int64_t> versions;
  std::vector<ServedVersion> served;
  std::vector<std::string> mistakes;
};

class ServedTest : public testing::TestWithParam<ServedCase> {};

TEST_P(ServedTest, AreTheseVersions) {
  std::vector<std::string> mistakes;
  EXPECT_EQ(
      ApplyVersionPolicy(GetParam().policy, GetParam().versions, mistakes),
      GetParam().served);
  EXPECT_EQ(mistakes, GetParam().mistakes);
}

INSTANTIATE_TEST_SUITE_P(
    Policies, ServedTest,
    testing::Values(
        ServedCase{"All", {}, {1, 2, 9}, {{1}, {2}, {9}}, {}},
        ServedCase{"Newest", {ServedVersions::kNewest}, {1, 2, 9}, {{9}}, {}},
        ServedCase{"NewestOfNone", {ServedVersions::kNewest}, {}, {}, {}},
        ServedCase{"Listed",
                   {ServedVersions::kListed, {9, 1}},
                   {1, 2, 9},
                   {{1}, {9}},
                   {}},
        ServedCase{"Labels",
                   {.labels = {{"b", 2}, {"a", 2}, {"c", 1}}},
                   {1, 2},
                   {{1, {"c"}}, {2, {"a", "b"}}},
                   {}},
        ServedCase{"LabelledIsServedBesideTheNewest",
                   {.served = ServedVersions::kNewest, .labels = {{"a", 1}}},
                   {1, 2, 9},
                   {{1, {"a"}}, {9}},
                   {}},
        ServedCase{"ListedThatIsNotThere",
                   {ServedVersions::kListed, {1, 7}},
                   {1, 2},
                   {{1}},
                   {"\"versions\" lists 7, which is not there; there are: 1, "
                    "2"}},
        ServedCase{"LabelOfNoVersion",
                   {.labels = {{"a", 7}, {"b", 2}}},
                   {1, 2},
                   {{1}, {2, {"b"}}},
                   {"label \"a\" names version 7, which is not there, and is "
                    "left out; there are: 1, 2"}}),
    [](const auto& info) { return info.param.name; });

// Reading it as a file would throw, and end the server.
TEST(VersionPolicyTest, AFolderInTheFilesPlaceIsAMistake) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "policy";
  std::filesystem::create_directories(folder / "strata.json");
  std::vector<std::string> mistakes;
  const VersionPolicy policy =
      ReadVersionPolicy(folder, ServedVersions::kNewest, mistakes);
  std::filesystem::remove_all(folder);
  EXPECT_EQ(policy.served, ServedVersions::kNewest);
  EXPECT_EQ(mistakes, std::vector<std::string>{
                          "is left out: it cannot be read as a file"});
}

}  // namespace
}  // namespace strata
