// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/model_messages.h"

#include <memory>
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "core/batch/runner.h"
#include "core/engine/engine.h"
#include "core/model/registry.h"
#include "core/model/report.h"
#include "server/durations.h"
#include "strata/v1/model_service.pb.h"

namespace strata {
namespace {

v1::ModelState ToModelState(ModelState state) {
  switch (state) {
    case ModelState::kLoading:
      return v1::MODEL_STATE_LOADING;
    case ModelState::kReady:
      return v1::MODEL_STATE_READY;
    case ModelState::kRefused:
      return v1::MODEL_STATE_REFUSED;
    case ModelState::kDraining:
      return v1::MODEL_STATE_DRAINING;
  }
  return v1::MODEL_STATE_UNSPECIFIED;
}

v1::MaskForm ToMaskForm(MaskForm form) {
  switch (form) {
    case MaskForm::kNone:
      return v1::MASK_FORM_NONE;
    case MaskForm::kPieces:
      return v1::MASK_FORM_PIECES;
    case MaskForm::kKeys:
      return v1::MASK_FORM_KEYS;
    case MaskForm::kPairs:
      return v1::MASK_FORM_PAIRS;
    case MaskForm::kDict:
      return v1::MASK_FORM_DICT;
  }
  return v1::MASK_FORM_UNSPECIFIED;
}

v1::ArgumentRole ToArgumentRole(ArgumentRole role) {
  switch (role) {
    case ArgumentRole::kPieceIds:
      return v1::ARGUMENT_ROLE_PIECE_IDS;
    case ArgumentRole::kAttentionMask:
      return v1::ARGUMENT_ROLE_ATTENTION_MASK;
    case ArgumentRole::kPositions:
      return v1::ARGUMENT_ROLE_POSITIONS;
    case ArgumentRole::kTypeIds:
      return v1::ARGUMENT_ROLE_TYPE_IDS;
  }
  return v1::ARGUMENT_ROLE_UNSPECIFIED;
}

}  // namespace

v1::ModelSummary ToModelSummary(const ModelEntry& entry) {
  v1::ModelSummary summary;
  summary.set_name(entry.id.name);
  summary.set_version(entry.id.version);
  summary.set_state(ToModelState(entry.state));
  summary.set_reason(StateReason(entry));
  summary.set_digest(entry.digest);
  for (const std::string& label : entry.labels) summary.add_labels(label);
  return summary;
}

v1::TraceReport ToTraceReport(const TraceReport& report) {
  v1::TraceReport message;
  for (const Argument& argument : report.arguments) {
    v1::Argument& added = *message.add_arguments();
    added.set_name(argument.name);
    added.set_type(argument.type);
    added.set_role(ToArgumentRole(argument.role));
  }
  // A report without arguments found nothing out about the mask either.
  if (!report.arguments.empty()) {
    message.set_mask_form(ToMaskForm(report.mask_form));
    if (report.mask_form != MaskForm::kNone) {
      message.set_mask_dtype(std::string(MaskDtypeName(report.mask_dtype)));
    }
  }
  message.set_layers(report.layers);
  message.set_width(report.width);
  message.set_dtype(report.dtype);
  message.set_vocabulary_size(report.vocabulary_size);
  message.set_longest_pieces(report.longest_pieces);
  message.set_padding_exact(report.padding_exact);
  message.set_logits(report.logits_width > 0);
  message.set_packing_exact(report.packing_exact);
  message.set_prefix_sharing_exact(report.prefix_sharing_exact);
  message.set_infinity_contained(report.infinity_contained);
  message.set_positions_matter(report.positions_matter);
  message.set_layers_cut(report.layers_cut);
  for (const auto& [device, timings] : report.timings) {
    for (const ForwardTiming& timing : timings) {
      v1::ForwardTiming& added = *message.add_timings();
      added.set_device(device);
      added.set_rows(timing.rows);
      added.set_length(timing.length);
      *added.mutable_time() = ToProtoDuration(timing.time);
    }
  }
  for (const Check& check : report.checks) {
    v1::Check& added = *message.add_checks();
    added.set_name(check.name);
    added.set_passed(check.passed);
    added.set_essential(check.essential);
    added.set_expected(check.expected);
    added.set_found(check.found);
  }
  *message.mutable_duration() = ToProtoDuration(report.duration);
  return message;
}

v1::GetModelResponse ToGetModelResponse(const ModelEntry& entry,
                                        const EngineOptions& limits) {
  v1::GetModelResponse response;
  *response.mutable_summary() = ToModelSummary(entry);
  *response.mutable_trace_report() = ToTraceReport(entry.report);
  if (entry.model == nullptr) return response;
  const Model& model = *entry.model;
  v1::ModelLimits& message = *response.mutable_limits();
  message.set_max_pieces(model.max_pieces);
  message.set_max_batch_rows(model.plan_limits.max_rows);
  message.set_max_batch_pieces(model.plan_limits.max_padded_pieces);
  message.set_max_inputs(limits.max_inputs);
  message.set_max_reply_bytes(limits.max_reply_bytes);
  message.set_max_stream_reply_bytes(limits.max_stream_reply_bytes);
  std::set<std::string> devices;
  for (const std::unique_ptr<Runner>& runner : model.runners) {
    if (devices.insert(runner->Device()).second) {
      response.add_devices(runner->Device());
    }
  }
  response.set_batch_invariant(model.batch_invariant);
  for (const int layer : model.final_norm_layers) {
    response.add_final_norm_layers(layer);
  }
  response.mutable_prompts()->insert(model.prompts.begin(),
                                     model.prompts.end());
  return response;
}

std::string StateReason(const ModelEntry& entry) {
  switch (entry.state) {
    case ModelState::kLoading:
      return "being read and examined; not serving yet";
    case ModelState::kReady:
      return "";
    case ModelState::kRefused:
      return std::string(entry.refusal.message());
    case ModelState::kDraining:
      return "finishing its work before it is unloaded";
  }
  return "";
}

absl::string_view StateName(ModelState state) {
  switch (state) {
    case ModelState::kLoading:
      return "loading";
    case ModelState::kReady:
      return "ready";
    case ModelState::kRefused:
      return "refused";
    case ModelState::kDraining:
      return "draining";
  }
  return "unknown";
}

absl::string_view MaskFormName(MaskForm form) {
  switch (form) {
    case MaskForm::kNone:
      return "none";
    case MaskForm::kPieces:
      return "pieces";
    case MaskForm::kKeys:
      return "keys";
    case MaskForm::kPairs:
      return "pairs";
    case MaskForm::kDict:
      return "dict";
  }
  return "unknown";
}

}  // namespace strata
