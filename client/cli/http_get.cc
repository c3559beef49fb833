// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/http_get.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>
#include <system_error>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"

namespace strata::cli {
namespace {

constexpr std::size_t kLargestAnswer = std::size_t{64} << 20;

// A socket that is closed when it goes.
class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  Socket(Socket&& other) noexcept : descriptor_(other.descriptor_) {
    other.descriptor_ = -1;
  }
  Socket& operator=(Socket&&) = delete;

  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

absl::Status Unreachable(absl::string_view what) {
  return absl::UnavailableError(what);
}

// Of the last call: a time that has passed is told from what failed.
absl::Status SocketError() {
  const int error = errno;
  if (error == EAGAIN || error == EINPROGRESS) {
    return absl::DeadlineExceededError("no answer in time");
  }
  return Unreachable(std::generic_category().message(error));
}

absl::StatusOr<Socket> ConnectTo(const addrinfo& place,
                                 absl::Duration timeout) {
  Socket socket(
      ::socket(place.ai_family, SOCK_STREAM | SOCK_CLOEXEC, place.ai_protocol));
  if (socket.get() < 0) return SocketError();
  const timeval limit = absl::ToTimeval(timeout);
  // The first is connect's limit too.
  for (const int option : {SO_SNDTIMEO, SO_RCVTIMEO}) {
    setsockopt(socket.get(), SOL_SOCKET, option, &limit, sizeof(limit));
  }
  if (connect(socket.get(), place.ai_addr, place.ai_addrlen) != 0) {
    return SocketError();
  }
  return socket;
}

absl::StatusOr<Socket> Connect(const std::string& host, const std::string& port,
                               absl::Duration timeout) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
      error != 0) {
    return Unreachable(gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> places(found,
                                                              freeaddrinfo);
  absl::Status failure = Unreachable("the name has no address");
  for (const addrinfo* place = found; place != nullptr;
       place = place->ai_next) {
    absl::StatusOr<Socket> socket = ConnectTo(*place, timeout);
    if (socket.ok()) return socket;
    failure = socket.status();
  }
  return failure;
}

// All that is sent until the other side closes.
absl::StatusOr<std::string> Exchange(const Socket& socket,
                                     absl::string_view request) {
  while (!request.empty()) {
    const ssize_t sent =
        send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL);
    if (sent <= 0) return SocketError();
    request.remove_prefix(static_cast<std::size_t>(sent));
  }
  std::string answer;
  std::array<char, 16384> part{};
  for (;;) {
    const ssize_t size = recv(socket.get(), part.data(), part.size(), 0);
    if (size < 0) return SocketError();
    if (size == 0) return answer;
    answer.append(part.data(), static_cast<std::size_t>(size));
    if (answer.size() > kLargestAnswer) {
      return absl::FailedPreconditionError("the answer has no end");
    }
  }
}

absl::StatusOr<std::string> BodyOf(const std::string& answer) {
  const std::string end_of_head = "\r\n\r\n";
  const std::size_t end = answer.find(end_of_head);
  const absl::string_view first =
      absl::string_view(answer).substr(0, answer.find("\r\n"));
  if (!absl::StartsWith(first, "HTTP/1.") || end == std::string::npos) {
    return absl::FailedPreconditionError("the answer is not HTTP");
  }
  // "HTTP/1.1 200 OK".
  if (first.substr(std::min<std::size_t>(8, first.size()), 4) != " 200") {
    return absl::FailedPreconditionError(
        absl::StrCat("the answer is ", first.substr(0, 60)));
  }
  const std::string head = absl::AsciiStrToLower(answer.substr(0, end));
  if (absl::StrContains(head, "transfer-encoding: chunked")) {
    return absl::FailedPreconditionError("the answer comes in chunks");
  }
  return answer.substr(end + end_of_head.size());
}

}  // namespace

absl::StatusOr<std::string> HttpGet(const std::string& address,
                                    absl::string_view path,
                                    absl::Duration timeout) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", address, "\" is not HOST:PORT"));
  }
  absl::string_view host = absl::string_view(address).substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  const auto socket =
      Connect(std::string(host), address.substr(colon + 1), timeout);
  if (!socket.ok()) return socket.status();
  const auto answer = Exchange(
      *socket, absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: ", address,
                            "\r\nConnection: close\r\n\r\n"));
  if (!answer.ok()) return answer.status();
  return BodyOf(*answer);
}

}  // namespace strata::cli
