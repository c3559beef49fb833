// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_FILE_CALL_H_
#define STRATA_SERVER_FILE_CALL_H_

#include <memory>

#include "core/engine/engine.h"
#include "server/output_directory.h"
#include "server/unary_call.h"
#include "strata/v1/hidden_state_service.pb.h"

namespace strata {

// EncodeToFile, from the message that was read to the answer. `directory`
// nullptr: nobody may. Both outlive the call.
void RunEncodeToFile(Engine& engine, OutputDirectory* directory,
                     v1::EncodeToFileRequest message,
                     std::shared_ptr<UnaryCall> call);

}  // namespace strata

#endif  // STRATA_SERVER_FILE_CALL_H_
