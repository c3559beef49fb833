// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/trace.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/batch/runner.h"
#include "core/model/archive.h"
#include "core/model/attention.h"
#include "core/model/graph.h"
#include "core/model/output_form.h"
#include "core/model/placement.h"
#include "core/model/prepack.h"
#include "core/model/report.h"
#include "core/model/signature.h"
#include "core/tensor/checkpoint.h"
#include "core/tensor/forward_outputs.h"
#include "core/tensor/rows.h"
#include "core/tensor/torch_call.h"
#include "torch/csrc/jit/api/function_impl.h"
#include "torch/csrc/jit/passes/common_subexpression_elimination.h"
#include "torch/csrc/jit/runtime/interpreter.h"
#include "torch/csrc/jit/runtime/profiling_graph_executor_impl.h"
#include "torch/script.h"

namespace strata {
namespace {

// What Curated Transformers' AttentionMask calls itself in a trace.
constexpr const char* kMaskKey = "bool_mask";

thread_local int compilations_here = 0;

// What TorchScript's own executor makes of a graph where it does not profile.
// But that keeps four copies of the graph for it.
torch::jit::Code Compile(torch::jit::Graph& graph, bool writes_its_state) {
  auto runs = graph.copy();
  if (!writes_its_state) InsertCheckpoints(*runs);
  torch::jit::preoptimizeGraph(runs);
  // Every layer makes the same mask.
  torch::jit::EliminateCommonSubexpression(runs);
  torch::jit::runNooptPassPipeline(runs);
  ++compilations_here;
  return torch::jit::Code(runs, "forward");
}

std::vector<SchemaArgument> ReadSchema(const torch::jit::Module& module) {
  std::vector<SchemaArgument> arguments;
  for (const c10::Argument& argument :
       module.get_method("forward").function().getSchema().arguments()) {
    arguments.push_back(
        {.name = argument.name(), .type = argument.type()->str()});
  }
  arguments.erase(arguments.begin());  // self
  return arguments;
}

absl::Status CannotLoad(const std::filesystem::path& file,
                        absl::string_view why) {
  const std::optional<OtherFile> other = RecogniseFile(file);
  return Error(
      Reason::kInvalidField,
      absl::StrCat(
          "\"", file.string(), "\" does not load as a TorchScript module: ",
          other.has_value() ? absl::StrCat("it is ", other->what) : why, "; ",
          other.has_value() ? absl::StrCat(other->remedy, " and ") : "",
          "write it whole with "
          "torch.jit.trace(model, example).save(\"model.pt\")"));
}

c10::IValue MaskValue(const at::Tensor& mask, const Argument& argument) {
  if (argument.type != kDictType) return mask;
  c10::Dict<std::string, at::Tensor> dict;
  dict.insert(kMaskKey, mask);
  return dict;
}

c10::IValue ArgumentValue(const RowTensors& rows, const Argument& argument) {
  switch (argument.role) {
    case ArgumentRole::kPieceIds:
      return rows.ids;
    case ArgumentRole::kAttentionMask:
      return MaskValue(rows.mask, argument);
    case ArgumentRole::kPositions:
      return rows.positions;
    case ArgumentRole::kTypeIds:
      return rows.type_ids;
  }
  return {};
}

}  // namespace

Trace::Trace(torch::jit::Module module,
             std::shared_ptr<torch::jit::Graph> graph,
             std::vector<SchemaArgument> schema,
             std::vector<Argument> arguments)
    : module_(std::move(module)),
      graph_(std::move(graph)),
      schema_(std::move(schema)),
      arguments_(std::move(arguments)),
      writes_its_state_(WritesItsState(*graph_)),
      code_(Compile(*graph_, writes_its_state_)) {}

absl::StatusOr<Trace> Trace::Load(const std::filesystem::path& file,
                                  Operators operators) {
  auto trace = CallTorch([&] {
    torch::jit::Module module = torch::jit::load(file.string(), at::kCPU);
    module.eval();
    auto graph = InlinedForward(module);
    PlaceGraph(*graph, at::kCPU);
    if (operators == Operators::kForCpu) {
      PrepackLinears(graph, module);
      ReplaceAttention(graph);
    }
    auto schema = ReadSchema(module);
    return Trace(std::move(module), std::move(graph), std::move(schema), {});
  });
  if (!trace.ok()) return CannotLoad(file, trace.status().message());
  return trace;
}

std::optional<at::Tensor> Trace::EmbeddingTable() const {
  const auto ids =
      std::ranges::find(arguments_, ArgumentRole::kPieceIds, &Argument::role);
  if (ids == arguments_.end()) return std::nullopt;
  auto table = CallTorch([&] {
    return strata::EmbeddingTable(*graph_, module_,
                                  static_cast<int>(ids - arguments_.begin()));
  });
  return table.ok() ? *table : std::nullopt;
}

std::optional<std::int64_t> Trace::EmbeddingRows() const {
  const std::optional<at::Tensor> table = EmbeddingTable();
  if (!table.has_value()) return std::nullopt;
  return table->size(0);
}

std::vector<int> Trace::IntegerConstants(int most) const {
  return CallTorch([&] { return strata::IntegerConstants(*graph_, most); })
      .value_or(std::vector<int>());
}

std::vector<std::string> Trace::RandomOperators() const {
  return CallTorch([&] { return strata::RandomOperators(*graph_); })
      .value_or(std::vector<std::string>());
}

std::vector<std::string> Trace::OutsideCalls() const {
  return CallTorch([&] { return strata::OutsideCalls(*graph_); })
      .value_or(std::vector<std::string>());
}

int Trace::TakeCompilationsHere() {
  return std::exchange(compilations_here, 0);
}

absl::StatusOr<ForwardOutputs> Trace::Forward(const RowTensors& rows,
                                              Checkpoint checkpoint) const {
  const CheckpointScope scope(checkpoint);
  const auto output = CallTorch([&] {
    const c10::InferenceMode no_gradients;
    torch::jit::Stack stack = {module_._ivalue()};
    for (const Argument& argument : arguments_) {
      stack.push_back(ArgumentValue(rows, argument));
    }
    torch::jit::InterpreterState(code_).run(stack);
    return stack.back();
  });
  // What the interpreter makes of the exception hides which it was.
  if (scope.ended()) {
    return Error(Reason::kCallerCancelled, "nobody waits for the batch");
  }
  if (!output.ok()) return output.status();
  STRATA_ASSIGN_OR_RETURN(ForwardOutputs outputs, ReadOutputs(*output, form_));
  outputs.overwritten_later = writes_its_state_;
  return outputs;
}

absl::StatusOr<Trace> Trace::Cut(int deepest) const {
  STRATA_ASSIGN_OR_RETURN(
      auto graph, CallTorch([&] { return CutGraph(*graph_, deepest); }));
  if (graph == nullptr || deepest >= form_.layers.value_or(deepest + 1)) {
    return Error(Reason::kNotSupportedByModel,
                 absl::StrCat("the trace's output does not show layers 0 to ",
                              deepest, ", so it cannot be cut there"));
  }
  return CallTorch(
      [&] { return Trace(module_, std::move(graph), schema_, arguments_); });
}

absl::StatusOr<Trace> Trace::Share() const {
  if (!writes_its_state_) return *this;
  // Two forwards that write to one buffer would give each other's numbers.
  return CallTorch([&] {
    auto graph = graph_->copy();
    CloneConstants(graph);
    Trace twin(module_.deepcopy(), std::move(graph), schema_, arguments_);
    twin.form_ = form_;
    return twin;
  });
}

absl::StatusOr<Trace> Trace::CopyTo(at::Device device) const {
  return CallTorch([&] {
    auto graph = graph_->copy();
    PlaceGraph(*graph, device);
    Trace copy(module_.deepcopy(device), std::move(graph), schema_, arguments_);
    copy.form_ = form_;
    return copy;
  });
}

}  // namespace strata
