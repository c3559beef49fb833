// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_MODEL_CHECK_TOKENIZER_H_
#define STRATA_CORE_MODEL_CHECK_TOKENIZER_H_

#include "core/model/report.h"
#include "core/tokenize/tokenizer.h"

namespace strata {

// What becomes of a text with a character that the vocabulary does not know:
// passed where it has a piece, or one for each of its bytes. Not essential:
// other texts are served all the same.
Check CheckUnknownCharacters(const Tokenizer& tokenizer);

}  // namespace strata

#endif  // STRATA_CORE_MODEL_CHECK_TOKENIZER_H_
