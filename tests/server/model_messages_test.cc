// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/model_messages.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/engine/engine.h"
#include "core/model/registry.h"
#include "core/model/report.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "strata/v1/model_service.pb.h"
#include "tests/fakes/puppet_model.h"
#include "tests/fakes/puppet_runner.h"

namespace strata {
namespace {

template <typename Message>
std::string Expected(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message.DebugString();
}

ModelEntry Entry(ModelState state) {
  return {.id = {.name = "minilm", .version = 2}, .state = state};
}

TEST(ToModelSummaryTest, SaysWhyAVersionIsNotReady) {
  EXPECT_EQ(ToModelSummary(Entry(ModelState::kLoading)).DebugString(),
            Expected<v1::ModelSummary>(R"pb(
              name: "minilm"
              version: 2
              state: MODEL_STATE_LOADING
              reason: "being read and examined; not serving yet")pb"));
  ModelEntry refused = Entry(ModelState::kRefused);
  refused.refusal = Error(Reason::kModelRefused, "no tokenizer");
  refused.digest = "sha256:1";
  refused.labels = {"canary", "stable"};
  EXPECT_EQ(ToModelSummary(refused).DebugString(),
            Expected<v1::ModelSummary>(R"pb(
              name: "minilm"
              version: 2
              state: MODEL_STATE_REFUSED
              reason: "no tokenizer"
              digest: "sha256:1"
              labels: "canary"
              labels: "stable")pb"));
  EXPECT_EQ(ToModelSummary(Entry(ModelState::kDraining)).state(),
            v1::MODEL_STATE_DRAINING);
  EXPECT_NE(ToModelSummary(Entry(ModelState::kDraining)).reason(), "");
}

TEST(ToModelSummaryTest, AReadyVersionNeedsNoReason) {
  const v1::ModelSummary summary = ToModelSummary(Entry(ModelState::kReady));
  EXPECT_EQ(summary.state(), v1::MODEL_STATE_READY);
  EXPECT_EQ(summary.reason(), "");
}

TEST(ToTraceReportTest, TakesEveryFieldOver) {
  const TraceReport report = {
      .arguments = {{"ids", "Tensor", ArgumentRole::kPieceIds},
                    {"mask", "Dict(str, Tensor)", ArgumentRole::kAttentionMask},
                    {"positions", "Tensor", ArgumentRole::kPositions},
                    {"types", "Tensor", ArgumentRole::kTypeIds}},
      .mask_form = MaskForm::kDict,
      .mask_dtype = MaskDtype::kInt64,
      .layers = 7,
      .width = 384,
      .logits_width = 30522,
      .dtype = "float32",
      .vocabulary_size = 30522,
      .longest_pieces = 512,
      .padding_exact = true,
      .packing_exact = true,
      .prefix_sharing_exact = true,
      .infinity_contained = true,
      .layers_cut = true,
      .positions_matter = true,
      .checks = {{"padding", true, false, "within 1e-5", "2e-7"}},
      .duration = absl::Milliseconds(1250),
      .timings = {
          {"cpu", {{.rows = 2, .length = 16, .time = absl::Milliseconds(3)}}}}};
  EXPECT_EQ(
      ToTraceReport(report).DebugString(), Expected<v1::TraceReport>(R"pb(
        arguments { name: "ids" type: "Tensor" role: ARGUMENT_ROLE_PIECE_IDS }
        arguments {
          name: "mask"
          type: "Dict(str, Tensor)"
          role: ARGUMENT_ROLE_ATTENTION_MASK
        }
        arguments {
          name: "positions"
          type: "Tensor"
          role: ARGUMENT_ROLE_POSITIONS
        }
        arguments { name: "types" type: "Tensor" role: ARGUMENT_ROLE_TYPE_IDS }
        mask_form: MASK_FORM_DICT
        layers: 7
        width: 384
        dtype: "float32"
        vocabulary_size: 30522
        longest_pieces: 512
        padding_exact: true
        checks {
          name: "padding"
          passed: true
          essential: false
          expected: "within 1e-5"
          found: "2e-7"
        }
        duration { seconds: 1 nanos: 250000000 }
        mask_dtype: "int64"
        logits: true
        packing_exact: true
        prefix_sharing_exact: true
        infinity_contained: true
        positions_matter: true
        layers_cut: true
        timings {
          device: "cpu"
          rows: 2
          length: 16
          time { nanos: 3000000 }
        })pb"));
}

TEST(ToTraceReportTest, KnowsEveryMaskForm) {
  const auto form = [](MaskForm form) {
    TraceReport report{.arguments = {{"ids", "Tensor"}}, .mask_form = form};
    return ToTraceReport(report).mask_form();
  };
  EXPECT_EQ(form(MaskForm::kNone), v1::MASK_FORM_NONE);
  EXPECT_EQ(form(MaskForm::kPieces), v1::MASK_FORM_PIECES);
  EXPECT_EQ(form(MaskForm::kKeys), v1::MASK_FORM_KEYS);
  EXPECT_EQ(form(MaskForm::kPairs), v1::MASK_FORM_PAIRS);
  EXPECT_EQ(form(MaskForm::kDict), v1::MASK_FORM_DICT);
}

TEST(ToTraceReportTest, AnEmptyReportClaimsNoMask) {
  EXPECT_EQ(ToTraceReport({}).mask_form(), v1::MASK_FORM_UNSPECIFIED);
  EXPECT_EQ(ToTraceReport({}).mask_dtype(), "");
}

TEST(ToTraceReportTest, AMaskHasADtypeAndNoneHasNot) {
  TraceReport report{.arguments = {{"ids", "Tensor"}},
                     .mask_form = MaskForm::kPairs};
  EXPECT_EQ(ToTraceReport(report).mask_dtype(), "bool");
  report.mask_form = MaskForm::kNone;
  EXPECT_EQ(ToTraceReport(report).mask_dtype(), "");
}

TEST(ToGetModelResponseTest, AReadyVersionHasLimitsAndDevices) {
  const auto model =
      MakePuppetModel("minilm", std::make_shared<PuppetStrings>());
  model->plan_limits = {.max_rows = 8, .max_padded_pieces = 128};
  model->final_norm_layers = {3};
  model->batch_invariant = true;
  ModelEntry entry = Entry(ModelState::kReady);
  entry.model = model;
  entry.report = model->report;
  const v1::GetModelResponse response =
      ToGetModelResponse(entry, {.max_inputs = 9,
                                 .max_reply_bytes = 1000,
                                 .max_stream_reply_bytes = 2000});
  EXPECT_EQ(response.limits().DebugString(), Expected<v1::ModelLimits>(R"pb(
              max_pieces: 16
              max_batch_rows: 8
              max_batch_pieces: 128
              max_inputs: 9
              max_reply_bytes: 1000
              max_stream_reply_bytes: 2000)pb"));
  ASSERT_EQ(response.devices_size(), 1);
  EXPECT_EQ(response.devices(0), "cpu");
  ASSERT_EQ(response.final_norm_layers_size(), 1);
  EXPECT_EQ(response.final_norm_layers(0), 3);
  EXPECT_TRUE(response.batch_invariant());
  ASSERT_EQ(response.prompts().size(), 2U);
  EXPECT_EQ(response.prompts().at("query"), "query: ");
  EXPECT_EQ(response.trace_report().layers(), 4);
  EXPECT_EQ(response.summary().name(), "minilm");
}

TEST(ToGetModelResponseTest, ARefusedVersionHasItsReportAndNoLimits) {
  ModelEntry entry = Entry(ModelState::kRefused);
  entry.report.layers = 5;
  const v1::GetModelResponse response = ToGetModelResponse(entry, {});
  EXPECT_FALSE(response.has_limits());
  EXPECT_EQ(response.devices_size(), 0);
  EXPECT_EQ(response.trace_report().layers(), 5);
}

TEST(StateNameTest, NamesEveryState) {
  EXPECT_EQ(StateName(ModelState::kLoading), "loading");
  EXPECT_EQ(StateName(ModelState::kReady), "ready");
  EXPECT_EQ(StateName(ModelState::kRefused), "refused");
  EXPECT_EQ(StateName(ModelState::kDraining), "draining");
}

TEST(MaskFormNameTest, NamesEveryForm) {
  EXPECT_EQ(MaskFormName(MaskForm::kNone), "none");
  EXPECT_EQ(MaskFormName(MaskForm::kPieces), "pieces");
  EXPECT_EQ(MaskFormName(MaskForm::kKeys), "keys");
  EXPECT_EQ(MaskFormName(MaskForm::kPairs), "pairs");
  EXPECT_EQ(MaskFormName(MaskForm::kDict), "dict");
}

}  // namespace
}  // namespace strata
