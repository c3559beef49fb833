// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CLI_MODEL_TABLE_H_
#define STRATA_CLIENT_CLI_MODEL_TABLE_H_

#include <string>
#include <vector>

#include "strata/v1/model_service.pb.h"

namespace strata::cli {

// A row for each version, and below them, whole, why those that are not ready
// are not.
std::string ModelListTable(const std::vector<v1::ModelSummary>& models,
                           int width, bool colours = false);

// All that is known of one version: state, limits, arguments, checks.
std::string ModelTable(const v1::GetModelResponse& model, int width,
                       bool colours = false);

}  // namespace strata::cli

#endif  // STRATA_CLIENT_CLI_MODEL_TABLE_H_
