// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/file_call.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/engine/call.h"
#include "core/engine/engine.h"
#include "core/model/model.h"
#include "server/caller.h"
#include "server/convert.h"
#include "server/file_answer.h"
#include "server/output_directory.h"
#include "server/safetensors_file.h"
#include "server/sha256.h"
#include "server/unary_call.h"
#include "strata/v1/hidden_state_service.pb.h"

namespace strata {
namespace {

constexpr const char* kModel = "model";
constexpr const char* kVersion = "version";
constexpr const char* kDigest = "digest";
// By which a file is known as the answer to a request.
constexpr const char* kRequest = "strata.request";

// What is to be written, and where.
struct FileTask {
  std::filesystem::path path;
  // "sha256:" and 64 digits.
  std::string request;
  EncodeCall encode;
  FileForm form;
};

absl::StatusOr<FileTask> ReadTask(const OutputDirectory* directory,
                                  v1::EncodeToFileRequest message) {
  if (directory == nullptr) {
    return Error(Reason::kNotAllowed,
                 "EncodeToFile: this server writes no files; its operator can "
                 "allow that with --output-directory");
  }
  FileTask task;
  STRATA_ASSIGN_OR_RETURN(task.path, directory->PathOf(message.file()));
  const Sha256 hash = HashOf(message.request().SerializeAsString());
  task.request = absl::StrCat(
      "sha256:", absl::BytesToHexString(absl::string_view(
                     reinterpret_cast<const char*>(hash.data()), hash.size())));
  STRATA_ASSIGN_OR_RETURN(task.encode,
                          ToEncodeCall(std::move(*message.mutable_request())));
  STRATA_ASSIGN_OR_RETURN(task.form, FileFormOf(task.encode));
  return task;
}

// The answer where the file is there; nullopt: there is none. Error:
// INVALID_FIELD where it is another's.
absl::StatusOr<std::optional<v1::EncodeToFileResponse>> FindAnswer(
    const FileTask& task) {
  auto found = ReadSafetensorsMetadata(task.path);
  if (absl::IsNotFound(found.status())) return std::nullopt;
  if (!found.ok() || found->first[kRequest] != task.request) {
    return FieldError("file",
                      "is there already, and holds something else than the "
                      "answer to this request; name another");
  }
  auto& [metadata, bytes] = *found;
  v1::EncodeToFileResponse response;
  response.set_model(metadata[kModel]);
  std::int64_t version = 0;
  if (absl::SimpleAtoi(metadata[kVersion], &version)) {
    response.set_version(version);
  }
  response.set_digest(metadata[kDigest]);
  response.set_file_bytes(bytes);
  response.set_existed(true);
  return response;
}

v1::EncodeToFileResponse ToResponse(const EncodeReply& reply) {
  v1::EncodeToFileResponse response;
  response.set_model(reply.model->id.name);
  response.set_version(reply.model->id.version);
  response.set_digest(reply.model->digest);
  *response.mutable_timings() = ToTimings(reply.timings);
  return response;
}

SafetensorsMetadata ToMetadata(const v1::EncodeToFileResponse& response,
                               const std::string& request) {
  return {{kModel, response.model()},
          {kVersion, absl::StrCat(response.version())},
          {kDigest, response.digest()},
          {kRequest, request}};
}

// Computes and writes what is not there.
void StartTask(Engine& engine, OutputDirectory& directory, FileTask task,
               std::shared_ptr<UnaryCall> call) {
  auto answer = std::make_shared<FileAnswer>(
      std::move(task.path), std::move(task.form), task.encode.inputs.size(),
      directory.writers());
  SetCaller(*call->caller(), task.encode);
  task.encode.deadline = call->deadline();
  task.encode.stop = call->stop_token();
  task.encode.request_bytes = call->request_bytes();
  task.encode.sink = answer;
  engine.Encode(
      std::move(task.encode),
      [answer, request = std::move(task.request),
       call = std::move(call)](absl::StatusOr<EncodeReply> reply) mutable {
        v1::EncodeToFileResponse response;
        if (reply.ok()) {
          call->trace().Computed(*reply);
          response = ToResponse(*reply);
        }
        SafetensorsMetadata metadata = ToMetadata(response, request);
        answer->Finish(reply.status(), std::move(metadata),
                       [call = std::move(call), response = std::move(response)](
                           absl::StatusOr<std::int64_t> bytes) mutable {
                         if (bytes.ok()) {
                           response.set_file_bytes(*bytes);
                           call->FinishWith(response);
                         } else {
                           call->Finish(bytes.status());
                         }
                       });
      });
}

}  // namespace

void RunEncodeToFile(Engine& engine, OutputDirectory* directory,
                     v1::EncodeToFileRequest message,
                     std::shared_ptr<UnaryCall> call) {
  const std::string model = message.request().model();
  absl::StatusOr<FileTask> task = ReadTask(directory, std::move(message));
  if (!task.ok()) {
    call->Refuse(model, task.status());
    return;
  }
  const auto found = FindAnswer(*task);
  if (!found.ok()) {
    call->Refuse(model, found.status());
  } else if (found->has_value()) {
    call->FinishWith(**found);
  } else {
    StartTask(engine, *directory, *std::move(task), std::move(call));
  }
}

}  // namespace strata
