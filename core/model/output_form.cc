// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/output_form.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/tensor/forward_outputs.h"
#include "torch/script.h"

namespace strata {
namespace {

using Values = std::vector<c10::IValue>;

// The elements of a tuple or list; nullopt for anything else.
std::optional<Values> Elements(const c10::IValue& value) {
  if (value.isTuple()) {
    const auto& elements = value.toTupleRef().elements();
    return Values(elements.begin(), elements.end());
  }
  if (value.isList()) return value.toListRef().vec();
  return std::nullopt;
}

std::vector<at::Tensor> LeadingTensors(const Values& elements,
                                       bool of_one_shape) {
  std::vector<at::Tensor> tensors;
  for (const c10::IValue& element : elements) {
    if (!element.isTensor()) break;
    const at::Tensor& tensor = element.toTensor();
    if (of_one_shape && !tensors.empty() &&
        tensor.sizes() != tensors[0].sizes()) {
      break;
    }
    tensors.push_back(tensor);
  }
  return tensors;
}

// The first of `values` that has a vector for every place of `layer`; an
// undefined tensor where none has.
at::Tensor FindLogits(std::span<const c10::IValue> values,
                      const at::Tensor& layer) {
  const auto found =
      std::ranges::find_if(values, [&layer](const c10::IValue& value) {
        if (!value.isTensor() || layer.dim() != 3) return false;
        const at::Tensor& tensor = value.toTensor();
        return tensor.dim() == 3 && tensor.size(0) == layer.size(0) &&
               tensor.size(1) == layer.size(1);
      });
  return found == values.end() ? at::Tensor() : found->toTensor();
}

// Splits `elements`, whose first is a tensor, into layers and what follows.
absl::StatusOr<ForwardOutputs> SplitElements(const Values& elements,
                                             bool nested, Values outside,
                                             std::optional<int> layers) {
  const bool counted = layers.has_value();
  ForwardOutputs outputs{
      .layers = LeadingTensors(elements, !nested && !counted), .logits = {}};
  if (counted) {
    if (std::ssize(outputs.layers) < *layers) {
      return Error(Reason::kForwardFailed,
                   absl::StrCat("forward returned ", outputs.layers.size(),
                                " tensors, expected at least the ", *layers,
                                " of strata.json's \"layers\""));
    }
    outputs.layers.resize(*layers);
  }
  Values following(elements.begin() + std::ssize(outputs.layers),
                   elements.end());
  std::ranges::move(outside, std::back_inserter(following));
  outputs.logits = FindLogits(following, outputs.layers[0]);
  return outputs;
}

}  // namespace

absl::StatusOr<ForwardOutputs> ReadOutputs(const c10::IValue& output,
                                           std::optional<int> layers) {
  if (output.isTensor()) {
    return SplitElements({output}, /*nested=*/false, {}, layers);
  }
  // What stands beside the layers' tuple, the nearest first.
  Values outside;
  bool nested = false;
  auto elements = Elements(output);
  while (elements.has_value() && !elements->empty()) {
    if (elements->front().isTensor()) {
      return SplitElements(*elements, nested, std::move(outside), layers);
    }
    nested = true;
    outside.insert(outside.begin(), elements->begin() + 1, elements->end());
    elements = Elements(c10::IValue(elements->front()));
  }
  return Error(Reason::kForwardFailed,
               absl::StrCat("forward returned a ", output.type()->str(),
                            ", expected a tuple of hidden states"));
}

}  // namespace strata
