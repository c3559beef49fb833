// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/loader.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "ATen/Parallel.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/batch/request.h"
#include "core/model/model.h"
#include "core/model/report.h"
#include "core/model/repository.h"
#include "core/tensor/mask_form.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/model/test_traces.h"
#include "tests/fakes/host_bytes.h"
#include "torch/script.h"

namespace strata {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::SizeIs;
using ::testing::StartsWith;

// A tokenizer.json of the words "w0", "w1", ...
std::string WordTokenizer(int words) {
  std::string vocabulary;
  for (int i = 0; i < words; ++i) {
    absl::StrAppend(&vocabulary, i == 0 ? "" : ",", "\"w", i, "\":", i);
  }
  return absl::StrCat(
      R"({"version":"1.0","truncation":null,"padding":null,)"
      R"("added_tokens":[],"normalizer":null,)"
      R"("pre_tokenizer":{"type":"Whitespace"},"post_processor":null,)"
      R"("decoder":null,"model":{"type":"WordLevel","unk_token":"w0",)"
      R"("vocab":{)",
      vocabulary, "}}}");
}

// A model directory that tests fill.
class LoaderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(directory_.path);
    std::filesystem::create_directories(directory_.path);
  }
  void TearDown() override { std::filesystem::remove_all(directory_.path); }

  void Write(const std::string& name, const std::string& content) {
    std::ofstream(directory_.path / name, std::ios::binary) << content;
  }
  void WriteTrace(const std::string& name) {
    std::filesystem::copy_file(TestTraceFile(name),
                               directory_.path / "model.pt");
  }
  void WriteTokenizer(int words = kTestVocabulary) {
    Write("tokenizer.json", WordTokenizer(words));
  }

  LoadOutcome Load(const std::vector<std::string>& devices = {"cpu"}) {
    return LoadModelDirectory(directory_, {.devices = devices,
                                           .report_directory = reports_,
                                           .digests = digests_});
  }
  // Loads what is not a model; it must not be one.
  absl::Status Refusal() {
    const absl::Status status = Load().model.status();
    EXPECT_FALSE(status.ok());
    return status;
  }

  // Nowhere, unless a test says.
  std::filesystem::path reports_;
  // No list, unless a test says.
  std::filesystem::path digests_;
  const ModelDirectory directory_{
      .id = {.name = "tiny", .version = 3},
      .path = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name()};
};

// A list names what may be loaded, and what it does not name is not even read:
// this is not a trace.
TEST_F(LoaderTest, OnlyWhatTheListOfDigestsNamesIsRead) {
  Write("model.pt", "not a trace");
  digests_ = directory_.path / "digests";
  Write("digests", "");
  const LoadOutcome unlisted = Load();
  EXPECT_THAT(std::string(unlisted.model.status().message()),
              AllOf(HasSubstr(unlisted.digest), HasSubstr(digests_.string())));
  EXPECT_THAT(unlisted.digest, StartsWith("sha256:"));
  EXPECT_THAT(unlisted.report.checks, SizeIs(0));
  std::filesystem::remove(directory_.path / "model.pt");
  WriteTrace("pairs");
  WriteTokenizer();
  Write("digests", Load().digest + " tiny\n");
  const LoadOutcome listed = Load();
  EXPECT_TRUE(listed.model.ok()) << listed.model.status();
}

// A version that is still being copied may look whole.
TEST_F(LoaderTest, WhatIsWrittenToMeanwhileIsRefused) {
  WriteTrace("pairs");
  WriteTokenizer();
  absl::Status refusal;
  {
    const std::jthread writer([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        std::filesystem::last_write_time(
            directory_.path / "tokenizer.json",
            std::filesystem::file_time_type::clock::now());
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    });
    refusal = Refusal();
  }
  EXPECT_EQ(refusal.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refusal.message()),
              HasSubstr("written to while they were loaded"));
  EXPECT_TRUE(Load().model.ok());
}

