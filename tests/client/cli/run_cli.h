// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_CLIENT_CLI_RUN_CLI_H_
#define STRATA_TESTS_CLIENT_CLI_RUN_CLI_H_

#include <filesystem>
#include <string>
#include <vector>

#include "tests/client/fake_server.h"

// Runs command lines within the test.
namespace strata::cli {

struct Result {
  int code = 0;
  std::string out;
  std::string err;
};

// `input` is standard input, as from a file.
Result RunArgs(const std::vector<std::string>& args,
               const std::string& input = "", bool out_is_terminal = false);

// The same, of that server.
Result RunOn(const FakeServer& server, std::vector<std::string> args,
             const std::string& input = "");

// Answers each text with one pooled vector, [1, 2], of 1 and -10.
grpc::Status EncodePooled(const grpc::ServerContext& context,
                          const v1::EncodeRequest& request,
                          v1::EncodeResponse& response);

// A folder of the test's own, gone at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }

 private:
  const std::filesystem::path path_;
};

// Of a file; empty where there is none.
std::string Contents(const std::string& path);

}  // namespace strata::cli

#endif  // STRATA_TESTS_CLIENT_CLI_RUN_CLI_H_
