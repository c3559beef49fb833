// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_CLIENT_CLI_FAKE_HTTP_H_
#define STRATA_TESTS_CLIENT_CLI_FAKE_HTTP_H_

#include <future>
#include <string>
#include <thread>

namespace strata::cli {

// Listens on a free port of 127.0.0.1 and sends the one client that comes these
// bytes, whatever it asks; then closes.
class FakeHttp {
 public:
  explicit FakeHttp(std::string answer);
  ~FakeHttp();
  FakeHttp(const FakeHttp&) = delete;
  FakeHttp& operator=(const FakeHttp&) = delete;

  // HOST:PORT.
  [[nodiscard]] std::string address() const;

  // Waits for a client, and returns the first line of what it asked.
  std::string Asked();

 private:
  void Serve();

  const std::string answer_;
  int listener_ = -1;
  int port_ = 0;
  std::promise<std::string> asked_;
  std::jthread thread_;
};

// An HTTP answer with this body.
std::string HttpAnswer(const std::string& body,
                       const std::string& status = "200 OK");

}  // namespace strata::cli

#endif  // STRATA_TESTS_CLIENT_CLI_FAKE_HTTP_H_
