// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/findings.h"

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "core/model/report.h"
#include "core/tensor/mask_form.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr const char* kDigest = "sha256:0123";
constexpr const char* kHere = "strata 1, a processor";

// No member has the value that an empty one has.
Findings MakeFindings() {
  return {.report = {.arguments = {{.name = "ids",
                                    .type = "Tensor",
                                    .role = ArgumentRole::kTypeIds}},
                     .mask_form = MaskForm::kPairs,
                     .mask_dtype = MaskDtype::kFloat32,
                     .layers = 7,
                     .width = 384,
                     .logits_width = 50,
                     .logits_place = 2,
                     .dtype = "bfloat16",
                     .vocabulary_size = 51,
                     .longest_pieces = 512,
                     .padding_exact = true,
                     .packing_exact = true,
                     .prefix_sharing_exact = true,
                     .infinity_contained = true,
                     .layers_cut = true,
                     .positions_matter = true,
                     .checks = {{.name = "loads",
                                 .passed = true,
                                 .essential = true,
                                 .expected = "a module",
                                 .found = "\xff"}},
                     .duration = absl::Milliseconds(1234),
                     .timings = {{"cpu",
                                  {{.rows = 2,
                                    .length = 16,
                                    .time = absl::Nanoseconds(1234567)}}}}},
          .most_places = 1024};
}

class FindingsTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove_all(folder_); }

  KeptFindings Kept(const std::string& circumstances = kHere) const {
    return {folder_, kDigest, circumstances};
  }
  // The only file.
  std::filesystem::path File() const {
    const std::filesystem::directory_iterator files(folder_);
    return files->path();
  }
  // Puts `to` in the place of `from` in the only file.
  void Change(const std::string& from, const std::string& to) const {
    std::ifstream in(File());
    const std::string text(std::istreambuf_iterator<char>(in), {});
    EXPECT_THAT(text, HasSubstr(from));
    std::ofstream(File()) << absl::StrReplaceAll(text, {{from, to}});
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) /
      testing::UnitTest::GetInstance()->current_test_info()->name() / "new";
};

TEST_F(FindingsTest, ComeBackAsTheyWere) {
  ASSERT_EQ(Kept().Write(MakeFindings()), absl::OkStatus());
  const absl::StatusOr<Findings> read = Kept().Read();
  ASSERT_TRUE(read.ok()) << read.status();
  const Findings was = MakeFindings();
  const TraceReport& report = read->report;
  EXPECT_EQ(read->most_places, was.most_places);
  ASSERT_THAT(report.arguments, SizeIs(1));
  EXPECT_EQ(report.arguments[0].name, "ids");
  EXPECT_EQ(report.arguments[0].type, "Tensor");
  EXPECT_EQ(report.arguments[0].role, ArgumentRole::kTypeIds);
  EXPECT_EQ(report.mask_form, was.report.mask_form);
  EXPECT_EQ(report.mask_dtype, was.report.mask_dtype);
  EXPECT_EQ(report.layers, was.report.layers);
  EXPECT_EQ(report.width, was.report.width);
  EXPECT_EQ(report.logits_width, was.report.logits_width);
  EXPECT_EQ(report.logits_place, was.report.logits_place);
  EXPECT_EQ(report.dtype, was.report.dtype);
  EXPECT_EQ(report.vocabulary_size, was.report.vocabulary_size);
  EXPECT_EQ(report.longest_pieces, was.report.longest_pieces);
  EXPECT_TRUE(report.padding_exact);
  EXPECT_TRUE(report.packing_exact);
  EXPECT_TRUE(report.prefix_sharing_exact);
  EXPECT_TRUE(report.infinity_contained);
  EXPECT_TRUE(report.layers_cut);
  EXPECT_TRUE(report.positions_matter);
  EXPECT_EQ(report.duration, was.report.duration);
  ASSERT_THAT(report.checks, SizeIs(1));
  EXPECT_EQ(report.checks[0].name, "loads");
  EXPECT_TRUE(report.checks[0].passed);
  EXPECT_TRUE(report.checks[0].essential);
  EXPECT_EQ(report.checks[0].expected, "a module");
  EXPECT_EQ(report.checks[0].found, "\xEF\xBF\xBD");  // Not UTF-8 before.
  ASSERT_THAT(report.timings, SizeIs(1));
  ASSERT_THAT(report.timings.at("cpu"), SizeIs(1));
  EXPECT_EQ(report.timings.at("cpu")[0].rows, 2);
  EXPECT_EQ(report.timings.at("cpu")[0].length, 16);
  EXPECT_EQ(report.timings.at("cpu")[0].time, absl::Nanoseconds(1234567));
}

