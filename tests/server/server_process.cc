// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/server/server_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace strata {

ServerProcess::ServerProcess(const std::vector<std::string>& arguments) {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  std::vector<std::string> words = {STRATA_SERVER_BINARY};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  EXPECT_EQ(
      posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ), 0)
      << "cannot start " << argv[0];
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  pipe_ = ends[0];
}

ServerProcess::~ServerProcess() {
  if (!waited_) {
    Signal(SIGKILL);
    Wait();
  }
  close(pipe_);
}

bool ServerProcess::ReadMore() {
  std::array<char, 4096> part{};
  const ssize_t size = read(pipe_, part.data(), part.size());
  if (size <= 0) return false;
  output_.append(part.data(), static_cast<std::size_t>(size));
  return true;
}

std::string ServerProcess::AwaitLine(absl::string_view prefix) {
  do {
    for (std::size_t end = 0;
         (end = output_.find('\n', read_)) != std::string::npos;) {
      const std::string line = output_.substr(read_, end - read_);
      read_ = end + 1;
      if (absl::StartsWith(line, prefix)) return line.substr(prefix.size());
    }
  } while (ReadMore());
  return "";
}

void ServerProcess::Signal(int signal) const { kill(pid_, signal); }

int ServerProcess::Wait() {
  while (ReadMore()) {
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  waited_ = true;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace strata