TEST_F(LoaderTest, InstancesOfADeviceShareItsWeights) {
  WriteTrace("pairs");
  WriteTokenizer();
  const LoadOutcome outcome = Load({"cpu", "cpu"});
  ASSERT_TRUE(outcome.model.ok()) << outcome.model.status();
  ASSERT_THAT((*outcome.model)->runners, SizeIs(2));
  auto sequences = MakeSequences({4}, {{.layers = {3}}});
  std::vector<std::vector<std::byte>> answers;
  for (const auto& runner : (*outcome.model)->runners) {
    EXPECT_EQ(runner->Device(), "cpu");
    EXPECT_TRUE(runner->cost().fitted());
    const auto results =
        runner->Run(PointersTo(sequences), PlanRows(sequences));
    ASSERT_TRUE(results.ok()) << results.status();
    answers.push_back(Bytes((*results)[0][0]));
  }
  EXPECT_EQ(answers[0], answers[1]);
}

// Each forward gives views of one buffer, which the next one fills.
TEST_F(LoaderTest, InstancesOfATraceThatWritesHaveMemoryOfTheirOwn) {
  WriteTrace("buffer_view");
  WriteTokenizer();
  const LoadOutcome outcome = Load({"cpu", "cpu"});
  ASSERT_TRUE(outcome.model.ok()) << outcome.model.status();
  const auto& runners = (*outcome.model)->runners;
  ASSERT_THAT(runners, SizeIs(2));
  const auto sequences = MakeSequences({3}, {{.layers = {3}}});
  const auto expected = Bytes(
      (*runners[0]->Run(PointersTo(sequences), PlanRows(sequences)))[0][0]);
  std::atomic<bool> stop = false;
  std::jthread other([&] {
    const auto others = MakeSequences({6}, {{.layers = {3}}});
    while (!stop) {
      EXPECT_TRUE(runners[1]->Run(PointersTo(others), PlanRows(others)).ok());
    }
  });
  for (int i = 0; i < 200; ++i) {
    const auto results =
        runners[0]->Run(PointersTo(sequences), PlanRows(sequences));
    ASSERT_TRUE(results.ok()) << results.status();
    EXPECT_EQ(Bytes((*results)[0][0]), expected);
  }
  stop = true;
}

TEST_F(LoaderTest, LoadsAModelThatRuns) {
  WriteTrace("pairs");
  WriteTokenizer();
  const LoadOutcome outcome = Load();
  ASSERT_TRUE(outcome.model.ok()) << outcome.model.status();
  const Model& model = **outcome.model;
  EXPECT_EQ(model.id, directory_.id);
  EXPECT_THAT(model.digest, MatchesRegex("sha256:[0-9a-f]{64}"));
  EXPECT_EQ(outcome.digest, model.digest);
  EXPECT_EQ(model.max_pieces, kTestPositions);
  EXPECT_TRUE(model.plan_limits.padding_exact);
  EXPECT_FALSE(model.batch_invariant);
  EXPECT_EQ(model.report.layers, kTestLayers);
  EXPECT_EQ(model.report.mask_form, MaskForm::kPairs);
  EXPECT_EQ(model.report.checks.front().name, "loads");
  EXPECT_TRUE(model.report.checks.front().passed);
  EXPECT_EQ(outcome.report.checks.size(), model.report.checks.size());
  ASSERT_THAT(model.runners, SizeIs(1));
  EXPECT_EQ(model.runners[0]->Device(), "cpu");

  const auto tokens = model.tokenizer->Encode("w7 w9", {});
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  EXPECT_THAT(tokens->ids, ElementsAre(7, 9));
  auto sequences = MakeSequences({2}, {{.layers = {3}}});
  sequences[0].ids = tokens->ids;
  const auto results =
      model.runners[0]->Run(PointersTo(sequences), PlanRows(sequences));
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_THAT((*results)[0][0].shape, ElementsAre(1, 2, kTestWidth));
}

