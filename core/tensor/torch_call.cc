// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tensor/torch_call.h"

#include <exception>
#include <new>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
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

}  // namespace

absl::Status StatusOfTorchException(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const c10::OutOfMemoryError& error) {
    return FullError(Gist(error.what_without_backtrace()), kMemoryRetry);
  } catch (const std::bad_alloc&) {
    return FullError("the host has no memory for it", kMemoryRetry);
  } catch (const c10::Error& error) {
    return Error(Reason::kForwardFailed, Gist(error.what_without_backtrace()));
  } catch (const std::exception& error) {
    return Error(Reason::kForwardFailed, Gist(error.what()));
  } catch (...) {
    return Error(Reason::kForwardFailed, "LibTorch threw an unknown exception");
  }
}

}  // namespace strata
