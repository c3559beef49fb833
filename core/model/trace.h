// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_TRACE_H_
#define STRATA_CORE_MODEL_TRACE_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/batch/runner.h"
#include "core/model/output_form.h"
#include "core/model/report.h"
#include "core/model/signature.h"
#include "core/tensor/forward_outputs.h"
#include "core/tensor/rows.h"
#include "torch/csrc/jit/runtime/interpreter.h"
#include "torch/script.h"

namespace strata {

// What computes a trace's linear layers and attention.
enum class Operators {
  // LibTorch, on any device.
  kAsTraced,
  // Ours, on no device but the CPU and where the processor can run them
  // (core/model/prepack.h, core/model/attention.h).
  kForCpu,
};

// A traced model that gives hidden states. Its forward runs as a graph of our
// own, in which submodules are inlined, so that devices can be rewritten and
// layers left out. Copies share all that they hold.
//
// Several threads may call const members at a time, Forward only if it does
// not write (writes_its_state). No member throws.
//
//   STRATA_ASSIGN_OR_RETURN(Trace trace,
//   Trace::Load("models/falcon/1/model.pt")); trace.Bind(roles);
//   STRATA_ASSIGN_OR_RETURN(ForwardOutputs outputs, trace.Forward(rows));
class Trace {
 public:
  // Reads a trace onto the CPU, wherever it was made. Error: INVALID_ARGUMENT
  // for what is not a whole TorchScript module with a forward, naming the file
  // and the remedy.
  static absl::StatusOr<Trace> Load(const std::filesystem::path& file,
                                    Operators operators = Operators::kAsTraced);

  // forward's arguments, without self.
  const std::vector<SchemaArgument>& schema() const { return schema_; }

  // Says what each argument means, and what is known of the output; comes
  // before Forward and EmbeddingTable.
  void Bind(std::vector<Argument> arguments, OutputForm form = {}) {
    arguments_ = std::move(arguments);
    form_ = form;
  }

  // Says which of the tensors beside the layers Forward gives as logits.
  void SetLogits(std::size_t beside) { form_.logits = beside; }

  // The table that embeds the piece ids, [V, W], not a copy: what is written
  // to it changes the trace. nullopt where the graph does not show one.
  std::optional<at::Tensor> EmbeddingTable() const;

  // Its rows: ids are below it.
  std::optional<std::int64_t> EmbeddingRows() const;

  // Whether a forward changes what the module or the graph holds.
  bool writes_its_state() const { return writes_its_state_; }

  // Runs a forward, with gradients off, and reads what it returns as
  // ReadOutputs says. It comes to `checkpoint` before its linear layers
  // (InsertCheckpoints), unless it writes its state: one then must not run
  // inside another. Errors: INTERNAL, reason FORWARD_FAILED;
  // RESOURCE_EXHAUSTED where the device has no memory; CANCELLED where
  // `checkpoint` returned false.
  absl::StatusOr<ForwardOutputs> Forward(const RowTensors& rows,
                                         Checkpoint checkpoint = GoOn) const;

  // The same up to layer `deepest`, without the cost of those above or of
  // logits; shares the weights. Error: NOT_SUPPORTED_BY_MODEL where its graph
  // does not show that many layers.
  absl::StatusOr<Trace> Cut(int deepest) const;

  // A trace for another thread: this one, unless a forward writes its state;
  // then the same with weights of its own.
  absl::StatusOr<Trace> Share() const;

  // The same on `device`, with weights of its own; devices that are written
  // into its graph are rewritten. Another device than the CPU needs
  // Operators::kAsTraced. Error: as Forward's.
  absl::StatusOr<Trace> CopyTo(at::Device device) const;

  // See core/model/graph.h.
  std::vector<int> IntegerConstants(int most) const;
  std::vector<std::string> RandomOperators() const;
  // See core/model/placement.h.
  std::vector<std::string> OutsideCalls() const;

  // Graphs that the calling thread has compiled since it last called this: one
  // for each trace that it loaded, cut or copied. Forwards compile nothing.
  static int TakeCompilationsHere();

  // The graph as TorchScript writes it, for tests and for debugging.
  std::string GraphText() const { return graph_->toString(); }

 private:
  Trace(torch::jit::Module module, std::shared_ptr<torch::jit::Graph> graph,
        std::vector<SchemaArgument> schema, std::vector<Argument> arguments);

  torch::jit::Module module_;
  std::shared_ptr<torch::jit::Graph> graph_;
  std::vector<SchemaArgument> schema_;
  std::vector<Argument> arguments_;
  OutputForm form_;
  // Whether a forward changes what the module holds.
  bool writes_its_state_;
  // graph_, compiled.
  torch::jit::Code code_;
};

}  // namespace strata

#endif  // STRATA_CORE_MODEL_TRACE_H_
