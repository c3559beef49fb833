// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/slice_writer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "core/base/host_tensor.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"

namespace strata {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;

std::uint32_t Tag(int field) {
  return WireFormatLite::MakeTag(field,
                                 WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
}

grpc::Slice SliceOf(std::span<const std::byte> bytes,
                    std::shared_ptr<const void> owner) {
  using Owner = std::shared_ptr<const void>;
  // The pointer is handed through C; `destroy` takes it back.
  auto kept = std::make_unique<Owner>(std::move(owner));
  const auto destroy = [](void* pointer) {
    const std::unique_ptr<Owner> taken(static_cast<Owner*>(pointer));
  };
  // A slice that is sent is never written to.
  return {const_cast<std::byte*>(bytes.data()), bytes.size(), destroy,
          kept.release()};
}

}  // namespace

std::size_t FieldSize(int field, std::size_t length) {
  return CodedOutputStream::VarintSize32(Tag(field)) +
         CodedOutputStream::VarintSize64(length) + length;
}

void SliceWriter::WriteFrame(int field, std::size_t length) {
  WriteTagAndNumber(Tag(field), length);
}

void SliceWriter::WriteInteger(int field, std::uint64_t value) {
  WriteTagAndNumber(
      WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_VARINT), value);
}

void SliceWriter::WriteTagAndNumber(std::uint32_t tag, std::uint64_t number) {
  std::array<std::uint8_t, 16> bytes;
  std::uint8_t* end =
      CodedOutputStream::WriteVarint32ToArray(tag, bytes.data());
  end = CodedOutputStream::WriteVarint64ToArray(number, end);
  pending_.append(bytes.data(), end);
}

void SliceWriter::WriteNumbers(const HostTensor& tensor, std::size_t offset,
                               std::size_t size) {
  Flush();
  for (const std::span<const std::byte> block : tensor.blocks) {
    if (size == 0) return;
    if (offset >= block.size()) {
      offset -= block.size();
      continue;
    }
    const std::size_t taken = std::min(size, block.size() - offset);
    slices_.push_back(SliceOf(block.subspan(offset, taken), tensor.owner));
    size -= taken;
    offset = 0;
  }
}

void SliceWriter::WriteZeros(std::size_t size) {
  // Fewer are copied: a slice of its own costs more.
  constexpr std::size_t kFew = 1024;
  if (size <= kFew) {
    pending_.append(size, '\0');
    return;
  }
  static constexpr std::array<char, std::size_t{64} << 10> kZeros = {};
  Flush();
  while (size > 0) {
    const std::size_t taken = std::min(size, kZeros.size());
    slices_.emplace_back(kZeros.data(), taken, grpc::Slice::STATIC_SLICE);
    size -= taken;
  }
}

grpc::ByteBuffer SliceWriter::Finish() {
  Flush();
  return {slices_.data(), slices_.size()};
}

void SliceWriter::Flush() {
  if (pending_.empty()) return;
  slices_.emplace_back(pending_);
  pending_.clear();
}

}  // namespace strata
