// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/infer_tensor.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "google/protobuf/stubs/common.h"
#include "triton/grpc_service.pb.h"

namespace strata {
namespace {

using Contents = inference::InferTensorContents;

// Numbers of each of the fields that contents have.
std::int64_t CountOf(const Contents& contents) {
  return std::int64_t{contents.bool_contents_size()} +
         contents.int_contents_size() + contents.int64_contents_size() +
         contents.uint_contents_size() + contents.uint64_contents_size() +
         contents.fp32_contents_size() + contents.fp64_contents_size() +
         contents.bytes_contents_size();
}

absl::Status WrongType(const InferTensor& tensor, absl::string_view expected) {
  return FieldError(tensor.name(),
                    absl::StrCat("has the datatype '", tensor.head->datatype(),
                                 "', expected ", expected));
}

absl::Status WrongShape(const InferTensor& tensor, absl::string_view expected) {
  return FieldError(
      tensor.name(),
      absl::StrCat("has the shape [", absl::StrJoin(tensor.head->shape(), ", "),
                   "], expected ", expected));
}

// Errors where the first dimension is none that a request may have.
absl::Status CheckRows(const InferTensor& tensor, std::int64_t max_rows) {
  const std::int64_t rows = tensor.head->shape(0);
  if (rows >= 1 && rows <= max_rows) return absl::OkStatus();
  return FieldError(tensor.name(),
                    absl::StrCat("has a batch of ", rows, ", expected 1 to ",
                                 max_rows, "; send several requests"));
}

absl::Status WrongCount(const InferTensor& tensor, std::int64_t got,
                        std::int64_t expected, absl::string_view what) {
  return FieldError(
      tensor.name(),
      absl::StrCat("holds ", got, " ", what, ", expected ", expected,
                   " by its shape [", absl::StrJoin(tensor.head->shape(), ", "),
                   "] and datatype ", tensor.head->datatype()));
}

// Errors unless `found` typed contents, all there are, are `expected`.
absl::Status CheckTyped(const InferTensor& tensor, std::int64_t found,
                        std::int64_t expected, absl::string_view field) {
  if (const auto all = CountOf(tensor.head->contents()); all != found) {
    return FieldError(
        tensor.name(),
        absl::StrCat("has contents of another type; those of ",
                     tensor.head->datatype(), " go into ", field));
  }
  if (found == expected) return absl::OkStatus();
  return WrongCount(tensor, found, expected, "elements");
}

std::uint32_t LittleEndian32(const char* bytes) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) {
    value = (value << 8U) | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

// Texts as raw contents have them: each after its length, 4 bytes.
absl::StatusOr<std::vector<std::string>> SplitTexts(const InferTensor& tensor,
                                                    std::int64_t rows) {
  constexpr std::size_t kLength = 4;
  const absl::string_view bytes = *tensor.raw;
  std::vector<std::string> texts;
  std::size_t place = 0;
  while (place < bytes.size()) {
    const std::size_t left = bytes.size() - place;
    const std::size_t length =
        left < kLength ? 0 : LittleEndian32(bytes.data() + place);
    if (left < kLength || left - kLength < length) {
      return FieldError(
          tensor.name(),
          absl::StrCat("its raw contents of ", bytes.size(),
                       " bytes are cut short in element ", texts.size(),
                       "; each is its length, 4 bytes little-endian, and as "
                       "many bytes"));
    }
    if (std::ssize(texts) == rows) break;
    texts.emplace_back(bytes.substr(place + kLength, length));
    place += kLength + length;
  }
  if (std::ssize(texts) != rows || place < bytes.size()) {
    return FieldError(
        tensor.name(),
        absl::StrCat("its raw contents hold ",
                     place < bytes.size() ? "more than " : "", texts.size(),
                     " texts, expected ", rows, " by its shape"));
  }
  return texts;
}

template <typename Number>
std::vector<std::int64_t> ReadRaw(absl::string_view bytes) {
  std::vector<std::int64_t> numbers(bytes.size() / sizeof(Number));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    Number number = 0;
    std::memcpy(&number, bytes.data() + (i * sizeof(Number)), sizeof(Number));
    numbers[i] = number;
  }
  return numbers;
}

template <typename Field>
std::vector<std::int64_t> ReadTyped(const Field& field) {
  return {field.begin(), field.end()};
}

// How a datatype's numbers come.
struct NumberForm {
  std::int64_t bytes;
  std::vector<std::int64_t> (*raw)(absl::string_view);
  std::vector<std::int64_t> (*typed)(const Contents&);
  absl::string_view field;
};

absl::StatusOr<NumberForm> NumberFormOf(const InferTensor& tensor, bool bools) {
  const std::string& datatype = tensor.head->datatype();
  if (datatype == "INT64") {
    return NumberForm{8, ReadRaw<std::int64_t>,
                      [](const Contents& contents) {
                        return ReadTyped(contents.int64_contents());
                      },
                      "int64_contents"};
  }
  if (datatype == "INT32") {
    return NumberForm{4, ReadRaw<std::int32_t>,
                      [](const Contents& contents) {
                        return ReadTyped(contents.int_contents());
                      },
                      "int_contents"};
  }
  if (datatype == "BOOL" && bools) {
    return NumberForm{1, ReadRaw<std::uint8_t>,
                      [](const Contents& contents) {
                        return ReadTyped(contents.bool_contents());
                      },
                      "bool_contents"};
  }
  return WrongType(tensor, bools ? "INT64, INT32 or BOOL" : "INT64 or INT32");
}

// Rows times columns; an error where that is more than any message holds.
absl::StatusOr<std::int64_t> MatrixSize(const InferTensor& tensor,
                                        std::int64_t max_rows) {
  const auto& shape = tensor.head->shape();
  if (shape.size() != 2) {
    return WrongShape(tensor, "[B, T], a row of pieces for each input");
  }
  STRATA_RETURN_IF_ERROR(CheckRows(tensor, max_rows));
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  if (shape[1] < 1 || shape[1] > kMost / shape[0]) {
    return WrongShape(tensor, "[B, T] of at least one piece");
  }
  return shape[0] * shape[1];
}

}  // namespace

