// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// What jemalloc, which strata-server is linked against, reads at its start. Why
// it is not glibc's: deploy/adr/0021. MALLOC_CONF in the environment goes
// before.

#include "server/allocator.h"

// What nothing has used for 5 s goes back to the system, on a thread of
// jemalloc's own: forwards that follow one another find their memory there, and
// what a peak took is not kept. Tensors of many MiB too, which it would else
// give back, and be given anew, each time.
extern "C" const char* const malloc_conf =
    "background_thread:true,dirty_decay_ms:5000,muzzy_decay_ms:0,"
    "oversize_threshold:0";
