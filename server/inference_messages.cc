// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/inference_messages.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/batch/runner.h"
#include "core/model/model.h"
#include "core/model/registry.h"
#include "server/infer_call.h"
#include "server/model_messages.h"
#include "server/version.h"
#include "triton/grpc_service.pb.h"
#include "triton/model_config.pb.h"

namespace strata {
namespace {

constexpr const char* kPlatform = "pytorch_libtorch";

// A tensor of a model: its shape without the batch, -1 for what differs.
struct TensorForm {
  const char* name;
  inference::DataType type;
  std::vector<std::int64_t> dims;
};

const std::vector<TensorForm>& InputForms() {
  static const auto& forms = *new std::vector<TensorForm>{
      {"text", inference::TYPE_STRING, {1}},
      {"text_pair", inference::TYPE_STRING, {1}},
      {"input_ids", inference::TYPE_INT64, {-1}},
      {"attention_mask", inference::TYPE_INT64, {-1}},
  };
  return forms;
}

std::vector<TensorForm> OutputForms(const Model& model) {
  const std::int64_t width = model.report.width;
  std::vector<TensorForm> forms = {
      {"hidden_states", inference::TYPE_FP32, {-1, width}},
      {"pooled", inference::TYPE_FP32, {width}},
      {"piece_ids", inference::TYPE_INT64, {-1}},
      {"attention_mask", inference::TYPE_INT64, {-1}},
  };
  if (model.report.logits_width > 0) {
    forms.push_back(
        {"logits", inference::TYPE_FP32, {-1, model.report.logits_width}});
  }
  return forms;
}

// What metadata and requests call a type.
const char* DataTypeName(inference::DataType type) {
  switch (type) {
    case inference::TYPE_STRING:
      return "BYTES";
    case inference::TYPE_INT64:
      return "INT64";
    default:
      return "FP32";
  }
}

void SetMetadata(const TensorForm& form,
                 inference::ModelMetadataResponse::TensorMetadata& message) {
  message.set_name(form.name);
  message.set_datatype(DataTypeName(form.type));
  message.add_shape(-1);
  for (const std::int64_t dim : form.dims) message.add_shape(dim);
}

template <typename Tensor>
void SetTensor(const TensorForm& form, Tensor& message) {
  message.set_name(form.name);
  message.set_data_type(form.type);
  message.mutable_dims()->Add(form.dims.begin(), form.dims.end());
}

void SetInstances(const Model& model, inference::ModelConfig& config) {
  std::map<std::string, int> instances;
  for (const std::unique_ptr<Runner>& runner : model.runners) {
    ++instances[runner->Device()];
  }
  for (const auto& [device, count] : instances) {
    auto& group = *config.add_instance_group();
    group.set_name(device);
    group.set_count(count);
    const bool cpu = device == "cpu";
    group.set_kind(cpu ? inference::ModelInstanceGroup::KIND_CPU
                       : inference::ModelInstanceGroup::KIND_MODEL);
  }
}

// "READY", ...: Triton's words.
const char* StateWord(ModelState state) {
  switch (state) {
    case ModelState::kLoading:
      return "LOADING";
    case ModelState::kReady:
      return "READY";
    case ModelState::kRefused:
      return "UNAVAILABLE";
    case ModelState::kDraining:
      return "UNLOADING";
  }
  return "UNKNOWN";
}

}  // namespace

inference::ServerMetadataResponse ToServerMetadata(bool shared_memory) {
  inference::ServerMetadataResponse response;
  response.set_name("strata");
  response.set_version(std::string(Version()));
  for (const char* extension :
       {"model_repository", "model_configuration", "schedule_policy",
        "parameters", "statistics"}) {
    response.add_extensions(extension);
  }
  if (shared_memory) response.add_extensions("system_shared_memory");
  return response;
}

inference::ModelMetadataResponse ToModelMetadata(
    const Model& model, const std::vector<ModelEntry>& entries) {
  inference::ModelMetadataResponse response;
  response.set_name(model.id.name);
  for (const ModelEntry& entry : entries) {
    if (entry.id.name == model.id.name && entry.state == ModelState::kReady) {
      response.add_versions(absl::StrCat(entry.id.version));
    }
  }
  response.set_platform(kPlatform);
  for (const TensorForm& form : InputForms()) {
    SetMetadata(form, *response.add_inputs());
  }
  for (const TensorForm& form : OutputForms(model)) {
    SetMetadata(form, *response.add_outputs());
  }
  return response;
}

inference::ModelConfigResponse ToModelConfig(const Model& model,
                                             int max_inputs) {
  inference::ModelConfigResponse response;
  inference::ModelConfig& config = *response.mutable_config();
  config.set_name(model.id.name);
  config.set_platform(kPlatform);
  config.set_backend("strata");
  config.set_max_batch_size(max_inputs);
  for (const TensorForm& form : InputForms()) {
    inference::ModelInput& input = *config.add_input();
    SetTensor(form, input);
    input.set_allow_ragged_batch(true);
    input.set_optional(true);
  }
  for (const TensorForm& form : OutputForms(model)) {
    SetTensor(form, *config.add_output());
  }
  SetInstances(model, config);
  // Batches are made of what waits: of any size, by priority.
  auto& batching = *config.mutable_dynamic_batching();
  batching.set_priority_levels(kInferPriorities);
  batching.set_default_priority_level(kDefaultInferPriority);
  batching.mutable_default_queue_policy()->set_allow_timeout_override(true);
  const auto set = [&config](const char* key, const std::string& value) {
    (*config.mutable_parameters())[key].set_string_value(value);
  };
  set("digest", model.digest);
  set("layers", absl::StrCat(model.report.layers));
  set("max_pieces", absl::StrCat(model.max_pieces));
  return response;
}

inference::RepositoryIndexResponse ToRepositoryIndex(
    const std::vector<ModelEntry>& entries, bool ready_only) {
  inference::RepositoryIndexResponse response;
  for (const ModelEntry& entry : entries) {
    if (ready_only && entry.state != ModelState::kReady) continue;
    auto& model = *response.add_models();
    model.set_name(entry.id.name);
    model.set_version(absl::StrCat(entry.id.version));
    model.set_state(StateWord(entry.state));
    model.set_reason(StateReason(entry));
  }
  return response;
}

}  // namespace strata
