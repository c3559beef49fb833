# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
#
# What Strata is built from. Packages of the system are found as usual; the rest
# (LibTorch, sentencepiece, the Rust bridge) is where deploy/bootstrap.sh says
# in build/dependencies.cmake.

set(STRATA_DEPENDENCIES_FILE
    ${PROJECT_SOURCE_DIR}/build/dependencies.cmake
    CACHE FILEPATH "Written by deploy/bootstrap.sh")
if(NOT EXISTS ${STRATA_DEPENDENCIES_FILE})
  message(FATAL_ERROR "${STRATA_DEPENDENCIES_FILE} is missing: run deploy/bootstrap.sh first")
endif()
include(${STRATA_DEPENDENCIES_FILE})

find_package(absl REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
# Module mode first: gRPC's configuration expects the targets it makes.
find_package(Protobuf REQUIRED)
find_package(Threads REQUIRED)
if(STRATA_WITH_TESTS)
  find_package(GTest REQUIRED)
endif()
if(STRATA_WITH_GRPC)
  find_package(gRPC CONFIG REQUIRED)
  find_package(prometheus-cpp CONFIG REQUIRED)
  find_package(CLI11 CONFIG REQUIRED)
endif()
if(STRATA_WITH_TORCH)
  find_package(StrataTorch REQUIRED)
endif()
if(STRATA_WITH_JEMALLOC)
  find_library(STRATA_JEMALLOC_LIBRARY jemalloc REQUIRED)
  # Linked even where a program seems not to need it: it stands in for malloc.
  add_library(strata::jemalloc INTERFACE IMPORTED)
  target_link_options(strata::jemalloc INTERFACE LINKER:--no-as-needed)
  target_link_libraries(strata::jemalloc INTERFACE ${STRATA_JEMALLOC_LIBRARY})
endif()

# sentencepiece, static, built against the system's protobuf. Its folder comes
# before the system's includes, which may hold another version of its header.
add_library(strata::sentencepiece STATIC IMPORTED)
set_target_properties(
  strata::sentencepiece
  PROPERTIES IMPORTED_LOCATION ${STRATA_SENTENCEPIECE_DIR}/lib/libsentencepiece.a
             INTERFACE_INCLUDE_DIRECTORIES ${STRATA_SENTENCEPIECE_DIR}/include
             INTERFACE_LINK_LIBRARIES protobuf::libprotobuf)

# The Rust bridge (core/tokenize/bridge) over Hugging Face's tokenizers.
add_library(strata::tokenizers_bridge STATIC IMPORTED)
set_target_properties(
  strata::tokenizers_bridge
  PROPERTIES IMPORTED_LOCATION ${STRATA_TOKENIZERS_DIR}/lib/libstrata_tokenizers.a
             INTERFACE_INCLUDE_DIRECTORIES ${STRATA_TOKENIZERS_DIR}/include
             INTERFACE_LINK_LIBRARIES "Threads::Threads;${CMAKE_DL_LIBS}")
