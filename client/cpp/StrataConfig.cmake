# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
#
# find_package(Strata) gives strata::client, the C++ client; strata::proto, which
# it brings, are the messages and stubs of strata.v1.

include(CMakeFindDependencyMacro)
find_dependency(absl)
# Module mode first: gRPC's configuration expects the targets it makes.
find_dependency(Protobuf)
find_dependency(Threads)
find_dependency(gRPC CONFIG)
include(${CMAKE_CURRENT_LIST_DIR}/StrataTargets.cmake)
