// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// What stands in a model directory: strata.json, a version policy, and a report
// that was kept.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/model/config.h"
#include "core/model/findings.h"
#include "core/model/version_policy.h"
#include "tests/fuzz/bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace strata;  // NOLINT(google-build-using-namespace)
  const std::string_view rest = fuzz::Bytes(data, size).Rest();
  const absl::string_view text(rest.data(), rest.size());
  const auto config = ParseModelConfig(text);
  if (!config.ok()) {
    // Says which key, and quotes no more than a few words.
    STRATA_FUZZ_CHECK(ReasonOf(config.status()) == Reason::kInvalidField);
    STRATA_FUZZ_CHECK(config.status().message().size() < 1000);
  } else {
    STRATA_FUZZ_CHECK(config->padding_id >= 0);
    STRATA_FUZZ_CHECK(config->max_pieces.value_or(1) > 0);
    STRATA_FUZZ_CHECK(config->layers.value_or(1) > 0);
  }
  std::vector<std::string> mistakes;
  const auto policy =
      ParseVersionPolicy(text, ServedVersions::kNewest, mistakes);
  for (const auto& served : ApplyVersionPolicy(policy, {1, 2, 7}, mistakes)) {
    STRATA_FUZZ_CHECK(served.version == 1 || served.version == 2 ||
                      served.version == 7);
  }
  if (const auto findings = ParseFindings(text, "d", "c"); findings.ok()) {
    STRATA_FUZZ_CHECK(findings->most_places > 0);
    STRATA_FUZZ_CHECK(findings->report.layers > 0);
  }
  return 0;
}
