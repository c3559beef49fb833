# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
#
# LibTorch as the target strata::torch, from STRATA_TORCH_DIR: the `torch`
# folder of a wheel or an unpacked LibTorch archive, with CUDA or without.
#
# LibTorch's own configuration wants a CUDA toolkit where it was built for one,
# so it is not used. Only libtorch_cpu and libc10 are linked: libtorch_cuda is
# loaded at run time when a CUDA device is asked for, so one binary serves both
# and a machine without CUDA carries none of it.

find_path(
  StrataTorch_INCLUDE_DIR torch/script.h
  HINTS ${STRATA_TORCH_DIR}/include
  NO_DEFAULT_PATH NO_CACHE)
find_library(
  StrataTorch_CPU_LIBRARY torch_cpu
  HINTS ${STRATA_TORCH_DIR}/lib
  NO_DEFAULT_PATH NO_CACHE)
find_library(
  StrataTorch_C10_LIBRARY c10
  HINTS ${STRATA_TORCH_DIR}/lib
  NO_DEFAULT_PATH NO_CACHE)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  StrataTorch
  REQUIRED_VARS StrataTorch_CPU_LIBRARY StrataTorch_C10_LIBRARY StrataTorch_INCLUDE_DIR
  FAIL_MESSAGE
    "no LibTorch in '${STRATA_TORCH_DIR}': set STRATA_TORCH to a folder that holds include/torch/script.h and lib/libtorch_cpu.so, and run deploy/bootstrap.sh again"
)

if(StrataTorch_FOUND AND NOT TARGET strata::torch)
  add_library(strata::torch INTERFACE IMPORTED)
  # -idirafter: torch/include carries protobuf's headers of another version,
  # which must not be found before the system's.
  target_compile_options(
    strata::torch
    INTERFACE "SHELL:-idirafter ${StrataTorch_INCLUDE_DIR}"
              "SHELL:-idirafter ${StrataTorch_INCLUDE_DIR}/torch/csrc/api/include")
  target_link_libraries(
    strata::torch
    INTERFACE -Wl,--no-as-needed ${StrataTorch_CPU_LIBRARY} ${StrataTorch_C10_LIBRARY}
              -Wl,--as-needed)
  target_link_options(strata::torch INTERFACE -Wl,--allow-shlib-undefined
                      -Wl,-rpath,${STRATA_TORCH_DIR}/lib)
endif()
