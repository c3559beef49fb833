// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/client/cli/run_cli.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "client/cli/cli.h"
#include "client/cli/console.h"
#include "tests/client/cli/text_input.h"

namespace strata::cli {

Result RunArgs(const std::vector<std::string>& args, const std::string& input,
               bool out_is_terminal) {
  const TextInput in(input);
  std::ostringstream out;
  std::ostringstream err;
  const int code = RunCli(args, {.in = in.descriptor(),
                                 .out = out,
                                 .err = err,
                                 .out_is_terminal = out_is_terminal});
  return {.code = code, .out = out.str(), .err = err.str()};
}

Result RunOn(const FakeServer& server, std::vector<std::string> args,
             const std::string& input) {
  args.insert(args.begin(), {"--server", server.address()});
  return RunArgs(args, input);
}

grpc::Status EncodePooled(const grpc::ServerContext&,
                          const v1::EncodeRequest& request,
                          v1::EncodeResponse& response) {
  response.set_model("minilm");
  response.set_version(1);
  for (int i = 0; i < request.inputs_size(); ++i) {
    v1::Encoding& encoding = *response.add_encodings();
    encoding.set_piece_count(3);
    v1::Tensor& tensor = *encoding.add_outputs()->mutable_tensor();
    tensor.set_dtype(v1::DATA_TYPE_FLOAT32);
    tensor.add_shape(1);
    tensor.add_shape(2);
    tensor.set_data(std::string("\x00\x00\x80\x3F\x00\x00\x20\xC1", 8));
  }
  return grpc::Status::OK;
}

Folder::Folder()
    : path_(std::filesystem::path(testing::TempDir()) /
            testing::UnitTest::GetInstance()->current_test_info()->name()) {
  std::filesystem::create_directories(path_);
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace strata::cli