TEST_F(LoaderTest, TheConfigurationLimitsTheModel) {
  WriteTrace("unmasked_encoder");
  WriteTokenizer();
  Write("strata.json", R"({"max_pieces": 40, "final_norm_layers": [3],
                           "prompts": {"query": "query: "},
                           "batching": {"max_rows": 5}})");
  const LoadOutcome outcome = Load();
  ASSERT_TRUE(outcome.model.ok()) << outcome.model.status();
  EXPECT_EQ((*outcome.model)->max_pieces, 40);
  EXPECT_EQ((*outcome.model)->plan_limits.max_rows, 5);
  EXPECT_FALSE((*outcome.model)->plan_limits.padding_exact);
  EXPECT_THAT((*outcome.model)->final_norm_layers, ElementsAre(3));
  EXPECT_EQ((*outcome.model)->prompts.at("query"), "query: ");
}

TEST_F(LoaderTest, ABatchInvariantModelPlansOneRow) {
  WriteTrace("cache_logits");
  WriteTokenizer();
  Write("strata.json",
        R"({"batch_invariant": true, "batching": {"max_rows": 5}})");
  const LoadOutcome outcome = Load();
  ASSERT_TRUE(outcome.model.ok()) << outcome.model.status();
  EXPECT_TRUE((*outcome.model)->batch_invariant);
  EXPECT_EQ((*outcome.model)->plan_limits.max_rows, 1);
  EXPECT_EQ((*outcome.model)->report.logits_width, kTestVocabulary);
}

TEST_F(LoaderTest, AMissingTrace) {
  WriteTokenizer();
  const LoadOutcome outcome = Load();
  EXPECT_EQ(ReasonOf(outcome.model.status()), Reason::kModelRefused);
  EXPECT_THAT(std::string(outcome.model.status().message()),
              AllOf(StartsWith("check loads: expected a TorchScript module in "
                               "model.pt, found no file \""),
                    HasSubstr("model.pt\"; ")));
  ASSERT_THAT(outcome.report.checks, SizeIs(1));
  EXPECT_FALSE(outcome.report.checks[0].passed);
  EXPECT_FALSE(outcome.digest.empty());
}

TEST_F(LoaderTest, ADamagedTrace) {
  WriteTokenizer();
  for (const char* name : {"truncated", "empty", "state_dict"}) {
    std::filesystem::remove(directory_.path / "model.pt");
    WriteTrace(name);
    EXPECT_THAT(std::string(Refusal().message()),
                AllOf(StartsWith("check loads: expected a TorchScript module "
                                 "in model.pt, found \""),
                      HasSubstr("does not load as a TorchScript module: ")))
        << name;
  }
}

TEST_F(LoaderTest, AStateDictIsCalledSo) {
  WriteTokenizer();
  WriteTrace("state_dict");
  EXPECT_THAT(
      std::string(Refusal().message()),
      HasSubstr("it is a state dict or another dictionary of torch.save, which "
                "is weights without a forward; load it into its model with "
                "load_state_dict and write it whole with torch.jit.trace("));
}

TEST_F(LoaderTest, ATraceThatFailsACheck) {
  WriteTrace("dropout");
  WriteTokenizer();
  const LoadOutcome outcome = Load();
  EXPECT_EQ(outcome.model.status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(outcome.model.status().message()),
              StartsWith("check deterministic: expected "));
  EXPECT_EQ(outcome.report.checks.front().name, "loads");
  EXPECT_EQ(outcome.report.checks.back().name, "deterministic");
  EXPECT_THAT(outcome.digest, StartsWith("sha256:"));
}

TEST_F(LoaderTest, AMissingTokenizer) {
  WriteTrace("pairs");
  EXPECT_THAT(std::string(Refusal().message()), HasSubstr("tokenizer"));
}

