// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/model/checks.h"

#include <array>
#include <span>

#include "core/model/report.h"

namespace strata {
namespace {

constexpr std::array kChecks = {
    CheckSpec{.name = "no_cache_argument",
              .essential = true,
              .expected = "no argument for keys and values of earlier pieces",
              .remedy = "trace the model without its cache, or a wrapper whose "
                        "forward leaves it out",
              .look = CheckNoCacheArgument},
    CheckSpec{.name = "arguments_known",
              .essential = true,
              .expected = "arguments for piece ids and at most a mask, "
                          "positions and type ids",
              .remedy = "say what they mean with \"arguments\" in "
                        "strata.json, or trace a wrapper with arguments of "
                        "these meanings",
              .look = CheckArgumentsKnown},
    CheckSpec{.name = kTokenizerFitsCheck,
              .essential = false,
              .expected = "an embedding for every id of the tokenizer",
              .remedy = "put the tokenizer that belongs to the model beside it",
              .look = CheckTokenizerFits},
    CheckSpec{.name = "padding_id_known",
              .essential = true,
              .expected = "a padding id inside the vocabulary",
              .remedy = "set \"padding_id\" in strata.json",
              .look = CheckPaddingIdKnown},
    CheckSpec{.name = "forward_runs",
              .essential = true,
              .expected = "forward runs on piece ids int64 [B, T] of any B "
                          "and T, with a mask of bool, int64 or float32",
              .remedy = "trace a model that takes these and reads their sizes "
                        "from them, or set \"arguments\", \"mask_form\" and "
                        "\"mask_dtype\" in strata.json if they were found "
                        "wrong",
              .look = CheckForwardRuns},
    CheckSpec{.name = "devices_rewritten",
              .essential = false,
              .expected = "no device in it that cannot be rewritten",
              .remedy = "read devices from tensors (device=x.device) where the "
                        "model names one, and trace it without interfaces",
              .look = CheckDevicesRewritten},
    CheckSpec{.name = "outputs_are_hidden_states",
              .essential = true,
              .expected = "a tuple of hidden states [B, T, W], all of one "
                          "width and of type float32, float16 or bfloat16",
              .remedy = "trace a model, or a wrapper, that returns the tuple "
                        "of its layers' outputs first",
              .look = CheckOutputsAreHiddenStates},
    CheckSpec{.name = "final_norm_layers_exist",
              .essential = true,
              .expected = "final_norm_layers below the number of layers",
              .remedy = "correct \"final_norm_layers\" in strata.json",
              .look = CheckFinalNormLayersExist},
    CheckSpec{.name = "finite",
              .essential = true,
              .expected = "finite hidden states",
              .remedy = "check the weights, that the model's type can hold its "
                        "activations, and that its mask is true where a place "
                        "may be attended to",
              .look = CheckFinite},
    CheckSpec{.name = "deterministic",
              .essential = true,
              .expected = "the same hidden states when it runs again",
              .remedy = "call model.eval() before tracing, so that dropout is "
                        "off",
              .look = CheckDeterministic},
    CheckSpec{.name = "batch_generalises",
              .essential = true,
              .expected = "a sequence in a batch of 3 equals itself alone",
              .remedy = "the example's batch size is fixed in the trace: read "
                        "sizes from tensors (x.size(0)) where the model now "
                        "has numbers, or uses len() or int(), and trace again",
              .look = CheckBatchGeneralises},
    CheckSpec{.name = "length_generalises",
              .essential = true,
              .expected = "hidden states for every piece of sequences of 1, 7 "
                          "and 23 pieces, or as many as strata.json's "
                          "max_pieces",
              .remedy = "the example's length is fixed in the trace: read "
                        "sizes from tensors (x.size(1)) where the model now "
                        "has numbers, or uses len() or int(), and trace again",
              .look = CheckLengthGeneralises},
    CheckSpec{.name = "padding_invisible",
              .essential = false,
              .expected = "a padded sequence equals itself alone",
              .remedy = "trace with an attention mask that hides padding",
              .look = CheckPaddingInvisible},
    CheckSpec{.name = "mask_not_inverted",
              .essential = true,
              .expected = "a mask that is true, or 1, where a place may be "
                          "attended to",
              .remedy = "trace a wrapper that inverts the mask for the model "
                        "(mask.logical_not())",
              .look = CheckMaskNotInverted},
    CheckSpec{.name = "logits",
              .essential = false,
              .expected = "no logits, or logits [B, T, V] over the vocabulary "
                          "that are the same in a batch as alone",
              .remedy = "trace a wrapper that returns the logits as the only "
                        "tensor so wide after its layers, or set \"layers\" "
                        "in strata.json to the number of hidden states",
              .look = CheckLogits},
    CheckSpec{.name = "positions_matter",
              .essential = false,
              .expected = "other results for other positions",
              .remedy = "leave positions out of the trace's arguments, or give "
                        "them to the model",
              .look = CheckPositionsMatter},
    CheckSpec{.name = "packing_exact",
              .essential = false,
              .expected = "sequences packed into one row under a "
                          "block-diagonal mask equal themselves alone",
              .remedy = "trace with a mask [B, 1, T, T] and positions",
              .look = CheckPackingExact},
    CheckSpec{.name = "prefix_sharing_exact",
              .essential = false,
              .expected = "sequences that share a row's places for what they "
                          "begin with equal themselves alone",
              .remedy = "trace a causal decoder with a mask [B, 1, T, T] and "
                        "positions; ALiBi models cannot",
              .look = CheckPrefixSharingExact},
    CheckSpec{.name = "infinity_contained",
              .essential = false,
              .expected = "to see whether a packed neighbour that is not "
                          "finite reaches the others",
              .remedy = "none is needed",
              .look = CheckInfinityContained},
    CheckSpec{.name = "layers_cut",
              .essential = false,
              .expected = "the same hidden states where the graph ends at an "
                          "earlier layer",
              .remedy = "return the layers as a tuple or list that the graph "
                        "shows",
              .look = CheckLayersCut},
    CheckSpec{.name = "longest_length",
              .essential = false,
              .expected = "runs on sequences of 8192 pieces, or of "
                          "strata.json's max_pieces",
              .remedy = "set \"max_pieces\" to what the model was made for",
              .look = CheckLongestLength},
};

}  // namespace

std::span<const CheckSpec> ExaminationChecks() { return kChecks; }

}  // namespace strata