absl::StatusOr<std::vector<InferTensor>> InputTensorsOf(
    inference::ModelInferRequest& request) {
  const int raws = request.raw_input_contents_size();
  std::vector<InferTensor> tensors;
  for (int i = 0; i < request.inputs_size(); ++i) {
    auto& head = *request.mutable_inputs(i);
    if (head.parameters().contains("shared_memory_region")) {
      return Error(Reason::kNotImplemented,
                   absl::StrCat(head.name(),
                                ": shared memory is for ModelInfer alone; send "
                                "the contents in the request"));
    }
    if (raws > 0 && CountOf(head.contents()) > 0) {
      return FieldError(head.name(),
                        "has typed contents beside raw_input_contents; a "
                        "request has the one or the other for all tensors");
    }
    tensors.push_back(
        {.head = &head,
         .raw = i < raws ? request.mutable_raw_input_contents(i) : nullptr});
  }
  if (raws > 0 && raws != request.inputs_size()) {
    return FieldError(
        "raw_input_contents",
        absl::StrCat("has ", raws, " entries, expected ", request.inputs_size(),
                     ", one for each tensor"));
  }
  return tensors;
}

absl::StatusOr<std::vector<std::string>> TakeTexts(const InferTensor& tensor,
                                                   std::int64_t max_rows) {
  if (tensor.head->datatype() != "BYTES") return WrongType(tensor, "BYTES");
  const auto& shape = tensor.head->shape();
  if (shape.size() != 1 && !(shape.size() == 2 && shape[1] == 1)) {
    return WrongShape(tensor, "[B] or [B, 1], a text for each input");
  }
  STRATA_RETURN_IF_ERROR(CheckRows(tensor, max_rows));
  std::vector<std::string> texts;
  if (tensor.raw != nullptr) {
    STRATA_ASSIGN_OR_RETURN(texts, SplitTexts(tensor, shape[0]));
  } else {
    auto& typed = *tensor.head->mutable_contents()->mutable_bytes_contents();
    STRATA_RETURN_IF_ERROR(
        CheckTyped(tensor, typed.size(), shape[0], "bytes_contents"));
    for (std::string& text : typed) texts.push_back(std::move(text));
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (!google::protobuf::internal::IsStructurallyValidUTF8(
            texts[i].data(), static_cast<int>(texts[i].size()))) {
      return FieldError(absl::StrCat(tensor.name(), "[", i, "]"),
                        "is not valid UTF-8");
    }
  }
  return texts;
}

absl::StatusOr<InferMatrix> TakeMatrix(const InferTensor& tensor, bool bools,
                                       std::int64_t max_rows) {
  STRATA_ASSIGN_OR_RETURN(const NumberForm form, NumberFormOf(tensor, bools));
  STRATA_ASSIGN_OR_RETURN(const std::int64_t size,
                          MatrixSize(tensor, max_rows));
  InferMatrix matrix{.rows = tensor.head->shape(0),
                     .columns = tensor.head->shape(1)};
  if (tensor.raw != nullptr) {
    const auto bytes = static_cast<std::int64_t>(tensor.raw->size());
    if (bytes != size * form.bytes) {
      return WrongCount(tensor, bytes, size * form.bytes, "raw bytes");
    }
    matrix.numbers = form.raw(*tensor.raw);
    tensor.raw->clear();
  } else {
    matrix.numbers = form.typed(tensor.head->contents());
    STRATA_RETURN_IF_ERROR(
        CheckTyped(tensor, std::ssize(matrix.numbers), size, form.field));
    tensor.head->clear_contents();
  }
  return matrix;
}

}  // namespace strata