TEST_F(LoaderTest, ADamagedTokenizer) {
  WriteTrace("pairs");
  Write("tokenizer.json", "{]");
  EXPECT_THAT(std::string(Refusal().message()), HasSubstr("tokenizer.json"));
}

TEST_F(LoaderTest, ATokenizerWithMoreIdsThanTheEmbedding) {
  WriteTrace("pairs");
  WriteTokenizer(kTestVocabulary + 1);
  const LoadOutcome outcome = Load();
  ASSERT_TRUE(outcome.model.ok()) << outcome.model.status();
  EXPECT_EQ(outcome.report.vocabulary_size, kTestVocabulary);
}

struct UnknownCase {
  std::string name;
  // The tokenizer's.
  std::string model;
  bool passed;
  std::string found;
};

class UnknownCharactersTest : public LoaderTest,
                              public testing::WithParamInterface<UnknownCase> {
};

TEST_P(UnknownCharactersTest, AreSaidAtLoad) {
  WriteTrace("pairs");
  Write("tokenizer.json", absl::StrCat(R"({"added_tokens": [], "model": )",
                                       GetParam().model, "}"));
  const LoadOutcome outcome = Load();
  ASSERT_TRUE(outcome.model.ok()) << outcome.model.status();
  const Check& check = outcome.report.checks.at(1);
  EXPECT_EQ(check.name, "unknown_characters");
  EXPECT_FALSE(check.essential);
  EXPECT_EQ(check.passed, GetParam().passed);
  EXPECT_EQ(check.found, GetParam().found);
}

INSTANTIATE_TEST_SUITE_P(
    Models, UnknownCharactersTest,
    testing::Values(
        UnknownCase{"Piece",
                    R"({"type": "WordLevel", "unk_token": "a",
                        "vocab": {"a": 0}})",
                    true, "1 for U+12031"},
        UnknownCase{"Bytes",
                    R"({"type": "BPE", "byte_fallback": true,
                        "vocab": {"<0xF0>": 0, "<0x92>": 1, "<0x80>": 2,
                                  "<0xB1>": 3}, "merges": []})",
                    true, "4 for U+12031"},
        UnknownCase{"Refused",
                    R"({"type": "WordLevel", "unk_token": "[UNK]",
                        "vocab": {"a": 0}})",
                    false,
                    "no piece for it, nor one for unknown ones: texts with "
                    "such characters are refused"},
        UnknownCase{
            "LeftOut", R"({"type": "BPE", "vocab": {"a": 0}, "merges": []})",
            false, "that it is left out, as if the text did not have it"}),
    [](const auto& info) { return info.param.name; });

TEST_F(LoaderTest, ADamagedConfiguration) {
  WriteTrace("pairs");
  WriteTokenizer();
  Write("strata.json", R"({"max_pieces": "long"})");
  EXPECT_EQ(Refusal().message(),
            "strata.json: \"max_pieces\": got \"long\", expected an integer "
            "from 1 to 2147483647");
  Write("strata.json", "{");
  EXPECT_THAT(std::string(Refusal().message()), HasSubstr("not JSON"));
}

TEST_F(LoaderTest, TheConfigurationChoosesAmongTheDevices) {
  WriteTrace("pairs");
  WriteTokenizer();
  Write("strata.json", R"({"devices": ["cpu"]})");
  const LoadOutcome outcome = Load({"cuda:0", "cpu"});
  ASSERT_TRUE(outcome.model.ok()) << outcome.model.status();
  ASSERT_THAT((*outcome.model)->runners, SizeIs(1));
  EXPECT_EQ((*outcome.model)->runners[0]->Device(), "cpu");
  Write("strata.json", R"({"devices": ["cuda"]})");
  EXPECT_THAT(std::string(Refusal().message()),
              HasSubstr("ask for cuda, but the server has cpu"));
}

