// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/model_service.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/model/model.h"
#include "core/model/registry.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/call_environment.h"
#include "server/model_control.h"
#include "server/model_manager.h"
#include "server/model_messages.h"
#include "server/refused_call.h"
#include "server/unary_call.h"
#include "strata/v1/model_service.pb.h"

namespace strata {
namespace {

constexpr int kLargestPage = 100;
// Begins every token, so that some other base64 text is not taken for one.
constexpr absl::string_view kTokenMark = "after";

std::string PageToken(const ModelId& last) {
  return absl::WebSafeBase64Escape(
      absl::StrCat(kTokenMark, "/", last.version, "/", last.name));
}

absl::StatusOr<ModelId> ParsePageToken(const std::string& token) {
  std::string text;
  ModelId id;
  if (absl::WebSafeBase64Unescape(token, &text)) {
    const std::vector<std::string> parts =
        absl::StrSplit(text, absl::MaxSplits('/', 2));
    if (parts.size() == 3 && parts[0] == kTokenMark &&
        absl::SimpleAtoi(parts[1], &id.version)) {
      id.name = parts[2];
      return id;
    }
  }
  return FieldError("page_token",
                    "is not a next_page_token of this server; begin again with "
                    "an empty one");
}

// Answers with a Response whose summary is what became of a version.
template <typename Response>
ModelManager::Done AnswerWith(std::shared_ptr<UnaryCall> call) {
  return [call = std::move(call)](const absl::StatusOr<ModelEntry>& entry) {
    if (!entry.ok()) {
      call->Finish(entry.status());
      return;
    }
    Response response;
    *response.mutable_summary() = ToModelSummary(*entry);
    call->FinishWith(response);
  };
}

}  // namespace

absl::StatusOr<v1::ListModelsResponse> ListModelsPage(
    const std::vector<ModelEntry>& entries,
    const v1::ListModelsRequest& request) {
  if (request.page_size() < 0) {
    return FieldError("page_size", absl::StrCat(request.page_size(),
                                                " is negative; expected 1 to ",
                                                kLargestPage, ", or 0"));
  }
  auto entry = entries.begin();
  if (!request.page_token().empty()) {
    STRATA_ASSIGN_OR_RETURN(const ModelId last,
                            ParsePageToken(request.page_token()));
    entry = std::ranges::upper_bound(entries, last, {}, &ModelEntry::id);
  }
  const int size = request.page_size() == 0
                       ? kLargestPage
                       : std::min(request.page_size(), kLargestPage);
  v1::ListModelsResponse response;
  for (; entry != entries.end() && response.models_size() < size; ++entry) {
    *response.add_models() = ToModelSummary(*entry);
  }
  if (entry != entries.end()) {
    response.set_next_page_token(PageToken(std::prev(entry)->id));
  }
  return response;
}

grpc::ServerUnaryReactor* ModelService::ListModels(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return AnswerUnary<v1::ListModelsRequest>(
      environment_, context, request, reply,
      [this](const v1::ListModelsRequest& message,
             const std::shared_ptr<UnaryCall>& call) {
        const auto page = ListModelsPage(registry_.List(), message);
        if (page.ok()) {
          call->FinishWith(*page);
        } else {
          call->Finish(page.status());
        }
      });
}

grpc::ServerUnaryReactor* ModelService::GetModel(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  return AnswerUnary<v1::GetModelRequest>(
      environment_, context, request, reply,
      [this](const v1::GetModelRequest& message,
             const std::shared_ptr<UnaryCall>& call) {
        const auto entry = registry_.Describe(
            message.model(), message.version(), message.version_label());
        if (entry.ok()) {
          call->FinishWith(ToGetModelResponse(*entry, limits_));
        } else {
          call->Finish(entry.status());
        }
      });
}

grpc::ServerUnaryReactor* ModelService::LoadModel(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  const absl::Status allowed =
      MayChangeModels(environment_, manager_, *context, "LoadModel");
  if (!allowed.ok()) {
    return RefusedCall<grpc::ServerUnaryReactor>::Start(allowed);
  }
  return AnswerUnary<v1::LoadModelRequest>(
      environment_, context, request, reply,
      [this](const v1::LoadModelRequest& message,
             std::shared_ptr<UnaryCall> call) {
        manager_->LoadVersion(
            message.model(), message.version(),
            AnswerWith<v1::LoadModelResponse>(std::move(call)));
      });
}

grpc::ServerUnaryReactor* ModelService::UnloadModel(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* reply) {
  const absl::Status allowed =
      MayChangeModels(environment_, manager_, *context, "UnloadModel");
  if (!allowed.ok()) {
    return RefusedCall<grpc::ServerUnaryReactor>::Start(allowed);
  }
  return AnswerUnary<v1::UnloadModelRequest>(
      environment_, context, request, reply,
      [this](const v1::UnloadModelRequest& message,
             std::shared_ptr<UnaryCall> call) {
        manager_->UnloadVersion(
            message.model(), message.version(),
            AnswerWith<v1::UnloadModelResponse>(std::move(call)));
      });
}

}  // namespace strata
