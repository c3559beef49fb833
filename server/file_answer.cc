// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/file_answer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/base/host_tensor.h"
#include "core/base/memory_guard.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"
#include "core/batch/request.h"
#include "core/engine/call.h"
#include "server/safetensors_file.h"

namespace strata {
namespace {

constexpr std::size_t kLongestOutputName = 64;
// Of the model's name, its version, its digest and the request's hash.
constexpr std::size_t kMetadataRoom = 4096;
constexpr const char* kPieceIds = "piece_ids";
constexpr const char* kPieceOffsets = "piece_offsets";
constexpr const char* kFiller = "filler";

const char* SafetensorsType(DataType dtype) {
  switch (dtype) {
    case DataType::kFloat32:
      return "F32";
    case DataType::kFloat16:
      return "F16";
    case DataType::kBFloat16:
      return "BF16";
  }
  return "";
}

SafetensorsTensor IntegersTensor(const char* name,
                                 std::span<const std::int64_t> numbers) {
  return {.name = name,
          .dtype = "I64",
          .shape = {std::ssize(numbers)},
          .blocks = {std::as_bytes(numbers)}};
}

bool IsOutputName(absl::string_view name) {
  return name.size() <= kLongestOutputName &&
         std::ranges::all_of(name, [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                  absl::StrContains("._-", c);
         });
}

std::string TensorName(std::size_t input, const std::string& output) {
  return absl::StrCat(input, ".", output);
}

// Room for the header of a file of `inputs` inputs.
std::size_t HeaderRoom(const FileForm& form, std::size_t inputs) {
  constexpr std::size_t kMostDimensions = 3;
  std::size_t room = kMetadataRoom;
  for (const char* name : {kPieceIds, kPieceOffsets, kFiller}) {
    room += SafetensorsFile::HeaderRoom(name, kMostDimensions);
  }
  for (const std::string& output : form.outputs) {
    room += inputs * SafetensorsFile::HeaderRoom(TensorName(inputs, output),
                                                 kMostDimensions);
  }
  return room;
}

}  // namespace

absl::StatusOr<FileForm> FileFormOf(const EncodeCall& call) {
  FileForm form{.pieces = call.return_pieces};
  std::set<std::string> names;
  for (std::size_t i = 0; i < call.outputs.size(); ++i) {
    const OutputSpec& spec = call.outputs[i];
    const std::string field = absl::StrCat("outputs[", i, "]");
    std::string name = spec.name.empty() ? absl::StrCat(i) : spec.name;
    if (!IsOutputName(name)) {
      return FieldError(field + ".name",
                        absl::StrCat("expected at most ", kLongestOutputName,
                                     " letters, digits, '.', '_' and '-': it "
                                     "names a tensor of the file"));
    }
    if (spec.dtype != call.outputs[0].dtype) {
      return FieldError(field + ".dtype",
                        "is not that of outputs[0]; a file has numbers of one "
                        "type, so send a request for each type");
    }
    if (!names.insert(name).second) {
      return FieldError(field + ".name",
                        absl::StrCat("another output is \"", name,
                                     "\" too; in a file each has a name of "
                                     "its own"));
    }
    form.outputs.push_back(std::move(name));
  }
  if (form.outputs.empty()) form.outputs.emplace_back("hidden_states");
  form.header_room = HeaderRoom(form, call.inputs.size());
  if (form.header_room > SafetensorsFile::kLongestHeader) {
    return Error(Reason::kReplyTooLarge,
                 absl::StrCat("the file's header could have ", form.header_room,
                              " bytes, for ", call.inputs.size(), " inputs of ",
                              form.outputs.size(), " outputs, at most ",
                              SafetensorsFile::kLongestHeader,
                              " may be; send several requests"));
  }
  return form;
}

std::stop_token FileAnswer::StopWith(const std::stop_token& caller) {
  on_caller_.emplace(caller, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->Fail(Error(Reason::kCallerCancelled, "the caller cancelled"));
    }
  });
  return stop_.get_token();
}

// The engine's memory of answers is all the room there is.
void FileAnswer::AwaitRoom(std::int64_t /*bytes*/,
                           absl::AnyInvocable<void()> go) {
  std::move(go)();
}

void FileAnswer::OnInput(
    int input, EncodedInput result,
    const std::shared_ptr<const std::vector<OutputSpec>>& /*outputs*/) {
  if (!result.status.ok()) {
    Fail(InputError(absl::StrCat("inputs[", input, "]"), result.status));
    return;
  }
  Submit([self = shared_from_this(), input, result = std::move(result)] {
    self->Write(input, result);
  });
}