TEST_F(LoaderTest, ADeviceThatIsNotThere) {
  WriteTrace("pairs");
  WriteTokenizer();
  const LoadOutcome outcome = Load({"cpu", "cuda:77"});
  EXPECT_EQ(ReasonOf(outcome.model.status()), Reason::kModelRefused);
  EXPECT_THAT(std::string(outcome.model.status().message()),
              AllOf(StartsWith("check placed: expected a forward on cuda:77, "
                               "found "),
                    HasSubstr("; choose other devices with \"devices\" in "
                              "strata.json")));
  EXPECT_EQ(outcome.report.checks.back().name, "placed");
}

// Copies what has no data to the host, as a forward of a device in the graph
// that could not be rewritten would fail.
TEST_F(LoaderTest, ADeviceOnWhichItDoesNotRun) {
  WriteTrace("pairs");
  WriteTokenizer();
  const LoadOutcome outcome = Load({"meta"});
  EXPECT_THAT(std::string(outcome.model.status().message()),
              StartsWith("check placed: expected a forward on meta, found "));
  EXPECT_FALSE(outcome.report.checks.back().passed);
}

TEST_F(LoaderTest, ADirectoryThatIsGone) {
  std::filesystem::remove_all(directory_.path);
  EXPECT_FALSE(Refusal().ok());
}

// With a folder for what loads find out.
class KeptReportTest : public LoaderTest {
 protected:
  void SetUp() override {
    LoaderTest::SetUp();
    reports_ = directory_.path / "reports";
    // Its logits are not the first of what stands beside the layers.
    WriteTrace("auxiliary");
    WriteTokenizer();
    Write("strata.json", R"({"max_pieces": 64})");
  }

  // A load that believes what `before`, the last one, has kept. Where the
  // machine was busy then and is not now it rightly does not, and becomes
  // `before` itself.
  LoadOutcome LoadAfter(LoadOutcome& before,
                        const std::vector<std::string>& devices = {"cpu"}) {
    LoadOutcome next = Load(devices);
    while (!next.report_was_kept && absl::StrContains(next.remark, "busy")) {
      before = std::exchange(next, Load(devices));
    }
    return next;
  }

  static std::vector<std::byte> Answer(const Model& model) {
    const auto sequences =
        MakeSequences({4}, {{.layers = {3}}, {.kind = OutputKind::kLogits}});
    const auto results =
        model.runners[0]->Run(PointersTo(sequences), PlanRows(sequences));
    EXPECT_TRUE(results.ok()) << results.status();
    std::vector<std::byte> bytes = Bytes((*results)[0][0]);
    const std::vector<std::byte> logits = Bytes((*results)[0][1]);
    bytes.insert(bytes.end(), logits.begin(), logits.end());
    return bytes;
  }
};

TEST_F(KeptReportTest, TheNextLoadFindsWhatTheLastFoundOut) {
  LoadOutcome first = Load();
  ASSERT_TRUE(first.model.ok()) << first.model.status();
  EXPECT_FALSE(first.report_was_kept);
  const LoadOutcome next = LoadAfter(first);
  ASSERT_TRUE(next.model.ok()) << next.model.status();
  EXPECT_TRUE(next.report_was_kept);
  EXPECT_EQ(next.remark, "");
  const Model& was = **first.model;
  const Model& is = **next.model;
  // Measured anew they would not be the same.
  ASSERT_EQ(is.report.timings.at("cpu").size(),
            was.report.timings.at("cpu").size());
  EXPECT_EQ(is.report.timings.at("cpu")[0].time,
            was.report.timings.at("cpu")[0].time);
  EXPECT_EQ(is.report.duration, was.report.duration);
  EXPECT_EQ(is.report.checks.size(), was.report.checks.size());
  EXPECT_EQ(is.plan_limits.max_padded_pieces,
            was.plan_limits.max_padded_pieces);
  EXPECT_EQ(is.max_pieces, was.max_pieces);
  EXPECT_TRUE(is.runners[0]->cost().fitted());
  EXPECT_EQ(Answer(is), Answer(was));
}

