// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_SERVER_HTTP_GET_H_
#define STRATA_TESTS_SERVER_HTTP_GET_H_

#include <string>

namespace strata {

// The whole answer, status line first, to GET `path` on 127.0.0.1; empty where
// nobody listens.
std::string HttpGet(int port, const std::string& path);

}  // namespace strata

#endif  // STRATA_TESTS_SERVER_HTTP_GET_H_
