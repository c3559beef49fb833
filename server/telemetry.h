// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_TELEMETRY_H_
#define STRATA_SERVER_TELEMETRY_H_

namespace strata {

class LoadMeter;
class Metrics;
class SpanExporter;

// Where the calls of a server leave what they tell of themselves; all outlive
// the server and the engine.
struct Telemetry {
  // nullptr: requests have no spans.
  SpanExporter* spans = nullptr;
  // Share of the requests without a caller's trace that have spans, 0 to 1.
  double sample_ratio = 1;
  // nullptr: answers carry no load report.
  LoadMeter* load = nullptr;
  // nullptr: calls that are cancelled are not counted.
  Metrics* metrics = nullptr;
};

}  // namespace strata

#endif  // STRATA_SERVER_TELEMETRY_H_
