// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/grpc_log.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "grpc/support/log.h"
#include "server/log.h"

namespace strata {
namespace {

Severity SeverityOf(gpr_log_severity severity) {
  switch (severity) {
    case GPR_LOG_SEVERITY_DEBUG:
    case GPR_LOG_SEVERITY_INFO:
      return Severity::kInfo;
    case GPR_LOG_SEVERITY_ERROR:
      break;
  }
  // One of gRPC's errors is about one connection, as a rule.
  return Severity::kWarning;
}

void LogLine(gpr_log_func_args* line) {
  absl::string_view file = line->file;
  file.remove_prefix(file.rfind('/') + 1);
  Log(SeverityOf(line->severity), "grpc",
      {{"at", absl::StrCat(file, ":", line->line)},
       {"message", std::string(line->message)}});
}

}  // namespace

void LogWhatGrpcSays() { gpr_set_log_function(LogLine); }

}  // namespace strata
