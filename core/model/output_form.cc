// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/output_form.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
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

// `value` where it is a tensor with a vector for every place of `layer`, else
// an undefined one.
at::Tensor IfBeside(const c10::IValue& value, const at::Tensor& layer) {
  if (!value.isTensor() || layer.dim() != 3) return {};
  const at::Tensor& tensor = value.toTensor();
  const bool fits = tensor.dim() == 3 && tensor.size(0) == layer.size(0) &&
                    tensor.size(1) == layer.size(1);
  return fits ? tensor : at::Tensor();
}

// Splits `elements`, whose first is a tensor, into layers and what follows.
absl::StatusOr<ForwardOutputs> SplitElements(const Values& elements,
                                             bool nested, Values outside,
                                             const OutputForm& form) {
  const bool counted = form.layers.has_value();
  ForwardOutputs outputs{
      .layers = LeadingTensors(elements, !nested && !counted), .logits = {}};
  if (counted) {
    if (std::ssize(outputs.layers) < *form.layers) {
      return Error(Reason::kForwardFailed,
                   absl::StrCat("forward returned ", outputs.layers.size(),
                                " tensors, expected at least the ",
                                *form.layers, " of strata.json's \"layers\""));
    }
    outputs.layers.resize(*form.layers);
  }
  Values following(elements.begin() + std::ssize(outputs.layers),
                   elements.end());
  std::ranges::move(outside, std::back_inserter(following));
  for (const c10::IValue& value : following) {
    outputs.beside.push_back(IfBeside(value, outputs.layers[0]));
  }
  if (form.logits.has_value() && *form.logits < outputs.beside.size()) {
    outputs.logits = outputs.beside[*form.logits];
  }
  return outputs;
}

// Why none of tensors of these `widths` can be served as logits.
absl::Status NoLogits(const std::vector<std::int64_t>& widths,
                      std::int64_t pieces, absl::string_view why) {
  const bool one = widths.size() == 1;
  return Error(
      Reason::kNotSupportedByModel,
      absl::StrCat(one ? "a tensor of width " : "tensors of widths ",
                   absl::StrJoin(widths, ", "),
                   " after the layers, in a vocabulary of ", pieces, why));
}

}  // namespace

absl::StatusOr<ForwardOutputs> ReadOutputs(const c10::IValue& output,
                                           const OutputForm& form) {
  if (output.isTensor()) {
    return SplitElements({output}, /*nested=*/false, {}, form);
  }
  // What stands beside the layers' tuple, the nearest first.
  Values outside;
  bool nested = false;
  auto elements = Elements(output);
  while (elements.has_value() && !elements->empty()) {
    if (elements->front().isTensor()) {
      return SplitElements(*elements, nested, std::move(outside), form);
    }
    nested = true;
    outside.insert(outside.begin(), elements->begin() + 1, elements->end());
    elements = Elements(c10::IValue(elements->front()));
  }
  return Error(Reason::kForwardFailed,
               absl::StrCat("forward returned a ", output.type()->str(),
                            ", expected a tuple of hidden states"));
}

absl::StatusOr<std::optional<std::size_t>> ChooseLogits(
    const ForwardOutputs& outputs, std::int64_t pieces) {
  std::vector<std::int64_t> widths;
  std::vector<std::size_t> as_wide;
  std::vector<std::size_t> wider;
  for (std::size_t i = 0; i < outputs.beside.size(); ++i) {
    if (!outputs.beside[i].defined()) continue;
    widths.push_back(outputs.beside[i].size(2));
    if (widths.back() == pieces) as_wide.push_back(i);
    if (widths.back() > pieces) wider.push_back(i);
  }
  if (widths.empty()) return std::nullopt;
  const std::vector<std::size_t>& meant = as_wide.empty() ? wider : as_wide;
  if (meant.size() == 1) return meant.front();
  return NoLogits(
      widths, pieces,
      meant.empty() ? "" : ", of which several could be its logits");
}

}  // namespace strata
