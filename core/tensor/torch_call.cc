// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tensor/torch_call.h"

#include <cstddef>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "torch/script.h"

namespace strata {
namespace {

constexpr absl::Duration kMemoryRetry = absl::Seconds(1);

// The line that says what is wrong. A failure inside a trace comes as a
// traceback of the Python it was made from, that line the last; other errors
// begin with it.
absl::string_view Gist(absl::string_view what) {
  absl::string_view gist = what.substr(0, what.find('\n'));
  if (what.find("Traceback of TorchScript") != absl::string_view::npos) {
    const std::vector<absl::string_view> lines =
        absl::StrSplit(what, '\n', absl::SkipWhitespace());
    gist = lines.back();
    for (const absl::string_view line : lines) {
      if (line.find("Error: ") != absl::string_view::npos) gist = line;
    }
  }
  return absl::StripPrefix(absl::StripAsciiWhitespace(gist), "RuntimeError: ");
}

// `gist` without LibTorch's own words around a failed assertion, "X INTERNAL
// ASSERT FAILED at FILE:LINE, please report a bug to PyTorch. Y": it is the
// trace that asks for something impossible, and PyTorch that is not to blame.
std::string WithoutAssertion(absl::string_view gist) {
  constexpr absl::string_view kFailed = "INTERNAL ASSERT FAILED";
  constexpr absl::string_view kPlea = "please report a bug to PyTorch.";
  const std::size_t plea = gist.find(kPlea);
  if (plea == absl::string_view::npos) return std::string(gist);
  const auto why = absl::StripAsciiWhitespace(gist.substr(plea + kPlea.size()));
  if (!why.empty()) return std::string(why);
  const auto condition =
      absl::StripAsciiWhitespace(gist.substr(0, gist.find(kFailed)));
  return absl::StrCat("LibTorch expected ",
                      condition.empty() ? "something else" : condition);
}

std::string Words(absl::string_view what) {
  return WithoutAssertion(Gist(what));
}

// The CPU's allocator (c10/core/impl/alloc_cpu.cpp) fails with no exception of
// its own, and a trace's interpreter makes another of any that it catches: the
// words alone tell.
absl::Status StatusOfWords(const std::string& words) {
  const bool no_memory = absl::StrContains(words, "DefaultCPUAllocator: ") ||
                         absl::StrContains(words, "out of memory") ||
                         absl::StrContains(words, "bad_alloc");
  return no_memory ? FullError(words, kMemoryRetry)
                   : Error(Reason::kForwardFailed, words);
}

}  // namespace

absl::Status StatusOfTorchException(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const c10::OutOfMemoryError& error) {
    return FullError(Words(error.what_without_backtrace()), kMemoryRetry);
  } catch (const std::bad_alloc&) {
    return FullError("the host has no memory for it", kMemoryRetry);
  } catch (const c10::Error& error) {
    return StatusOfWords(Words(error.what_without_backtrace()));
  } catch (const std::exception& error) {
    return StatusOfWords(Words(error.what()));
  } catch (...) {
    return Error(Reason::kForwardFailed, "LibTorch threw an unknown exception");
  }
}

}  // namespace strata
