// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/client/cli/fake_http.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace strata::cli {

FakeHttp::FakeHttp(std::string answer) : answer_(std::move(answer)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(listener_, reinterpret_cast<const sockaddr*>(&address), size),
            0);
  EXPECT_EQ(listen(listener_, 1), 0);
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this] { Serve(); });
}

FakeHttp::~FakeHttp() {
  // Whoever waits for a client that never came is let go.
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
}

std::string FakeHttp::address() const {
  return absl::StrCat("127.0.0.1:", port_);
}

std::string FakeHttp::Asked() { return asked_.get_future().get(); }

void FakeHttp::Serve() {
  const int client = accept(listener_, nullptr, nullptr);
  std::string request;
  std::array<char, 1024> part{};
  while (client >= 0 && !absl::StrContains(request, "\r\n\r\n")) {
    const ssize_t got = recv(client, part.data(), part.size(), 0);
    if (got <= 0) break;
    request.append(part.data(), static_cast<std::size_t>(got));
  }
  asked_.set_value(request.substr(0, request.find("\r\n")));
  if (client < 0) return;
  send(client, answer_.data(), answer_.size(), MSG_NOSIGNAL);
  close(client);
}

std::string HttpAnswer(const std::string& body, const std::string& status) {
  return absl::StrCat("HTTP/1.1 ", status, "\r\nContent-Length: ", body.size(),
                      "\r\n\r\n", body);
}

}  // namespace strata::cli
