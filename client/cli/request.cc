// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/request.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "client/cli/failure.h"
#include "client/cli/options.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "strata/v1/tensor.pb.h"
#include "strata/v1/tokenizer_service.pb.h"

namespace strata::cli {
namespace {

// The choices of the command line are the enums' names in lower case, and only
// they get here.
template <typename Enum>
Enum EnumOf(absl::string_view prefix, absl::string_view choice,
            bool (*parse)(google::protobuf::ConstStringParam, Enum*)) {
  auto value = Enum();
  parse(absl::StrCat(prefix, absl::AsciiStrToUpper(choice)), &value);
  return value;
}

// Of the inputs, which are there already, too.
template <typename Request>
void SetPieceOptions(const PieceOptions& options, Request& request) {
  if (!options.truncation.empty()) {
    request.set_truncation(EnumOf<v1::Truncation>(
        "TRUNCATION_", options.truncation, v1::Truncation_Parse));
  }
  request.set_max_pieces(options.max_pieces);
  if (options.no_special_pieces) request.set_add_special_pieces(false);
  for (v1::Input& input : *request.mutable_inputs()) {
    input.set_prompt(options.prompt);
    input.set_text_pair(options.pair);
  }
}

template <typename Request>
void SetModelAndTexts(const ModelChoice& model,
                      const std::vector<std::string>& texts, Request& request) {
  request.set_model(model.name);
  request.set_version(model.version);
  request.set_version_label(model.version_label);
  for (const std::string& text : texts) request.add_inputs()->set_text(text);
}

}  // namespace

absl::StatusOr<std::vector<std::int32_t>> ParseLayers(absl::string_view text) {
  std::vector<std::int32_t> layers;
  if (text.empty()) return layers;
  for (const absl::string_view number : absl::StrSplit(text, ',')) {
    std::int32_t layer = 0;
    if (!absl::SimpleAtoi(number, &layer)) {
      return UsageError(absl::StrCat("--layers is \"", text,
                                     "\"; expected numbers separated by "
                                     "commas, as 0,-1, or all"));
    }
    layers.push_back(layer);
  }
  return layers;
}

v1::EncodeRequest EncodeRequestFor(const EncodeCommand& command,
                                   const std::vector<std::string>& texts,
                                   const std::vector<std::int32_t>& layers) {
  v1::EncodeRequest request;
  SetModelAndTexts(command.model, texts, request);
  SetPieceOptions(command.pieces, request);
  request.set_return_pieces(command.return_pieces);
  request.set_priority(command.priority);
  v1::OutputSpec& output = *request.add_outputs();
  if (command.logits) output.set_kind(v1::OUTPUT_KIND_LOGITS);
  output.mutable_layers()->Add(layers.begin(), layers.end());
  output.set_pooling(
      EnumOf<v1::Pooling>("POOLING_", command.pooling, v1::Pooling_Parse));
  output.set_normalize(command.normalize);
  output.set_dimensions(command.dimensions);
  output.set_dtype(
      EnumOf<v1::DataType>("DATA_TYPE_", command.dtype, v1::DataType_Parse));
  return request;
}

v1::TokenizeRequest TokenizeRequestFor(const TokenizeCommand& command,
                                       const std::vector<std::string>& texts) {
  v1::TokenizeRequest request;
  SetModelAndTexts(command.model, texts, request);
  SetPieceOptions(command.pieces, request);
  return request;
}

}  // namespace strata::cli
