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
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/memory_guard.h"
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
#include "strata/v1/tensor.pb.h"

namespace strata {
namespace {

constexpr const char* kModel = "model";
constexpr const char* kVersion = "version";
constexpr const char* kDigest = "digest";
// By which a file is known as the answer to a request.
constexpr const char* kRequest = "strata.request";

// The file that a request is about, and what it must be to be its answer.
struct FileKey {
  std::filesystem::path path;
  // "sha256:" and 64 digits of what makes up the file's tensors.
  std::string request;
  // As far as the request names it.
  std::string model;
  std::int64_t version = 0;
  std::string digest;
};

// What is to be written, and where.
struct FileTask {
  FileKey key;
  EncodeCall encode;
  FileForm form;
};

// Says what is unset, so that it is equal to saying it.
void SetDefaults(v1::EncodeRequest& request) {
  if (request.truncation() == v1::TRUNCATION_UNSPECIFIED) {
    request.set_truncation(v1::TRUNCATION_NONE);
  }
  if (!request.has_add_special_pieces()) request.set_add_special_pieces(true);
  for (v1::OutputSpec& output : *request.mutable_outputs()) {
    if (output.kind() == v1::OUTPUT_KIND_UNSPECIFIED) {
      output.set_kind(v1::OUTPUT_KIND_HIDDEN_STATES);
    }
    if (output.pooling() == v1::POOLING_UNSPECIFIED) {
      output.set_pooling(v1::POOLING_NONE);
    }
    if (output.dtype() == v1::DATA_TYPE_UNSPECIFIED) {
      output.set_dtype(v1::DATA_TYPE_FLOAT32);
    }
  }
}

// Of all that decides the tensors of the file but for the model: that is in the
// file's metadata, whose request may name it, its version and its digest, or
// not. `request` is as it was afterwards, but for SetDefaults.
std::string HashOfRequest(v1::EncodeRequest& request) {
  SetDefaults(request);
  v1::EncodeRequest apart;
  apart.set_priority(request.priority());
  apart.mutable_model()->swap(*request.mutable_model());
  apart.set_version(request.version());
  apart.mutable_expected_digest()->swap(*request.mutable_expected_digest());
  request.clear_priority();
  request.clear_version();
  const Sha256 hash = HashOf(request.SerializeAsString());
  request.set_priority(apart.priority());
  request.mutable_model()->swap(*apart.mutable_model());
  request.set_version(apart.version());
  request.mutable_expected_digest()->swap(*apart.mutable_expected_digest());
  return absl::StrCat(
      "sha256:", absl::BytesToHexString(absl::string_view(
                     reinterpret_cast<const char*>(hash.data()), hash.size())));
}

absl::StatusOr<FileTask> ReadTask(const OutputDirectory& directory,
                                  v1::EncodeToFileRequest message) {
  FileTask task;
  STRATA_ASSIGN_OR_RETURN(task.key.path, directory.PathOf(message.file()));
  task.key.request = HashOfRequest(*message.mutable_request());
  STRATA_ASSIGN_OR_RETURN(task.encode,
                          ToEncodeCall(std::move(*message.mutable_request())));
  task.key.model = task.encode.model;
  task.key.version = task.encode.version;
  task.key.digest = task.encode.expected_digest;
  STRATA_ASSIGN_OR_RETURN(task.form, FileFormOf(task.encode));
  return task;
}

// Whether a file is what a request would write.
bool Answers(const SafetensorsMetadata& metadata, const FileKey& key) {
  const auto is = [&metadata](const char* name, const std::string& value) {
    const auto found = metadata.find(name);
    return found != metadata.end() && found->second == value;
  };
  return is(kRequest, key.request) &&
         (key.model.empty() || is(kModel, key.model)) &&
         (key.version == 0 || is(kVersion, absl::StrCat(key.version))) &&
         (key.digest.empty() || is(kDigest, key.digest));
}

// The answer where the file is there; nullopt: there is none. Error:
// INVALID_FIELD where it is another's.
absl::StatusOr<std::optional<v1::EncodeToFileResponse>> FindAnswer(
    const FileKey& key) {
  auto found = ReadSafetensorsMetadata(key.path);
  if (absl::IsNotFound(found.status())) return std::nullopt;
  if (!found.ok() || !Answers(found->first, key)) {
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

// Answers a call whose file was committed, or not.
void Answer(UnaryCall& call, const absl::StatusOr<std::int64_t>& bytes,
            v1::EncodeToFileResponse response, const FileKey& key) {
  if (bytes.ok()) {
    response.set_file_bytes(*bytes);
    call.FinishWith(response);
    return;
  }
  if (absl::IsAlreadyExists(bytes.status())) {
    // By an equal call, maybe: one that was given up and made again.
    const auto found = FindAnswer(key);
    if (!found.ok()) {
      call.Finish(found.status());
    } else if (const auto& there = *found; there.has_value()) {
      call.FinishWith(*there);
    } else {
      call.Finish(FullError("another file of that name came, and has gone",
                            absl::Seconds(1)));
    }
    return;
  }
  call.Finish(bytes.status());
}

// Computes and writes what is not there.
void StartTask(Engine& engine, OutputDirectory& directory, FileTask task,
               std::shared_ptr<UnaryCall> call) {
  const auto answer = std::make_shared<FileAnswer>(
      task.key.path, std::move(task.form), task.encode.inputs.size(),
      directory.writers());
  SetCaller(*call->caller(), task.encode);
  task.encode.deadline = call->deadline();
  task.encode.stop = answer->StopWith(call->stop_token());
  task.encode.request_bytes = call->request_bytes();
  task.encode.sink = answer;
  engine.Encode(
      std::move(task.encode),
      [answer, key = std::move(task.key),
       call = std::move(call)](absl::StatusOr<EncodeReply> reply) mutable {
        v1::EncodeToFileResponse response;
        if (reply.ok()) {
          call->trace().Computed(*reply);
          response = ToResponse(*reply);
        }
        SafetensorsMetadata metadata = ToMetadata(response, key.request);
        answer->Finish(reply.status(), std::move(metadata),
                       [call = std::move(call), response = std::move(response),
                        key = std::move(key)](
                           const absl::StatusOr<std::int64_t>& bytes) mutable {
                         Answer(*call, bytes, std::move(response), key);
                       });
      });
}

}  // namespace

void RunEncodeToFile(Engine& engine, OutputDirectory* directory,
                     v1::EncodeToFileRequest message,
                     std::shared_ptr<UnaryCall> call) {
  const std::string model = message.request().model();
  if (directory == nullptr) {
    call->Refuse(model,
                 Error(Reason::kNotAllowed,
                       "EncodeToFile: this server writes no files; its "
                       "operator can allow that with --output-directory"));
    return;
  }
  absl::StatusOr<FileTask> task = GuardMemory("read the request", [&] {
    return ReadTask(*directory, std::move(message));
  });
  if (!task.ok()) {
    call->Refuse(model, task.status());
    return;
  }
  // What the process holds of it meanwhile.
  const std::int64_t bytes = call->request_bytes() + (std::int64_t{16} << 10);
  const absl::Status waits = directory->Look(
      bytes,
      [&engine, directory, model, task = *std::move(task), call]() mutable {
        const auto found = FindAnswer(task.key);
        if (!found.ok()) {
          call->Refuse(model, found.status());
        } else if (found->has_value()) {
          call->FinishWith(**found);
        } else {
          StartTask(engine, *directory, std::move(task), std::move(call));
        }
      });
  if (!waits.ok()) call->Refuse(model, waits);
}

}  // namespace strata
