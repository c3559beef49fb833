// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/model_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "strata/v1/model_service.pb.h"

namespace strata::cli {
namespace {

using testing::HasSubstr;

v1::ModelSummary Summary(const std::string& name, v1::ModelState state,
                         const std::string& reason) {
  v1::ModelSummary summary;
  summary.set_name(name);
  summary.set_version(1);
  summary.set_state(state);
  summary.set_reason(reason);
  if (state == v1::MODEL_STATE_READY) {
    summary.set_digest("sha256:0123456789abcdef0123");
  }
  return summary;
}

TEST(ModelListTable, ReasonsFollowWhole) {
  EXPECT_EQ(
      absl::StrCat("\n",
                   ModelListTable(
                       {Summary("falcon", v1::MODEL_STATE_REFUSED,
                                "model.pt is not a TorchScript archive; export "
                                "the model again"),
                        Summary("minilm", v1::MODEL_STATE_READY, "")},
                       60)),
      R"(
model   version  state    digest
─────────────────────────────────────────────
falcon        1  REFUSED
minilm        1  READY    sha256:0123456789ab

falcon version 1: model.pt is not a TorchScript archive; export the model again
)");
}

TEST(ModelListTable, LabelsAreAColumnWhereAnyModelHasThem) {
  v1::ModelSummary labelled = Summary("minilm", v1::MODEL_STATE_READY, "");
  labelled.add_labels("canary");
  labelled.add_labels("stable");
  EXPECT_EQ(
      absl::StrCat(
          "\n",
          ModelListTable(
              {Summary("falcon", v1::MODEL_STATE_READY, ""), labelled}, 70)),
      R"(
model   version  state  digest               labels
───────────────────────────────────────────────────────────
falcon        1  READY  sha256:0123456789ab
minilm        1  READY  sha256:0123456789ab  canary, stable
)");
}

TEST(ModelListTable, StatesAreInColour) {
  const std::string table =
      ModelListTable({Summary("a", v1::MODEL_STATE_READY, ""),
                      Summary("b", v1::MODEL_STATE_LOADING, ""),
                      Summary("c", v1::MODEL_STATE_REFUSED, "")},
                     80, /*colours=*/true);
  EXPECT_THAT(table, HasSubstr("\x1b[1mstate\x1b[0m"));
  EXPECT_THAT(table, HasSubstr("\x1b[32mREADY\x1b[0m"));
  EXPECT_THAT(table, HasSubstr("\x1b[33mLOADING\x1b[0m"));
  EXPECT_THAT(table, HasSubstr("\x1b[31mREFUSED\x1b[0m"));
}

TEST(ModelListTable, Empty) {
  EXPECT_EQ(ModelListTable({}, 80), "The server has no models.\n");
}

TEST(ModelTable, AllThatIsKnown) {
  v1::GetModelResponse model;
  *model.mutable_summary() = Summary("minilm", v1::MODEL_STATE_READY, "");
  model.add_devices("cpu");
  model.add_final_norm_layers(6);
  (*model.mutable_prompts())["query"] = "query: ";
  (*model.mutable_prompts())["passage"] = "passage: ";
  v1::ModelLimits& limits = *model.mutable_limits();
  limits.set_max_pieces(512);
  limits.set_max_inputs(256);
  limits.set_max_batch_rows(32);
  limits.set_max_batch_pieces(4096);
  limits.set_max_reply_bytes(67108864);
  v1::TraceReport& report = *model.mutable_trace_report();
  report.set_layers(7);
  report.set_width(384);
  report.set_dtype("float32");
  report.set_longest_pieces(512);
  report.set_mask_form(v1::MASK_FORM_PAIRS);
  report.set_mask_dtype("int64");
  report.set_padding_exact(true);
  report.set_logits(true);
  report.set_packing_exact(true);
  report.set_positions_matter(true);
  report.mutable_duration()->set_seconds(2);
  v1::Argument& argument = *report.add_arguments();
  argument.set_name("piece_ids");
  argument.set_type("Tensor");
  argument.set_role(v1::ARGUMENT_ROLE_PIECE_IDS);
  v1::Check& passed = *report.add_checks();
  passed.set_name("batch_generalises");
  passed.set_passed(true);
  passed.set_essential(true);
  passed.set_expected("rows equal to each alone");
  passed.set_found("largest difference 3e-07");
  v1::Check& failed = *report.add_checks();
  failed.set_name("packing");
  failed.set_expected("3e-05");
  failed.set_found("largest difference 0.4");
  EXPECT_EQ(absl::StrCat("\n", ModelTable(model, 80)), R"(
minilm version 1: READY

digest                sha256:0123456789abcdef0123
devices               cpu
layers                7 (the embedding output included)
width                 384
dtype                 float32
vocabulary            unknown
logits                yes
longest run           512 pieces
mask                  PAIRS of int64
padding exact         yes
packing exact         yes
prefix sharing exact  no
infinity contained    no
positions matter      yes
layers cut            no
examined in           2000 ms
final norm            layers 6
prompts               passage, query
limits                512 pieces an input, 256 inputs a request, 67108864 bytes a reply
batches               32 rows, 4096 pieces with padding

argument   type    role
────────────────────────────
piece_ids  Tensor  PIECE_IDS

check              passed  essential  found
────────────────────────────────────────────────────────────────────────────
batch_generalises  yes     yes        largest difference 3e-07
packing            no      no         largest difference 0.4; expected 3e-05
)");
}

TEST(ModelTable, LabelsAndInvarianceAreShownWhereTheyAre) {
  v1::GetModelResponse model;
  *model.mutable_summary() = Summary("minilm", v1::MODEL_STATE_READY, "");
  model.mutable_summary()->add_labels("canary");
  model.mutable_summary()->add_labels("stable");
  model.set_batch_invariant(true);
  EXPECT_EQ(ModelTable(model, 80),
            "minilm version 1: READY\n"
            "\n"
            "digest           sha256:0123456789abcdef0123\n"
            "labels           canary, stable\n"
            "batch invariant  yes: each input alone\n");
}

TEST(ModelTable, ARefusedOneSaysWhy) {
  v1::GetModelResponse model;
  *model.mutable_summary() =
      Summary("falcon", v1::MODEL_STATE_REFUSED, "no model.pt in falcon/1");
  EXPECT_EQ(ModelTable(model, 80),
            "falcon version 1: REFUSED\n"
            "no model.pt in falcon/1\n"
            "\n"
            "digest  unreadable\n");
}

}  // namespace
}  // namespace strata::cli
