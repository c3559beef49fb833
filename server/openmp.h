// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_OPENMP_H_
#define STRATA_SERVER_OPENMP_H_

namespace strata {

// Starts the program anew, as the same process, with OMP_WAIT_POLICY=passive,
// unless the environment sets that variable already.
//
// LibTorch's threads spin while they wait for each other, which is fastest
// where every thread has a CPU to itself and collapses where it does not: on
// two busy CPUs, examining six small models took 14.1 s spinning and 2.5 s
// sleeping. OpenMP reads the variable when the program is loaded, too early for
// main to set it. To be called before any thread starts; returns only where it
// has nothing to do or cannot do it, which is no error.
void WaitWithoutSpinning(char* const* argv);

}  // namespace strata

#endif  // STRATA_SERVER_OPENMP_H_
