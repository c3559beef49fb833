// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/convert.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/base/host_tensor.h"
#include "core/base/memory_guard.h"
#include "core/base/observer.h"
#include "core/base/status_macros.h"
#include "core/batch/request.h"
#include "core/engine/call.h"
#include "server/durations.h"
#include "server/status.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "strata/v1/tensor.pb.h"
#include "strata/v1/tokenizer_service.pb.h"

namespace strata {
namespace {

std::string Indexed(absl::string_view field, int index) {
  return absl::StrCat(field, "[", index, "]");
}

absl::Status UnknownValue(absl::string_view field, int value,
                          absl::string_view type) {
  return FieldError(field, absl::StrCat(value, " is no value of strata.v1.",
                                        type, " that this server knows"));
}

// nullopt: not set.
absl::StatusOr<std::optional<Truncation>> ToTruncation(int value) {
  switch (value) {
    case v1::TRUNCATION_UNSPECIFIED:
      return std::nullopt;
    case v1::TRUNCATION_NONE:
      return Truncation::kNone;
    case v1::TRUNCATION_LEFT:
      return Truncation::kLeft;
    case v1::TRUNCATION_RIGHT:
      return Truncation::kRight;
    default:
      return UnknownValue("truncation", value, "Truncation");
  }
}

absl::StatusOr<Pooling> ToPooling(int value, absl::string_view spec) {
  switch (value) {
    case v1::POOLING_UNSPECIFIED:
    case v1::POOLING_NONE:
      return Pooling::kNone;
    case v1::POOLING_MEAN:
      return Pooling::kMean;
    case v1::POOLING_FIRST:
      return Pooling::kFirst;
    case v1::POOLING_LAST:
      return Pooling::kLast;
    case v1::POOLING_MAX:
      return Pooling::kMax;
    case v1::POOLING_SPANS:
      return Pooling::kSpans;
    default:
      return UnknownValue(absl::StrCat(spec, ".pooling"), value, "Pooling");
  }
}

absl::StatusOr<DataType> ToDataType(int value, absl::string_view spec) {
  switch (value) {
    case v1::DATA_TYPE_UNSPECIFIED:
    case v1::DATA_TYPE_FLOAT32:
      return DataType::kFloat32;
    case v1::DATA_TYPE_FLOAT16:
      return DataType::kFloat16;
    case v1::DATA_TYPE_BFLOAT16:
      return DataType::kBFloat16;
    default:
      return UnknownValue(absl::StrCat(spec, ".dtype"), value, "DataType");
  }
}

absl::StatusOr<OutputKind> ToOutputKind(int value, absl::string_view spec) {
  switch (value) {
    case v1::OUTPUT_KIND_UNSPECIFIED:
    case v1::OUTPUT_KIND_HIDDEN_STATES:
      return OutputKind::kHiddenStates;
    case v1::OUTPUT_KIND_LOGITS:
      return OutputKind::kLogits;
    default:
      return UnknownValue(absl::StrCat(spec, ".kind"), value, "OutputKind");
  }
}

absl::StatusOr<OutputSpec> ToOutputSpec(v1::OutputSpec& message,
                                        absl::string_view field) {
  OutputSpec spec{
      .name = std::move(*message.mutable_name()),
      .layers = {message.layers().begin(), message.layers().end()},
      .positions = {message.positions().begin(), message.positions().end()},
      .normalize = message.normalize(),
      .dimensions = message.dimensions(),
  };
  STRATA_ASSIGN_OR_RETURN(spec.kind, ToOutputKind(message.kind(), field));
  STRATA_ASSIGN_OR_RETURN(spec.pooling, ToPooling(message.pooling(), field));
  STRATA_ASSIGN_OR_RETURN(spec.dtype, ToDataType(message.dtype(), field));
  return spec;
}

// Errors where `message` has what goes with a text only.
absl::Status CheckGoesWithPieces(const v1::Input& message,
                                 const std::string& field) {
  if (!message.text_pair().empty()) {
    return FieldError(absl::StrCat(field, ".text_pair"),
                      "a second text goes with a text, not with pieces");
  }
  if (!message.prompt().empty()) {
    return FieldError(absl::StrCat(field, ".prompt"),
                      "a prompt goes with a text, not with pieces");
  }
  return absl::OkStatus();
}

// Moves the texts out of `message`, and leaves its spans there. Errors where it
// has none.
absl::StatusOr<TextInput> TakeTexts(v1::Input& message,
                                    const std::string& field) {
  switch (message.content_case()) {
    case v1::Input::kText:
      return TextInput{.text = std::move(*message.mutable_text()),
                       .pair = std::move(*message.mutable_text_pair()),
                       .prompt = std::move(*message.mutable_prompt())};
    case v1::Input::kPieces:
      return FieldError(absl::StrCat(field, ".pieces"),
                        "got pieces; expected a text");
    case v1::Input::CONTENT_NOT_SET:
      break;
  }
  return FieldError(field, "neither text nor pieces is set; set one of them");
}

PieceInput ToPieceInput(const v1::Input& message) {
  const v1::PieceIds& pieces = message.pieces();
  PieceInput input{
      .ids = {pieces.ids().begin(), pieces.ids().end()},
      .positions = {pieces.positions().begin(), pieces.positions().end()},
      .type_ids = {pieces.type_ids().begin(), pieces.type_ids().end()},
  };
  input.spans.reserve(message.spans_size());
  for (const v1::Span& span : message.spans()) {
    input.spans.push_back({.begin = span.begin(), .end = span.end()});
  }
  return input;
}

absl::StatusOr<EncodeInput> ToEncodeInput(v1::Input& message,
                                          const std::string& field) {
  if (message.has_pieces()) {
    STRATA_RETURN_IF_ERROR(CheckGoesWithPieces(message, field));
    return ToPieceInput(message);
  }
  STRATA_ASSIGN_OR_RETURN(TextInput input, TakeTexts(message, field));
  input.spans.reserve(message.spans_size());
  for (const v1::Span& span : message.spans()) {
    input.spans.push_back({.begin = span.begin(), .end = span.end()});
  }
  return input;
}

v1::Piece ToPiece(Piece& piece) {
  v1::Piece message;
  message.set_id(piece.id);
  message.set_text(std::move(piece.text));
  message.set_begin(piece.range.begin);
  message.set_end(piece.range.end);
  message.set_in_pair(piece.in_pair);
  return message;
}

v1::DataType ToDataType(DataType dtype) {
  switch (dtype) {
    case DataType::kFloat32:
      return v1::DATA_TYPE_FLOAT32;
    case DataType::kFloat16:
      return v1::DATA_TYPE_FLOAT16;
    case DataType::kBFloat16:
      return v1::DATA_TYPE_BFLOAT16;
  }
  return v1::DATA_TYPE_UNSPECIFIED;
}

absl::StatusOr<EncodeCall> Convert(v1::EncodeRequest& request) {
  STRATA_ASSIGN_OR_RETURN(const auto truncation,
                          ToTruncation(request.truncation()));
  EncodeCall call{
      .model = std::move(*request.mutable_model()),
      .version = request.version(),
      .version_label = std::move(*request.mutable_version_label()),
      .truncation = truncation.value_or(Truncation::kNone),
      .max_pieces = request.max_pieces(),
      .return_pieces = request.return_pieces(),
      .add_special_pieces =
          !request.has_add_special_pieces() || request.add_special_pieces(),
      .priority = request.priority(),
      .expected_digest = std::move(*request.mutable_expected_digest()),
  };
  call.inputs.reserve(request.inputs_size());
  for (int i = 0; i < request.inputs_size(); ++i) {
    STRATA_ASSIGN_OR_RETURN(
        EncodeInput input,
        ToEncodeInput(*request.mutable_inputs(i), Indexed("inputs", i)));
    call.inputs.push_back(std::move(input));
  }
  call.outputs.reserve(request.outputs_size());
  for (int i = 0; i < request.outputs_size(); ++i) {
    STRATA_ASSIGN_OR_RETURN(
        OutputSpec spec,
        ToOutputSpec(*request.mutable_outputs(i), Indexed("outputs", i)));
    call.outputs.push_back(std::move(spec));
  }
  return call;
}

absl::StatusOr<TokenizeCall> Convert(v1::TokenizeRequest& request) {
  TokenizeCall call{
      .model = std::move(*request.mutable_model()),
      .version = request.version(),
      .version_label = std::move(*request.mutable_version_label()),
      .max_pieces = request.max_pieces(),
      .add_special_pieces =
          !request.has_add_special_pieces() || request.add_special_pieces(),
  };
  STRATA_ASSIGN_OR_RETURN(call.truncation, ToTruncation(request.truncation()));
  call.texts.reserve(request.inputs_size());
  for (int i = 0; i < request.inputs_size(); ++i) {
    v1::Input& input = *request.mutable_inputs(i);
    const std::string field = Indexed("inputs", i);
    STRATA_ASSIGN_OR_RETURN(TextInput text, TakeTexts(input, field));
    if (!input.spans().empty()) {
      return FieldError(absl::StrCat(field, ".spans"),
                        "spans are for encoding; leave them empty here");
    }
    call.texts.push_back(std::move(text));
  }
  return call;
}

absl::StatusOr<DetokenizeCall> Convert(v1::DetokenizeRequest& request) {
  DetokenizeCall call{
      .model = std::move(*request.mutable_model()),
      .version = request.version(),
      .version_label = std::move(*request.mutable_version_label()),
      .skip_special_pieces = request.skip_special_pieces(),
  };
  call.inputs.reserve(request.inputs_size());
  for (const v1::PieceIds& pieces : request.inputs()) {
    call.inputs.emplace_back(pieces.ids().begin(), pieces.ids().end());
  }
  return call;
}

// The fields that say which model answered.
template <typename Response>
void SetModel(const Model& model, Response& response) {
  response.set_model(model.id.name);
  response.set_version(model.id.version);
  response.set_digest(model.digest);
}

}  // namespace

absl::StatusOr<EncodeCall> ToEncodeCall(v1::EncodeRequest request) {
  return GuardMemory("read the request", [&] { return Convert(request); });
}

absl::StatusOr<TokenizeCall> ToTokenizeCall(v1::TokenizeRequest request) {
  return GuardMemory("read the request", [&] { return Convert(request); });
}

absl::StatusOr<DetokenizeCall> ToDetokenizeCall(v1::DetokenizeRequest request) {
  return GuardMemory("read the request", [&] { return Convert(request); });
}

v1::EncodeResponse ToEncodeResponseHead(const EncodeReply& reply) {
  v1::EncodeResponse response;
  SetModel(*reply.model, response);
  *response.mutable_timings() = ToTimings(reply.timings);
  return response;
}

v1::Encoding ToEncodingHead(EncodedInput& input) {
  v1::Encoding encoding;
  *encoding.mutable_status() = ToRpcStatus(input.status);
  encoding.mutable_pieces()->Reserve(static_cast<int>(input.pieces.size()));
  for (Piece& piece : input.pieces) *encoding.add_pieces() = ToPiece(piece);
  encoding.set_piece_count(input.piece_count);
  encoding.set_truncated_pieces(input.truncated_pieces);
  *encoding.mutable_timings() = ToTimings(input.timings);
  encoding.mutable_batch()->set_rows(input.batch.rows);
  encoding.mutable_batch()->set_pieces(input.batch.pieces);
  encoding.mutable_batch()->set_padded_pieces(input.batch.padded_pieces);
  return encoding;
}

v1::Tensor ToTensorHead(const HostTensor& tensor) {
  v1::Tensor head;
  head.set_dtype(ToDataType(tensor.dtype));
  head.mutable_shape()->Add(tensor.shape.begin(), tensor.shape.end());
  return head;
}

v1::Timings ToTimings(const StageTimings& timings) {
  v1::Timings message;
  *message.mutable_tokenize() = ToProtoDuration(timings.tokenize);
  *message.mutable_queue() = ToProtoDuration(timings.queue);
  *message.mutable_compute() = ToProtoDuration(timings.compute);
  *message.mutable_total() = ToProtoDuration(timings.total);
  return message;
}

v1::TokenizeResponse ToTokenizeResponse(TokenizeReply reply) {
  v1::TokenizeResponse response;
  SetModel(*reply.model, response);
  response.mutable_inputs()->Reserve(static_cast<int>(reply.texts.size()));
  for (TokenizeReply::Text& text : reply.texts) {
    v1::TokenizedInput& input = *response.add_inputs();
    input.mutable_pieces()->Reserve(static_cast<int>(text.pieces.size()));
    for (Piece& piece : text.pieces) *input.add_pieces() = ToPiece(piece);
    input.set_truncated_pieces(text.truncated_pieces);
  }
  return response;
}

v1::DetokenizeResponse ToDetokenizeResponse(DetokenizeReply reply) {
  v1::DetokenizeResponse response;
  SetModel(*reply.model, response);
  for (std::string& text : reply.texts) response.add_texts(std::move(text));
  return response;
}

}  // namespace strata
