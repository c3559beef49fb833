// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_LIBRARY_SETTINGS_H_
#define STRATA_SERVER_LIBRARY_SETTINGS_H_

namespace strata {

// Starts the program anew, as the same process, with the variables that
// LibTorch's parts read from the environment, often before main begins, unless
// the environment sets them already:
//
// * OMP_WAIT_POLICY=passive. LibTorch's threads spin while they wait for each
//   other, which is fastest where every thread has a CPU to itself and
//   collapses where it does not: on two busy CPUs, examining six small models
//   took 14.1 s spinning and 2.5 s sleeping.
// * ONEDNN_PRIMITIVE_CACHE_CAPACITY=64. oneDNN compiles a kernel for each shape
//   of some operators (a GELU; in bfloat16 matrix products too) and keeps
//   1,024. Batches have any shape: a server of small models grew by 200 MiB for
//   what seldom came again, where making a GELU's kernel takes 0.1 ms.
// * MALLOC_CONF, of jemalloc, which stands in for malloc. What nothing has used
//   for 5 s goes back to the system, on a thread of jemalloc's own: forwards
//   that follow one another find their memory there, and what a peak took is
//   not kept (deploy/adr/0021). Tensors of many MiB too, which it would else
//   give back, and be given anew, each time. An arena for each CPU that the
//   control group grants, not four for each that the host has: each has holes
//   of its own.
//
// To be called before any thread starts; returns only where it has nothing to
// do or cannot do it, which is no error.
void StartWithLibrarySettings(char* const* argv);

}  // namespace strata

#endif  // STRATA_SERVER_LIBRARY_SETTINGS_H_
