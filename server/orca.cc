// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/orca.h"

#include <string>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/wire_format_lite.h"

namespace strata {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;
using google::protobuf::io::StringOutputStream;

// Field numbers of the published proto.
constexpr int kCpuUtilization = 1;
constexpr int kUtilization = 5;
constexpr int kRpsFractional = 6;
constexpr int kEps = 7;
constexpr int kApplicationUtilization = 9;
// Of an entry of its maps.
constexpr int kKey = 1;
constexpr int kValue = 2;

std::string MapEntry(const std::string& key, double value) {
  std::string bytes;
  {
    StringOutputStream stream(&bytes);
    CodedOutputStream out(&stream);
    WireFormatLite::WriteString(kKey, key, &out);
    WireFormatLite::WriteDouble(kValue, value, &out);
  }
  return bytes;
}

}  // namespace

std::string SerializeOrca(const OrcaLoad& load) {
  std::string bytes;
  {
    StringOutputStream stream(&bytes);
    // Hands over what it holds when it goes.
    CodedOutputStream out(&stream);
    WireFormatLite::WriteDouble(kCpuUtilization, load.cpu_utilization, &out);
    WireFormatLite::WriteBytes(kUtilization,
                               MapEntry("queue", load.queue_utilization), &out);
    WireFormatLite::WriteDouble(kRpsFractional, load.requests_per_second, &out);
    WireFormatLite::WriteDouble(kEps, load.errors_per_second, &out);
    WireFormatLite::WriteDouble(kApplicationUtilization,
                                load.application_utilization, &out);
  }
  return bytes;
}

}  // namespace strata