TEST_F(FindingsTest, NothingIsKeptAtFirst) {
  EXPECT_TRUE(absl::IsNotFound(Kept().Read().status()));
}

TEST_F(FindingsTest, OtherMachinesHaveFilesOfTheirOwn) {
  ASSERT_EQ(Kept().Write(MakeFindings()), absl::OkStatus());
  const KeptFindings there = Kept("strata 1, another processor");
  EXPECT_TRUE(absl::IsNotFound(there.Read().status()));
  ASSERT_EQ(there.Write(MakeFindings()), absl::OkStatus());
  EXPECT_TRUE(Kept().Read().ok());
  EXPECT_TRUE(there.Read().ok());
}

TEST_F(FindingsTest, TheLastThatWasWrittenCounts) {
  Findings findings = MakeFindings();
  ASSERT_EQ(Kept().Write(findings), absl::OkStatus());
  findings.most_places = 64;
  ASSERT_EQ(Kept().Write(findings), absl::OkStatus());
  EXPECT_EQ(Kept().Read()->most_places, 64);
  // No draft stays behind.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

struct Damage {
  std::string name;
  std::string from;
  std::string to;
  std::string complaint;
};

class DamagedFindingsTest : public FindingsTest,
                            public testing::WithParamInterface<Damage> {};

TEST_P(DamagedFindingsTest, AreNotBelieved) {
  ASSERT_EQ(Kept().Write(MakeFindings()), absl::OkStatus());
  Change(GetParam().from, GetParam().to);
  const absl::Status status = Kept().Read().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr(File().string()));
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().complaint));
}

INSTANTIATE_TEST_SUITE_P(
    Damages, DamagedFindingsTest,
    testing::Values(
        Damage{"NotJson", "}", "", "parse error"},
        Damage{"NoMember", "\"width\"", "\"breadth\"", "key 'width' not found"},
        Damage{"NotANumber", "384", "\"x\"", "must be number"},
        Damage{"NoLayers", "\"layers\": 7", "\"layers\": 0", "not those of"},
        Damage{"NoSuchMask", "\"mask_form\": 3", "\"mask_form\": 9",
               "not those of"},
        Damage{"NoSuchRole", "\"role\": 3", "\"role\": 4", "not those of"},
        Damage{"NoRows", "\"rows\": 2", "\"rows\": -2", "not those of"},
        Damage{"TooLong", "\"length\": 16", "\"length\": 9999999",
               "not those of"},
        Damage{"NoTime", "1234567", "0", "not those of"},
        Damage{"OtherFormat", "\"format\": ", "\"format\": 1", "another"},
        Damage{"OtherModel", "sha256:0123", "sha256:0124", "another model"},
        Damage{"OtherMachine", "a processor", "b processor", "machine"}),
    [](const auto& info) { return info.param.name; });

TEST_F(FindingsTest, AFolderThatCannotBeMade) {
  std::filesystem::create_directories(folder_.parent_path());
  std::ofstream(folder_) << "a file";
  const absl::Status status = Kept().Write(MakeFindings());
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr(folder_.string()));
  std::filesystem::remove(folder_);
}

// As many processes do that share a folder and have one number.
TEST_F(FindingsTest, SeveralMayWriteAtATime) {
  const KeptFindings kept = Kept();
  ASSERT_EQ(kept.Write(MakeFindings()), absl::OkStatus());
  std::vector<std::jthread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      for (int j = 0; j < 50; ++j) {
        EXPECT_EQ(kept.Write(MakeFindings()), absl::OkStatus());
        EXPECT_TRUE(kept.Read().ok()) << kept.Read().status();
      }
    });
  }
}

// No file can grow, as on a full disk.
TEST_F(FindingsTest, AFullDisk) {
  const KeptFindings kept = Kept();
  ASSERT_EQ(kept.Write(MakeFindings()), absl::OkStatus());
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit full = {.rlim_cur = 16, .rlim_max = before.rlim_max};
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
  const absl::Status status = kept.Write(MakeFindings());
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("File too large"));
  EXPECT_TRUE(kept.Read().ok());
  // No draft stays behind.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

}  // namespace
}  // namespace strata
