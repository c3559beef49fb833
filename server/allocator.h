// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_ALLOCATOR_H_
#define STRATA_SERVER_ALLOCATOR_H_

// Settings of jemalloc, which looks for this name in the program.
extern "C" const char* const malloc_conf;

#endif  // STRATA_SERVER_ALLOCATOR_H_
