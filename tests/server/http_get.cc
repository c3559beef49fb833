// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/server/http_get.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"

namespace strata {

std::string HttpGet(int port, const std::string& path) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (connect(socket, reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) == 0) {
    const std::string request = absl::StrCat(
        "GET ", path, " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    send(socket, request.data(), request.size(), MSG_NOSIGNAL);
    std::array<char, 4096> part{};
    for (ssize_t size = 0;
         (size = recv(socket, part.data(), part.size(), 0)) > 0;) {
      answer.append(part.data(), static_cast<std::size_t>(size));
    }
  }
  close(socket);
  return answer;
}

}  // namespace strata
