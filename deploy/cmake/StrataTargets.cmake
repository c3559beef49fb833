# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
#
# How Strata's own targets are made. Nothing here is directory-wide: warnings,
# the language level and the include root come with an interface target.

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(strata_options INTERFACE)
target_compile_features(strata_options INTERFACE cxx_std_20)
target_include_directories(strata_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(
  strata_options
  INTERFACE -Wall -Wextra -Werror -Wno-missing-field-initializers
            $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety -Wno-unused-command-line-argument
            -Wno-missing-designated-field-initializers>)

# ccache, where present; told what is safe so that precompiled headers hit, and
# to see a fresh clone's files as the old one's.
find_program(STRATA_CCACHE ccache)
if(STRATA_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${STRATA_CCACHE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(strata_options INTERFACE -fpch-preprocess)
  endif()
endif()

# strata_library(<name> SOURCES ... [DEPS ...] [PRIVATE_DEPS ...] [PCH <header>...
#                | PCH_FROM <target>])
# A static library strata_<name>, alias strata::<name>.
function(strata_library name)
  cmake_parse_arguments(ARG "" "PCH_FROM" "SOURCES;DEPS;PRIVATE_DEPS;PCH" ${ARGN})
  add_library(strata_${name} STATIC ${ARG_SOURCES})
  add_library(strata::${name} ALIAS strata_${name})
  target_link_libraries(
    strata_${name}
    # Users of an installed library have warnings of their own.
    PUBLIC $<BUILD_INTERFACE:strata_options> ${ARG_DEPS}
    PRIVATE ${ARG_PRIVATE_DEPS})
  _strata_precompile(strata_${name} "${ARG_PCH}" "${ARG_PCH_FROM}")
endfunction()

# strata_executable(<name> SOURCES ... [DEPS ...] [PCH_FROM <target>])
function(strata_executable name)
  cmake_parse_arguments(ARG "" "PCH_FROM" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE strata_options ${ARG_DEPS})
  _strata_precompile(${name} "" "${ARG_PCH_FROM}")
endfunction()

# strata_test(<name> SOURCES ... [DEPS ...] [PCH_FROM <target>] [LABELS ...])
# A GoogleTest binary whose cases are CTest tests.
function(strata_test name)
  cmake_parse_arguments(ARG "" "PCH_FROM" "SOURCES;DEPS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  # GoogleTest's and ours before LibTorch, which DEPS may end with.
  target_link_libraries(${name} PRIVATE strata_options GTest::gmock GTest::gtest_main ${ARG_DEPS})
  _strata_precompile(${name} "" "${ARG_PCH_FROM}")
  set(properties TIMEOUT 300)
  if(ARG_LABELS)
    list(APPEND properties LABELS ${ARG_LABELS})
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES ${properties})
endfunction()

function(_strata_precompile target headers from)
  if(NOT STRATA_WITH_PCH)
    return()
  endif()
  if(headers)
    target_precompile_headers(${target} PRIVATE ${headers})
  elseif(from)
    target_precompile_headers(${target} REUSE_FROM ${from})
  endif()
endfunction()
