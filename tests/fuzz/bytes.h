// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_FUZZ_BYTES_H_
#define STRATA_TESTS_FUZZ_BYTES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>

namespace strata::fuzz {

// Reads what a target needs out of the bytes that a fuzzer made. Past their end
// all is 0.
class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : left_(data, size) {}

  // A number from `least` to `most`, which are less than 65,536 apart.
  int Number(int least, int most) {
    const unsigned value = Next() | (Next() << 8);
    return least +
           static_cast<int>(value % static_cast<unsigned>(most - least + 1));
  }

  bool Flag() { return (Next() & 1) != 0; }

  // All that is left.
  std::string_view Rest() {
    const std::string_view rest(reinterpret_cast<const char*>(left_.data()),
                                left_.size());
    left_ = {};
    return rest;
  }

 private:
  unsigned Next() {
    if (left_.empty()) return 0;
    const unsigned value = left_.front();
    left_ = left_.subspan(1);
    return value;
  }

  std::span<const std::uint8_t> left_;
};

// Says what does not hold and ends the process, which a fuzzer notes.
[[noreturn]] inline void Fail(const char* condition, const char* file,
                              int line) {
  std::fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
  std::abort();
}

#define STRATA_FUZZ_CHECK(condition) \
  if (!(condition)) ::strata::fuzz::Fail(#condition, __FILE__, __LINE__)

}  // namespace strata::fuzz

#endif  // STRATA_TESTS_FUZZ_BYTES_H_
