// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_TENSOR_THREADS_H_
#define STRATA_CORE_TENSOR_THREADS_H_

#include "ATen/Parallel.h"

namespace strata {

// Makes operators that the calling thread runs on the CPU use `threads`.
//
// LibTorch keeps a number for each thread and one for threads to come; a thread
// takes up the latter when it first asks, so it has to ask before it is told.
// That for threads to come is changed as well: they say themselves what they
// need.
inline void UseThreadsHere(int threads) {
  at::get_num_threads();
  at::set_num_threads(threads);
}

}  // namespace strata

#endif  // STRATA_CORE_TENSOR_THREADS_H_