void FileAnswer::Finish(const absl::Status& status,
                        SafetensorsMetadata metadata, Done done) {
  {
    const MutexLock lock(mutex_);
    done_ = std::move(done);
  }
  const absl::Status before = failure();
  if (const absl::Status& end = before.ok() ? status : before; !end.ok()) {
    Fail(end);
  }
  Submit([self = shared_from_this(), metadata = std::move(metadata)] {
    self->Commit(metadata);
  });
}

void FileAnswer::Fail(const absl::Status& status) {
  Done done;
  absl::Status first;
  {
    const MutexLock lock(mutex_);
    failure_.Update(status);
    first = failure_;
    done = std::exchange(done_, nullptr);
  }
  // Inputs that wait for a device cost no compute any more.
  stop_.request_stop();
  if (done) std::move(done)(first);
}

absl::Status FileAnswer::failure() const {
  const MutexLock lock(mutex_);
  return failure_;
}

void FileAnswer::Submit(absl::AnyInvocable<void()> step) {
  {
    const MutexLock lock(mutex_);
    steps_.push_back(std::move(step));
    if (running_) return;
    running_ = true;
  }
  pool_.Submit([self = shared_from_this()] { self->RunStep(); });
}

void FileAnswer::RunStep() {
  absl::AnyInvocable<void()> step;
  {
    const MutexLock lock(mutex_);
    step = std::move(steps_.front());
    steps_.pop_front();
  }
  std::move(step)();
  {
    const MutexLock lock(mutex_);
    running_ = !steps_.empty();
    if (!running_) return;
  }
  // After what others have waiting: no file has a thread for itself.
  pool_.Submit([self = shared_from_this()] { self->RunStep(); });
}

void FileAnswer::Write(int input, const EncodedInput& result) {
  absl::Status status = failure();
  if (status.ok()) {
    status = GuardMemory("write the file",
                         [&] { return WriteOutputs(input, result); });
  }
  if (status.ok()) return;
  // First, so that whoever is told finds nothing, and a full disk has room.
  file_.reset();
  Fail(status);
}

void FileAnswer::Commit(const SafetensorsMetadata& metadata) {
  Done done;
  {
    const MutexLock lock(mutex_);
    done = std::exchange(done_, nullptr);
  }
  if (!done) {
    file_.reset();
    return;
  }
  absl::StatusOr<std::int64_t> bytes =
      GuardMemory("write the file", [&]() -> absl::StatusOr<std::int64_t> {
        STRATA_RETURN_IF_ERROR(WritePieces());
        return file_->Commit(metadata);
      });
  // Gone before anybody is told that it has failed.
  file_.reset();
  std::move(done)(std::move(bytes));
}

absl::Status FileAnswer::WriteOutputs(int input, const EncodedInput& result) {
  if (file_ == nullptr) {
    STRATA_ASSIGN_OR_RETURN(file_,
                            SafetensorsFile::Create(path_, form_.header_room));
  }
  for (std::size_t i = 0; i < result.outputs.size(); ++i) {
    const HostTensor& tensor = result.outputs[i];
    STRATA_RETURN_IF_ERROR(
        file_->Append({.name = TensorName(input, form_.outputs[i]),
                       .dtype = SafetensorsType(tensor.dtype),
                       .shape = tensor.shape,
                       .blocks = tensor.blocks}));
  }
  if (form_.pieces) {
    std::vector<std::int64_t>& ids = ids_[input];
    ids.resize(result.pieces.size());
    std::ranges::transform(result.pieces, ids.begin(), &Piece::id);
  }
  return absl::OkStatus();
}

absl::Status FileAnswer::WritePieces() {
  if (!form_.pieces) return absl::OkStatus();
  constexpr std::array<std::byte, 8> kZeros = {};
  if (const std::int64_t beside = file_->misalignment(); beside != 0) {
    const std::int64_t size = std::ssize(kZeros) - beside;
    STRATA_RETURN_IF_ERROR(
        file_->Append({.name = kFiller,
                       .dtype = "U8",
                       .shape = {size},
                       .blocks = {std::span(kZeros).first(size)}}));
  }
  std::vector<std::int64_t> all;
  std::vector<std::int64_t> offsets = {0};
  for (const std::vector<std::int64_t>& ids : ids_) {
    all.insert(all.end(), ids.begin(), ids.end());
    offsets.push_back(std::ssize(all));
  }
  STRATA_RETURN_IF_ERROR(file_->Append(IntegersTensor(kPieceIds, all)));
  return file_->Append(IntegersTensor(kPieceOffsets, offsets));
}

}  // namespace strata
