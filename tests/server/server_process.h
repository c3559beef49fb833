// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_SERVER_SERVER_PROCESS_H_
#define STRATA_TESTS_SERVER_SERVER_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace strata {

// The real strata-server as a child, its standard error read by the test. The
// child is killed where the test leaves it running.
class ServerProcess {
 public:
  explicit ServerProcess(const std::vector<std::string>& arguments);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Reads on to the first line that begins with `prefix`, and returns what
  // follows it; empty where there is none until the end.
  std::string AwaitLine(absl::string_view prefix);

  void Signal(int signal) const;

  // Reads to the end and returns the exit code; -1 where a signal killed it.
  int Wait();

  // All that it wrote so far, standard output included.
  const std::string& output() const { return output_; }

 private:
  // False at the end.
  bool ReadMore();

  pid_t pid_ = -1;
  int pipe_ = -1;
  bool waited_ = false;
  std::string output_;
  // Where AwaitLine goes on.
  std::size_t read_ = 0;
};

}  // namespace strata

#endif  // STRATA_TESTS_SERVER_SERVER_PROCESS_H_
