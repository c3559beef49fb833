// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_TRACE_CONTEXT_H_
#define STRATA_SERVER_TRACE_CONTEXT_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace strata {

// A place in somebody's trace, as W3C's Trace Context names it: identifiers are
// raw bytes, as OTLP wants them.
struct TraceContext {
  // 16 bytes, not all zero.
  std::string trace_id;
  // 8 bytes, not all zero: the caller's span.
  std::string span_id;
  // Whether the caller records its part.
  bool sampled = false;

  friend bool operator==(const TraceContext&, const TraceContext&) = default;
};

// Reads a `traceparent` header. Strict, as W3C asks: lower-case hex, version 00
// exactly as long as it is; of a later version the part that 00 has. nullopt
// where it is anything else, or an identifier is all zero: a new trace begins.
//
//   ParseTraceparent(
//       "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
std::optional<TraceContext> ParseTraceparent(absl::string_view header);

// Random, never all zero. Thread-safe.
std::string NewTraceId();
std::string NewSpanId();

// Whether a trace is among the share `ratio` of all. The same for one
// identifier wherever it is asked, so that servers agree.
bool IsSampled(absl::string_view trace_id, double ratio);

}  // namespace strata

#endif  // STRATA_SERVER_TRACE_CONTEXT_H_
