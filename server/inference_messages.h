// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_INFERENCE_MESSAGES_H_
#define STRATA_SERVER_INFERENCE_MESSAGES_H_

#include <vector>

#include "core/model/model.h"
#include "core/model/registry.h"
#include "triton/grpc_service.pb.h"

namespace strata {

// What the server knows of its models, as messages of the Open Inference
// Protocol. Of the tensors that infer_inputs.h and infer_outputs.h know, those
// of single layers are not listed: clients that measure ask for all that are,
// and the layers are many. Pure.

inference::ServerMetadataResponse ToServerMetadata(bool shared_memory);

// `entries`: all there are, of which those that are ready, of this name, are
// the versions.
inference::ModelMetadataResponse ToModelMetadata(
    const Model& model, const std::vector<ModelEntry>& entries);

// `max_inputs`: of a request.
inference::ModelConfigResponse ToModelConfig(const Model& model,
                                             int max_inputs);

// `ready_only`: none but those that serve.
inference::RepositoryIndexResponse ToRepositoryIndex(
    const std::vector<ModelEntry>& entries, bool ready_only);

}  // namespace strata

#endif  // STRATA_SERVER_INFERENCE_MESSAGES_H_
