// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/trace.h"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/error.h"
#include "core/batch/request.h"
#include "core/model/report.h"
#include "core/model/signature.h"
#include "core/tensor/forward_outputs.h"
#include "core/tensor/mask_form.h"
#include "core/tensor/rows.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/model/test_traces.h"
#include "torch/script.h"

namespace strata {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

using Layers = std::vector<at::Tensor>;

ForwardOutputs ForwardAll(const Trace& trace, const RowTensors& rows) {
  const absl::StatusOr<ForwardOutputs> outputs = trace.Forward(rows);
  EXPECT_TRUE(outputs.ok()) << outputs.status();
  return outputs.value_or(ForwardOutputs{});
}

Layers Forward(const Trace& trace, const RowTensors& rows) {
  return ForwardAll(trace, rows).layers;
}

// What make_traces.py kept of the untraced model: its arguments, its layers.
std::vector<at::Tensor> ReadExpected(const std::string& name) {
  std::ifstream file(TestTraceFile(name + ".expected"), std::ios::binary);
  const std::vector<char> bytes(std::istreambuf_iterator<char>(file), {});
  std::vector<at::Tensor> tensors;
  for (const c10::IValue& value : torch::jit::pickle_load(bytes).toList()) {
    tensors.push_back(value.toTensor());
  }
  return tensors;
}

TEST(TraceTest, GivesWhatTheModelGave) {
  const std::vector<at::Tensor> expected = ReadExpected("pairs");
  ASSERT_EQ(expected.size(), 3 + kTestLayers);
  const Layers layers = Forward(
      LoadTestTrace("pairs"),
      {.ids = expected[0], .positions = expected[2], .mask = expected[1]});
  ASSERT_EQ(layers.size(), kTestLayers);
  for (int i = 0; i < kTestLayers; ++i) {
    EXPECT_TRUE(at::allclose(layers[i], expected[3 + i], 1e-5, 1e-6)) << i;
  }
}

TEST(TraceTest, PrepackedWeightsGiveTheSame) {
  Trace trace = Trace::Load(TestTraceFile("pairs"), Operators::kForCpu).value();
  const Trace stored = LoadTestTrace("pairs");
  trace.Bind(AssignRoles(trace.schema(), {}).value());
  EXPECT_EQ(trace.EmbeddingRows(), stored.EmbeddingRows());
  const RowTensors rows = MakeRows(MakeSequences({6, 3}), MaskForm::kPairs);
  const Layers expected = Forward(stored, rows);
  const Layers layers = Forward(trace, rows);
  const Layers cut = Forward(trace.Cut(1).value(), rows);
  const Layers shared = Forward(trace.Share().value(), rows);
  ASSERT_EQ(layers.size(), expected.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    EXPECT_TRUE(at::allclose(layers[i], expected[i], 1e-5, 1e-5)) << i;
    EXPECT_TRUE(shared[i].equal(layers[i])) << i;
  }
  ASSERT_EQ(cut.size(), 2);
  EXPECT_TRUE(cut[1].equal(layers[1]));
}

// What is called through an interface could read the weights as they were.
TEST(TraceTest, NothingIsPrepackedWhereCodeIsOutOfSight) {
  const Trace trace =
      Trace::Load(TestTraceFile("interface"), Operators::kForCpu).value();
  EXPECT_THAT(trace.GraphText(),
              AllOf(HasSubstr("aten::linear"), Not(HasSubstr("prepacked"))));
}

TEST(TraceTest, ReadsTheSchema) {
  const Trace trace = LoadTestTrace("dict");
  ASSERT_EQ(trace.schema().size(), 2);
  EXPECT_EQ(trace.schema()[0].name, "piece_ids");
  EXPECT_EQ(trace.schema()[0].type, "Tensor");
  EXPECT_EQ(trace.schema()[1].name, "attention_mask");
  EXPECT_EQ(trace.schema()[1].type, kDictType);
}

struct FormCase {
  std::string name;
  MaskForm form;
};

class TraceFormTest : public testing::TestWithParam<FormCase> {};

TEST_P(TraceFormTest, ASequenceInABatchEqualsItselfAlone) {
  const Trace trace = LoadTestTrace(GetParam().name);
  const std::vector<Sequence> sequences = MakeSequences({9, 4, 1});
  const Layers together = Forward(trace, MakeRows(sequences, GetParam().form));
  ASSERT_EQ(together.size(), kTestLayers);
  for (int row = 0; row < 3; ++row) {
    const Layers alone =
        Forward(trace, MakeRows({sequences[row]}, GetParam().form));
    for (int i = 0; i < kTestLayers; ++i) {
      const at::Tensor ours =
          together[i][row].narrow(0, 0, sequences[row].pieces());
      EXPECT_TRUE(at::allclose(ours, alone[i][0], 1e-5, 1e-6))
          << "row " << row << ", layer " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Forms, TraceFormTest,
    testing::Values(FormCase{"pairs", MaskForm::kPairs},
                    FormCase{"keys", MaskForm::kKeys},
                    FormCase{"pieces", MaskForm::kPieces},
                    FormCase{"dict", MaskForm::kDict},
                    FormCase{"types", MaskForm::kPairs},
                    FormCase{"unmasked_causal", MaskForm::kNone},
                    FormCase{"with_cache", MaskForm::kNone}),
    [](const auto& info) { return info.param.name; });

TEST(TraceTest, MembersOfARowEqualThemselvesAlone) {
  const Trace trace = LoadTestTrace("pairs");
  const std::vector<Sequence> sequences = MakeSequences({5, 1, 4});
  const BatchPlan plan{.rows = {{{0, 1, 2}}}, .length = 12};
  const Layers packed = Forward(
      trace,
      AssembleRows(PointersTo(sequences), plan, MaskForm::kPairs, 0, at::kCPU));
  int begin = 0;
  for (const Sequence& sequence : sequences) {
    const Layers alone = Forward(trace, MakeRows({sequence}, MaskForm::kPairs));
    for (int i = 0; i < kTestLayers; ++i) {
      EXPECT_TRUE(at::allclose(packed[i][0].narrow(0, begin, sequence.pieces()),
                               alone[i][0], 1e-5, 1e-6));
    }
    begin += sequence.pieces();
  }
}

TEST(TraceTest, TypesReachTheModel) {
  const Trace trace = LoadTestTrace("types");
  std::vector<Sequence> sequences = MakeSequences({3});
  const Layers zeros = Forward(trace, MakeRows(sequences, MaskForm::kPairs));
  sequences[0].type_ids = {0, 5, 0};
  const Layers fives = Forward(trace, MakeRows(sequences, MaskForm::kPairs));
  const at::Tensor difference = (fives[0] - zeros[0])[0].mean(1);
  EXPECT_NEAR(difference[0].item<float>(), 0, 1e-6);
  EXPECT_NEAR(difference[1].item<float>(), 5, 1e-5);
}

struct OutputCase {
  std::string name;
  int layers;
  // Which tensor beside the layers they are.
  std::optional<std::size_t> logits;
  // What strata.json would say.
  std::optional<int> told_layers = std::nullopt;
};

class TraceOutputTest : public testing::TestWithParam<OutputCase> {};

// Every form holds the same model: what is found in it is held to the layers of
// the plainest one.
TEST_P(TraceOutputTest, LayersAndLogitsAreFound) {
  const RowTensors rows = MakeRows(MakeSequences({5, 3}), MaskForm::kNone);
  const Layers plain = Forward(LoadTestTrace("unmasked_causal"), rows);
  Trace trace = LoadTestTrace(GetParam().name);
  trace.Bind(AssignRoles(trace.schema(), {}).value(),
             {.layers = GetParam().told_layers});
  EXPECT_FALSE(ForwardAll(trace, rows).logits.defined());
  const auto logits = GetParam().logits;
  if (logits.has_value()) trace.SetLogits(*logits);

  const ForwardOutputs outputs = ForwardAll(trace, rows);

  ASSERT_EQ(outputs.layers.size(), GetParam().layers);
  for (int i = 0; i < GetParam().layers; ++i) {
    const int layer = kTestLayers - GetParam().layers + i;
    EXPECT_TRUE(outputs.layers[i].equal(plain[layer])) << i;
  }
  ASSERT_EQ(outputs.logits.defined(), GetParam().logits.has_value());
  if (!GetParam().logits.has_value()) return;
  // A copy reads its outputs alike, and a cut leaves the logits out.
  EXPECT_TRUE(ForwardAll(trace.CopyTo(at::kCPU).value(), rows)
                  .logits.equal(outputs.logits));
  const auto cut = trace.Cut(0);
  ASSERT_TRUE(cut.ok()) << cut.status();
  EXPECT_FALSE(ForwardAll(*cut, rows).logits.defined());
}

INSTANTIATE_TEST_SUITE_P(
    Forms, TraceOutputTest,
    testing::Values(OutputCase{"unmasked_causal", kTestLayers, {}},
                    OutputCase{"with_cache", kTestLayers, {}},
                    OutputCase{"cache_logits", kTestLayers, 1},
                    OutputCase{"nested_logits", kTestLayers, 0},
                    OutputCase{"flat", kTestLayers, 0},
                    OutputCase{"flat_only", kTestLayers, {}},
                    OutputCase{"list", kTestLayers, {}},
                    OutputCase{"nested_list", kTestLayers, 1},
                    OutputCase{"hidden_logits", 1, 0},
                    OutputCase{"single", 1, {}},
                    OutputCase{"square_logits", kTestLayers, 0, kTestLayers}),
    [](const auto& info) { return info.param.name; });

TEST(TraceTest, LogitsOfTheLayersWidthAreToldApartByTheirCount) {
  const RowTensors rows = MakeRows(MakeSequences({5}), MaskForm::kNone);
  Trace trace = LoadTestTrace("square_logits");
  EXPECT_EQ(Forward(trace, rows).size(), kTestLayers + 1);
  trace.Bind(AssignRoles(trace.schema(), {}).value(),
             {.layers = kTestLayers, .logits = 0});
  EXPECT_EQ(ForwardAll(trace, rows).logits.size(2), kTestWidth);
  EXPECT_FALSE(trace.Cut(kTestLayers).ok());
}

struct CutCase {
  std::string name;
  MaskForm form;
};

class TraceCutTest : public testing::TestWithParam<CutCase> {};

TEST_P(TraceCutTest, GivesTheLowerLayersBitByBit) {
  const Trace trace = LoadTestTrace(GetParam().name);
  const RowTensors rows = MakeRows(MakeSequences({6, 3}), GetParam().form);
  const Layers whole = Forward(trace, rows);
  std::size_t last_size = 0;
  for (int deepest = 0; deepest < kTestLayers; ++deepest) {
    const absl::StatusOr<Trace> cut = trace.Cut(deepest);
    ASSERT_TRUE(cut.ok()) << cut.status();
    const Layers layers = Forward(*cut, rows);
    ASSERT_EQ(layers.size(), deepest + 1);
    for (int i = 0; i <= deepest; ++i) {
      EXPECT_TRUE(layers[i].equal(whole[i])) << deepest << ", layer " << i;
    }
    // Each layer costs what those below it do not.
    EXPECT_GT(cut->GraphText().size(), last_size + (deepest > 0 ? 1000 : 0));
    last_size = cut->GraphText().size();
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, TraceCutTest,
                         testing::Values(CutCase{"pairs", MaskForm::kPairs},
                                         CutCase{"dict", MaskForm::kDict},
                                         CutCase{"flat", MaskForm::kNone},
                                         CutCase{"with_cache",
                                                 MaskForm::kNone}),
                         [](const auto& info) { return info.param.name; });

TEST(TraceTest, ACutAboveTheLayersIsAnError) {
  const absl::Status status = LoadTestTrace("pairs").Cut(kTestLayers).status();
  EXPECT_EQ(ReasonOf(status), Reason::kNotSupportedByModel);
  EXPECT_THAT(status.message(), HasSubstr("does not show layers 0 to 4"));
  EXPECT_FALSE(LoadTestTrace("single").Cut(0).ok());
}

TEST(TraceTest, FindsTheEmbedding) {
  EXPECT_EQ(LoadTestTrace("pairs").EmbeddingRows(), kTestVocabulary);
  EXPECT_EQ(LoadTestTrace("pieces").EmbeddingRows(), kTestVocabulary);
  EXPECT_EQ(LoadTestTrace("pairs_bfloat16").EmbeddingRows(), kTestVocabulary);
  EXPECT_EQ(LoadTestTrace("clamped").EmbeddingRows(), std::nullopt);
}

TEST(TraceTest, AnIdOutsideTheVocabularyIsAnError) {
  std::vector<Sequence> sequences = MakeSequences({3});
  sequences[0].ids[1] = kTestVocabulary;
  const absl::Status status = LoadTestTrace("unmasked_causal")
                                  .Forward(MakeRows(sequences, MaskForm::kNone))
                                  .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ReasonOf(status), Reason::kForwardFailed);
  EXPECT_EQ(status.message(), "index out of range in self");
}

TEST(TraceTest, ACopyRunsOnWeightsOfItsOwn) {
  const Trace trace = LoadTestTrace("pairs");
  const absl::StatusOr<Trace> copy = trace.CopyTo(at::kCPU);
  ASSERT_TRUE(copy.ok()) << copy.status();
  const RowTensors rows = MakeRows(MakeSequences({6, 3}), MaskForm::kPairs);
  EXPECT_TRUE(Forward(*copy, rows).back().equal(Forward(trace, rows).back()));
}

TEST(TraceTest, ATwinRunsOnTheSameWeights) {
  const Trace trace = LoadTestTrace("pairs");
  const absl::StatusOr<Trace> twin = trace.Share();
  ASSERT_TRUE(twin.ok()) << twin.status();
  const at::Tensor table = trace.EmbeddingTable().value_or(at::Tensor());
  ASSERT_TRUE(table.defined());
  EXPECT_TRUE(twin->EmbeddingTable().value_or(at::Tensor()).is_alias_of(table));
  const RowTensors rows = MakeRows(MakeSequences({6, 3}), MaskForm::kPairs);
  EXPECT_TRUE(Forward(*twin, rows).back().equal(Forward(trace, rows).back()));
}

TEST(TraceTest, OutputsOfItsOwnAreNotOverwritten) {
  const auto outputs = LoadTestTrace("pairs").Forward(
      MakeRows(MakeSequences({3}), MaskForm::kPairs));
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_FALSE(outputs->overwritten_later);
}

// Traces that give views of a buffer, of a constant, and of a buffer that an
// operator was told to write to.
class OverwritingTraceTest : public testing::TestWithParam<const char*> {};

TEST_P(OverwritingTraceTest, SaysThatTheNextForwardOverwritesItsOutputs) {
  const auto outputs =
      LoadTestTrace(GetParam())
          .Forward(MakeRows(MakeSequences({3}), MaskForm::kPairs));
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_TRUE(outputs->overwritten_later);
}

TEST_P(OverwritingTraceTest, ATwinHasMemoryOfItsOwnToWriteTo) {
  const Trace trace = LoadTestTrace(GetParam());
  const absl::StatusOr<Trace> twin = trace.Share();
  ASSERT_TRUE(twin.ok()) << twin.status();
  const auto few = MakeRows(MakeSequences({3}), MaskForm::kPairs);
  const Layers ours = Forward(trace, few);
  const at::Tensor before = ours.back().clone();
  Forward(*twin, MakeRows(MakeSequences({6, 4}), MaskForm::kPairs));
  EXPECT_TRUE(ours.back().equal(before));
}

INSTANTIATE_TEST_SUITE_P(Traces, OverwritingTraceTest,
                         testing::Values("buffer_view", "constant_view",
                                         "buffer_out"),
                         [](const auto& info) {
                           return std::string(info.param);
                         });

// Another forward would overwrite what is half computed.
TEST_P(OverwritingTraceTest, ItComesToNoCheckpoint) {
  const Trace trace = LoadTestTrace(GetParam());
  const auto rows = MakeRows(MakeSequences({3}), MaskForm::kPairs);
  EXPECT_TRUE(trace.Forward(rows, [] { return false; }).ok());
}

TEST(TraceTest, ForwardsMayRunAtTheCheckpointsOfAnother) {
  const Trace trace = LoadTestTrace("pairs");
  const auto rows = MakeRows(MakeSequences({6, 4}), MaskForm::kPairs);
  const auto few = MakeRows(MakeSequences({3}), MaskForm::kPairs);
  const Layers alone = Forward(trace, rows);
  const Layers few_alone = Forward(trace, few);
  int checkpoints = 0;
  const auto outputs = trace.Forward(rows, [&] {
    ++checkpoints;
    EXPECT_TRUE(Forward(trace, few).back().equal(few_alone.back()));
    return true;
  });
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_TRUE(outputs->layers.back().equal(alone.back()));
  EXPECT_GE(checkpoints, kTestLayers - 1);
}

TEST(TraceTest, AForwardEndsAtTheCheckpointThatSaysSo) {
  const Trace trace = LoadTestTrace("pairs");
  const auto rows = MakeRows(MakeSequences({6, 4}), MaskForm::kPairs);
  int checkpoints = 0;
  const absl::Status status =
      trace.Forward(rows, [&] { return ++checkpoints < 2; }).status();
  EXPECT_EQ(ReasonOf(status), Reason::kCallerCancelled);
  EXPECT_EQ(checkpoints, 2);
  EXPECT_TRUE(trace.Forward(rows).ok());
}

// The meta device is on every machine; it has no numbers and few kernels, so
// what can be seen there is that weights and graph have come to it.
TEST(TraceTest, ACopyOnAnotherDeviceIsWhollyThere) {
  const Trace original = LoadTestTrace("pairs");
  const std::string text = original.GraphText();
  EXPECT_THAT(text, HasSubstr("value=\"cpu\""));
  const absl::StatusOr<Trace> copy = original.CopyTo(at::kMeta);
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_THAT(copy->GraphText(), AllOf(HasSubstr("value=\"meta\""),
                                       Not(HasSubstr("value=\"cpu\""))));
  const RowTensors rows = MakeRows(MakeSequences({6}), MaskForm::kPairs);
  const absl::Status status = copy->Forward({.ids = rows.ids.to(at::kMeta),
                                             .positions = rows.positions,
                                             .mask = rows.mask})
                                  .status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("with Meta tensors"));

  EXPECT_EQ(original.GraphText(), text);
  EXPECT_EQ(Forward(original, rows).size(), kTestLayers);
}

TEST(TraceTest, ADeviceThatIsNotThereIsAnErrorAndNoCrash) {
  const Trace trace = LoadTestTrace("pairs");
  EXPECT_FALSE(trace.CopyTo(at::Device("cuda:77")).ok());
  EXPECT_EQ(
      Forward(trace, MakeRows(MakeSequences({2}), MaskForm::kPairs)).size(),
      kTestLayers);
}

struct BadFile {
  std::string name;
  std::string why;
};

class BadFileTest : public testing::TestWithParam<BadFile> {};

TEST_P(BadFileTest, IsRefusedWithTheRemedy) {
  const absl::Status status =
      Trace::Load(TestTraceFile(GetParam().name)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(
      status.message(),
      AllOf(HasSubstr(GetParam().name + ".pt\" does not load as a TorchScript "
                                        "module: "),
            HasSubstr(GetParam().why),
            HasSubstr("torch.jit.trace(model, example).save(\"model.pt\")"),
            Not(HasSubstr("\n"))));
}

INSTANTIATE_TEST_SUITE_P(
    Files, BadFileTest,
    testing::Values(BadFile{"state_dict",
                            "it is a state dict or another dictionary of "
                            "torch.save, which is weights without a forward; "
                            "load it into its model with load_state_dict and "
                            "write it whole"},
                    BadFile{"pickled_module", "it is a Python object"},
                    BadFile{"exported", "it is a program of torch.export"},
                    BadFile{"truncated", "failed finding central directory"},
                    BadFile{"empty", "not a ZIP archive"},
                    BadFile{"no_such_file", "No such file"}),
    [](const auto& info) { return info.param.name; });

// Where curated-transformers is installed where the tests are built.
class CuratedTest : public testing::TestWithParam<std::string> {};

TEST_P(CuratedTest, ASequenceInABatchEqualsItselfAlone) {
  if (!std::filesystem::exists(TestTraceFile(GetParam()))) {
    GTEST_SKIP() << "curated-transformers was not installed";
  }
  const Trace trace = LoadTestTrace(GetParam());
  EXPECT_EQ(trace.EmbeddingRows(), kTestVocabulary);
  const std::vector<Sequence> sequences = MakeSequences({9, 4});
  const Layers together = Forward(trace, MakeRows(sequences, MaskForm::kDict));
  const Layers alone =
      Forward(trace, MakeRows({sequences[1]}, MaskForm::kDict));
  ASSERT_EQ(together.size(), kTestLayers);
  EXPECT_TRUE(at::allclose(together.back()[1].narrow(0, 0, 4), alone.back()[0],
                           1e-5, 1e-6));
  const absl::StatusOr<Trace> cut = trace.Cut(1);
  ASSERT_TRUE(cut.ok()) << cut.status();
  EXPECT_LT(cut->GraphText().size(), trace.GraphText().size() * 2 / 3);
  EXPECT_TRUE(Forward(*cut, MakeRows(sequences, MaskForm::kDict))
                  .back()
                  .equal(together[1]));
}

// Else each of their answers would be copied.
TEST_P(CuratedTest, ItsOutputsAreNotOverwritten) {
  if (!std::filesystem::exists(TestTraceFile(GetParam()))) {
    GTEST_SKIP() << "curated-transformers was not installed";
  }
  const Trace trace = LoadTestTrace(GetParam());
  EXPECT_FALSE(
      ForwardAll(trace, MakeRows(MakeSequences({9, 4}), MaskForm::kDict))
          .overwritten_later);
}

INSTANTIATE_TEST_SUITE_P(Models, CuratedTest,
                         testing::Values("falcon", "bert"));

}  // namespace
}  // namespace strata