TEST_F(KeptReportTest, OfOtherFilesNothingIsBelieved) {
  ASSERT_TRUE(Load().model.ok());
  Write("strata.json", R"({"max_pieces": 9})");
  const LoadOutcome other = Load();
  ASSERT_TRUE(other.model.ok()) << other.model.status();
  EXPECT_FALSE(other.report_was_kept);
  EXPECT_EQ((*other.model)->max_pieces, 9);
}

TEST_F(KeptReportTest, NorUnderOtherCircumstances) {
  ASSERT_TRUE(Load({"cpu"}).model.ok());
  LoadOutcome two = Load({"cpu", "cpu"});
  EXPECT_FALSE(two.report_was_kept);
  EXPECT_TRUE(LoadAfter(two, {"cpu", "cpu"}).report_was_kept);
  ASSERT_EQ(setenv("ONEDNN_MAX_CPU_ISA", "AVX2", /*overwrite=*/1), 0);
  LoadOutcome another = Load({"cpu"});
  EXPECT_FALSE(another.report_was_kept);
  ASSERT_EQ(unsetenv("ONEDNN_MAX_CPU_ISA"), 0);
  EXPECT_TRUE(LoadAfter(another).report_was_kept);
}

// Forwards that now take less than half of what is kept.
TEST_F(KeptReportTest, NorWhatWasMeasuredOnABusyMachine) {
  ASSERT_TRUE(Load().model.ok());
  const std::filesystem::directory_iterator files(reports_);
  std::ifstream in(files->path());
  std::string text(std::istreambuf_iterator<char>(in), {});
  const std::string key = "\"time\": ";
  for (std::size_t at = text.find(key); at != std::string::npos;
       at = text.find(key, at + 1)) {
    text.insert(at + key.size(), "999");
  }
  std::ofstream(files->path()) << text;
  const LoadOutcome again = Load();
  ASSERT_TRUE(again.model.ok()) << again.model.status();
  EXPECT_FALSE(again.report_was_kept);
  EXPECT_THAT(again.remark, HasSubstr("on a machine that was busy"));
}

TEST_F(KeptReportTest, WhatCannotBeReadIsFoundOutAnew) {
  ASSERT_TRUE(Load().model.ok());
  const std::filesystem::directory_iterator files(reports_);
  std::ofstream(files->path()) << "{";
  LoadOutcome again = Load();
  ASSERT_TRUE(again.model.ok()) << again.model.status();
  EXPECT_FALSE(again.report_was_kept);
  EXPECT_THAT(again.remark, HasSubstr("is not used: "));
  EXPECT_TRUE(LoadAfter(again).report_was_kept);
}

TEST_F(KeptReportTest, AFolderThatCannotBeWrittenIsNoFailure) {
  Write("reports", "a file");
  const LoadOutcome outcome = Load();
  EXPECT_TRUE(outcome.model.ok()) << outcome.model.status();
  EXPECT_THAT(outcome.remark, StartsWith("cannot write \""));
}

TEST_F(KeptReportTest, NothingIsKeptOfWhatIsRefused) {
  Write("strata.json", R"({"layers": 40})");
  EXPECT_FALSE(Load().model.ok());
  EXPECT_FALSE(std::filesystem::exists(reports_));
}

TEST(InitializeTorchTest, ThreadsHoldInEveryThread) {
  for (const int threads : {1, 2}) {
    InitializeTorch(threads);
    int here = at::get_num_threads();
    int there = 0;
    std::jthread([&there] { there = at::get_num_threads(); }).join();
    EXPECT_EQ(here, threads);
    EXPECT_EQ(there, threads);
  }
  EXPECT_EQ(at::get_num_interop_threads(), 1);
}

}  // namespace
}  // namespace strata
