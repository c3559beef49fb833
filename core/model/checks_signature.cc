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

// Whether strata.json's mask form, if any, can be given to these arguments.
bool MaskFormFits(const ModelConfig& config,
                  const std::vector<Argument>& arguments) {
  if (!config.mask_form.has_value()) return true;
  const auto mask = std::ranges::find(arguments, ArgumentRole::kAttentionMask,
                                      &Argument::role);
  if (mask == arguments.end()) return *config.mask_form == MaskForm::kNone;
  if (mask->type == kDictType) return *config.mask_form == MaskForm::kDict;
  return *config.mask_form != MaskForm::kNone &&
         *config.mask_form != MaskForm::kDict;
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
  if (!MaskFormFits(subject.config, *arguments)) {
    return {.passed = false,
            .found = absl::StrCat(
                Describe(*arguments),
                ", which do not take strata.json's "
                "mask_form \"",
                MaskFormKey(subject.config.mask_form.value_or(MaskForm::kNone)),
                "\"")};
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
