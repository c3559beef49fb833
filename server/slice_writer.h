// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_SLICE_WRITER_H_
#define STRATA_SERVER_SLICE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/host_tensor.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"

namespace strata {

// Bytes of a length-delimited field: its tag, its length, and what it holds.
std::size_t FieldSize(int field, std::size_t length);

// Builds a message out of small serialized pieces, which it joins, and large
// slices, which it does not copy. The wire format allows it: a message is the
// concatenation of its fields, in any order.
//
//   SliceWriter writer;
//   writer.WriteFrame(v1::Tensor::kDataFieldNumber, size);
//   writer.WriteNumbers(tensor, 0, size);
//   return writer.Finish();
class SliceWriter {
 public:
  // Begins a length-delimited field of `length` bytes, which follow.
  void WriteFrame(int field, std::size_t length);
  // A whole integer field.
  void WriteInteger(int field, std::uint64_t value);
  void Write(const std::string& bytes) { pending_ += bytes; }
  // `size` of a tensor's bytes from `offset` on, as slices that keep their
  // owner until the network has sent them.
  void WriteNumbers(const HostTensor& tensor, std::size_t offset,
                    std::size_t size);
  // `size` zeros, which take no memory where they are many.
  void WriteZeros(std::size_t size);
  // Called last.
  grpc::ByteBuffer Finish();

 private:
  void WriteTagAndNumber(std::uint32_t tag, std::uint64_t number);
  void Flush();

  std::string pending_;
  std::vector<grpc::Slice> slices_;
};

}  // namespace strata

#endif  // STRATA_SERVER_SLICE_WRITER_H_
