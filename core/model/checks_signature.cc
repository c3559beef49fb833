// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/model/checks.h"
#include "core/model/config.h"
#include "core/model/report.h"
#include "core/model/signature.h"
#include "core/model/subject.h"
#include "core/tensor/mask_form.h"

namespace strata {
namespace {

// Whether a mask of this form can be given to `mask`, which is nullptr where a
// trace takes none.
bool MaskFormFits(MaskForm form, const Argument* mask) {
  if (mask == nullptr) return form == MaskForm::kNone;
  if (mask->type == kDictType) return form == MaskForm::kDict;
  return form != MaskForm::kNone && form != MaskForm::kDict;
}

// What strata.json says of the mask that `arguments` do not take, as
// `mask_form "pairs"`; empty where they take all.
std::string WrongMaskKey(const ModelConfig& config,
                         const std::vector<Argument>& arguments) {
  const auto found = std::ranges::find(arguments, ArgumentRole::kAttentionMask,
                                       &Argument::role);
  const Argument* mask = found == arguments.end() ? nullptr : &*found;
  if (config.mask_form.has_value() && !MaskFormFits(*config.mask_form, mask)) {
    return absl::StrCat("mask_form \"", MaskFormKey(*config.mask_form), "\"");
  }
  if (config.mask_dtype.has_value() && mask == nullptr) {
    return absl::StrCat("mask_dtype \"", MaskDtypeName(*config.mask_dtype),
                        "\"");
  }
  return "";
}

std::string Describe(const std::vector<Argument>& arguments) {
  return absl::StrJoin(arguments, ", ",
                       [](std::string* out, const Argument& argument) {
                         absl::StrAppend(out, argument.name, ": ",
                                         ArgumentRoleKey(argument.role));
                       });
}

}  // namespace

Finding CheckNoCacheArgument(Subject& subject) {
  const std::vector<std::string> caches =
      CacheArguments(subject.trace.schema(), subject.config);
  if (caches.empty()) return {.passed = true, .found = "none"};
  return {.passed = false,
          .found = absl::StrCat("argument \"", absl::StrJoin(caches, "\", \""),
                                "\"")};
}

Finding CheckArgumentsKnown(Subject& subject) {
  const absl::StatusOr<std::vector<Argument>> arguments =
      AssignRoles(subject.trace.schema(), subject.config);
  if (!arguments.ok()) {
    return {.passed = false,
            .found = std::string(arguments.status().message())};
  }
  subject.report.arguments = *arguments;
  subject.trace.Bind(*arguments, {.layers = subject.config.layers});
  subject.report.vocabulary_size =
      subject.trace.EmbeddingRows().value_or(subject.tokenizer_vocabulary);
  const std::string wrong = WrongMaskKey(subject.config, *arguments);
  if (!wrong.empty()) {
    return {.passed = false,
            .found = absl::StrCat(Describe(*arguments),
                                  ", which do not take strata.json's ", wrong)};
  }
  return {.passed = true, .found = Describe(*arguments)};
}

Finding CheckTokenizerFits(Subject& subject) {
  const std::int64_t ids = subject.tokenizer_vocabulary;
  const std::optional<std::int64_t> rows = subject.trace.EmbeddingRows();
  if (!rows.has_value()) {
    return {.passed = true,
            .found = absl::StrCat("no embedding in the trace's graph; the "
                                  "tokenizer's ",
                                  ids,
                                  " ids are taken for "
                                  "the vocabulary")};
  }
  return {.passed = ids <= *rows,
          .found = absl::StrCat(ids, " ids and ", *rows, " embeddings")};
}

Finding CheckPaddingIdKnown(Subject& subject) {
  const std::int64_t id = subject.config.padding_id;
  return {.passed = id < subject.report.vocabulary_size,
          .found = absl::StrCat(id, " in a vocabulary of ",
                                subject.report.vocabulary_size)};
}

}  // namespace strata
