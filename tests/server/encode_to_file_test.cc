// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// EncodeToFile over a real connection.

#include <sys/resource.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "gmock/gmock.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "server/output_directory.h"
#include "strata/client.h"
#include "tests/fakes/from_text.h"
#include "tests/server/server_fixture.h"
#include "tests/server/temporary_directory.h"

namespace strata {
namespace {

using grpc::StatusCode;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kTexts =
    "inputs { text: 'A' } inputs { text: 'BC' } return_pieces: true ";

// A safetensors file, read as its format says.
struct File {
  json header;
  std::string data;

  [[nodiscard]] std::string BytesOf(const std::string& tensor) const {
    const std::size_t begin = header.at(tensor)["data_offsets"][0];
    const std::size_t end = header.at(tensor)["data_offsets"][1];
    return data.substr(begin, end - begin);
  }
  template <typename Number>
  [[nodiscard]] std::vector<Number> NumbersOf(const std::string& tensor) const {
    const std::string bytes = BytesOf(tensor);
    std::vector<Number> numbers(bytes.size() / sizeof(Number));
    std::memcpy(numbers.data(), bytes.data(), bytes.size());
    return numbers;
  }
};

File Read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  std::uint64_t header = 0;
  EXPECT_GT(content.size(), sizeof header) << path;
  std::memcpy(&header, content.data(), sizeof header);
  return {.header = json::parse(content.substr(sizeof header, header)),
          .data = content.substr(sizeof header + header)};
}

class EncodeToFileTest : public ServerFixture {
 protected:
  EncodeToFileTest() {
    auto directory = OutputDirectory::Open(folder_.path(), 1 << 20);
    EXPECT_TRUE(directory.ok()) << directory.status();
    directory_ = *std::move(directory);
    GrpcServerOptions options;
    options.output_directory = directory_.get();
    RestartServer(options);
  }
  ~EncodeToFileTest() override { End(); }

  // Ends all that writes.
  void End() {
    strings_->ReleaseAll();
    server_.reset();
    engine_.reset();
    directory_.reset();
  }

  v1::EncodeToFileResponse EncodeToFile(
      const std::string& request,
      const std::string& file = "states.safetensors") {
    v1::EncodeToFileRequest message;
    *message.mutable_request() = FromText<v1::EncodeRequest>(request);
    message.set_file(file);
    grpc::ClientContext context;
    v1::EncodeToFileResponse response;
    ended_ = hidden_states_->EncodeToFile(&context, message, &response);
    return response;
  }

  // A call on its way, which the puppet's strings may hold.
  struct Pending {
    grpc::ClientContext context;
    v1::EncodeToFileRequest request;
    v1::EncodeToFileResponse response;
    std::promise<grpc::Status> done;
    std::future<grpc::Status> status = done.get_future();
  };

  std::shared_ptr<Pending> StartEncodeToFile(const std::string& request) {
    auto call = std::make_shared<Pending>();
    *call->request.mutable_request() = FromText<v1::EncodeRequest>(request);
    call->request.set_file("states.safetensors");
    hidden_states_->async()->EncodeToFile(
        &call->context, &call->request, &call->response,
        [&done = call->done](const grpc::Status& status) {
          done.set_value(status);
        });
    return call;
  }

  // That a request is refused, and that nothing is left of it.
  void ExpectRefused(const std::string& request, const std::string& file,
                     StatusCode code, const std::string& reason,
                     const std::string& field, const std::string& words) {
    SCOPED_TRACE(request + file);
    EncodeToFile(request, file);
    ExpectError(ended_, code, reason, field, words);
    EXPECT_THAT(Names(), IsEmpty());
    ExpectServes();
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(folder_.path())) {
      names.push_back(
          std::filesystem::relative(entry.path(), folder_.path()).string());
    }
    return names;
  }

  const TemporaryDirectory folder_;
  std::unique_ptr<OutputDirectory> directory_;
  grpc::Status ended_;
};

// The puppet's numbers are layer * 1000 + id; "A" is <s>, 67, </s>.
TEST_F(EncodeToFileTest, WritesTheTensorsOfEachInput) {
  const v1::EncodeToFileResponse response =
      EncodeToFile(absl::StrCat(kTexts,
                                "outputs { name: 'states' layers: [0, -1] } "
                                "outputs { pooling: POOLING_FIRST }"),
                   "corpus/part=1/shard-0001.safetensors");
  ASSERT_TRUE(ended_.ok()) << ended_.error_message();
  EXPECT_EQ(response.model(), "puppet");
  EXPECT_EQ(response.version(), 1);
  EXPECT_FALSE(response.existed());
  const auto path = folder_.path() / "corpus/part=1/shard-0001.safetensors";
  EXPECT_EQ(std::filesystem::file_size(path),
            static_cast<std::uintmax_t>(response.file_bytes()));
  const File file = Read(path);
  EXPECT_EQ(file.header.size(), 7U);
  EXPECT_EQ(file.header["__metadata__"]["model"], "puppet");
  EXPECT_EQ(file.header["__metadata__"]["version"], "1");
  EXPECT_EQ(file.header["__metadata__"]["digest"], response.digest());
  EXPECT_EQ(file.header["0.states"]["dtype"], "F32");
  EXPECT_EQ(file.header["0.states"]["shape"], json({2, 3, 2}));
  EXPECT_THAT(file.NumbersOf<float>("0.states"),
              ElementsAre(0, 0, 67, 67, 1, 1,  //
                          3000, 3000, 3067, 3067, 3001, 3001));
  EXPECT_EQ(file.header["1.states"]["shape"], json({2, 4, 2}));
  EXPECT_EQ(file.header["1.1"]["shape"], json({1, 2}));
  EXPECT_THAT(file.NumbersOf<float>("1.1"), ElementsAre(3000, 3000));
  EXPECT_THAT(file.NumbersOf<std::int64_t>("piece_ids"),
              ElementsAre(0, 67, 1, 0, 68, 69, 1));
  EXPECT_THAT(file.NumbersOf<std::int64_t>("piece_offsets"),
              ElementsAre(0, 3, 7));
}

TEST_F(EncodeToFileTest, EveryTensorBeginsWhereItsNumbersMay) {
  // 3 and 4 pieces of one channel: 28 bytes.
  EncodeToFile(absl::StrCat(kTexts, "outputs { dimensions: 1 }"));
  ASSERT_TRUE(ended_.ok()) << ended_.error_message();
  const File file = Read(folder_.path() / "states.safetensors");
  const std::map<std::string, std::size_t> sizes = {
      {"F32", 4}, {"I64", 8}, {"U8", 1}};
  std::size_t bytes = 0;
  for (const auto& [name, tensor] : file.header.items()) {
    if (name == "__metadata__") continue;
    const std::size_t begin = tensor["data_offsets"][0];
    const std::size_t end = tensor["data_offsets"][1];
    EXPECT_EQ(begin % sizes.at(tensor["dtype"]), 0U) << name;
    bytes += end - begin;
  }
  // No holes.
  EXPECT_EQ(bytes, file.data.size());
  EXPECT_EQ(file.header["filler"]["shape"], json({4}));
  EXPECT_THAT(file.NumbersOf<std::int64_t>("piece_offsets"),
              ElementsAre(0, 3, 7));
}

TEST_F(EncodeToFileTest, OfNoOutputsItIsTheLastLayer) {
  EncodeToFile("inputs { text: 'A' }");
  ASSERT_TRUE(ended_.ok()) << ended_.error_message();
  const File file = Read(folder_.path() / "states.safetensors");
  EXPECT_EQ(file.header.size(), 2U);
  EXPECT_THAT(file.NumbersOf<float>("0.hidden_states"),
              ElementsAre(3000, 3000, 3067, 3067, 3001, 3001));
}

TEST_F(EncodeToFileTest, TheSameAgainIsThereAlready) {
  const v1::EncodeToFileResponse first = EncodeToFile(kTexts);
  ASSERT_TRUE(ended_.ok()) << ended_.error_message();
  const auto path = folder_.path() / "states.safetensors";
  const auto written = std::filesystem::last_write_time(path);
  const v1::EncodeToFileResponse again = EncodeToFile(kTexts);
  ASSERT_TRUE(ended_.ok()) << ended_.error_message();
  EXPECT_TRUE(again.existed());
  EXPECT_EQ(again.model(), first.model());
  EXPECT_EQ(again.version(), first.version());
  EXPECT_EQ(again.digest(), first.digest());
  EXPECT_EQ(again.file_bytes(), first.file_bytes());
  EXPECT_EQ(std::filesystem::last_write_time(path), written);

  // Another request, and another file, are not replaced.
  EncodeToFile("inputs { text: 'B' }");
  ExpectError(ended_, StatusCode::INVALID_ARGUMENT, "INVALID_FIELD", "file",
              "is there already");
  std::ofstream(folder_.path() / "mine.safetensors") << "mine";
  EncodeToFile(kTexts, "mine.safetensors");
  ExpectError(ended_, StatusCode::INVALID_ARGUMENT, "INVALID_FIELD", "file",
              "is there already");
  std::filesystem::create_directory(folder_.path() / "folder.safetensors");
  EncodeToFile(kTexts, "folder.safetensors");
  ExpectError(ended_, StatusCode::INVALID_ARGUMENT, "INVALID_FIELD", "file",
              "is there already");
  std::ofstream(folder_.path() / "plain") << "no folder";
  EncodeToFile(kTexts, "plain/a.safetensors");
  EXPECT_EQ(ended_.error_code(), StatusCode::INVALID_ARGUMENT);
}

TEST_F(EncodeToFileTest, WhatMakesNoDifferenceIsTheSameRequest) {
  const v1::EncodeToFileResponse first = EncodeToFile(kTexts);
  ASSERT_TRUE(ended_.ok()) << ended_.error_message();
  for (const std::string& more :
       {std::string("priority: 3 "), std::string("model: 'puppet' "),
        std::string("version: 1 "),
        absl::StrCat("expected_digest: '", first.digest(), "' "),
        std::string("truncation: TRUNCATION_NONE "),
        std::string("add_special_pieces: true ")}) {
    SCOPED_TRACE(more);
    EXPECT_TRUE(EncodeToFile(kTexts + more).existed());
    EXPECT_TRUE(ended_.ok()) << ended_.error_message();
  }
  for (const std::string more :
       {"model: 'other' ", "version: 2 ", "expected_digest: 'sha256:00' ",
        "truncation: TRUNCATION_LEFT ", "add_special_pieces: false ",
        "max_pieces: 7 ", "outputs { normalize: true } "}) {
    SCOPED_TRACE(more);
    EncodeToFile(kTexts + more);
    ExpectError(ended_, StatusCode::INVALID_ARGUMENT, "INVALID_FIELD", "file",
                "is there already");
  }
}

// As where a call is given up and made again while the first still runs.
TEST_F(EncodeToFileTest, TheSameTwiceAtOnceIsAnsweredTwice) {
  strings_->Hold();
  const auto first = StartEncodeToFile("inputs { text: 'A' }");
  strings_->AwaitEntered(1);
  const auto second = StartEncodeToFile("inputs { text: 'A' }");
  observer_.AwaitQueueDepth(1);
  strings_->ReleaseAll();
  for (const auto& call : {first, second}) {
    const grpc::Status status = call->status.get();
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
  EXPECT_NE(first->response.existed(), second->response.existed());
  EXPECT_EQ(first->response.file_bytes(), second->response.file_bytes());
  EXPECT_THAT(Names(), ElementsAre("states.safetensors"));
}

TEST_F(EncodeToFileTest, AnInputThatFailsFailsTheCall) {
  strings_->FailOn(68, Error(Reason::kForwardFailed, "bad piece"));
  EncodeToFile(kTexts);
  ExpectError(ended_, StatusCode::INTERNAL, "FORWARD_FAILED", "",
              "inputs[1]: bad piece");
  ExpectServes();
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "states.safetensors"));
}

TEST_F(EncodeToFileTest, TheClientHasIt) {
  const auto client = Client::Create({.target = server_->address().ToString()});
  ASSERT_TRUE(client.ok()) << client.status();
  v1::EncodeToFileRequest request;
  request.mutable_request()->add_inputs()->set_text("A");
  request.set_file("states.safetensors");
  const auto response = (*client)->EncodeToFile(request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->model(), "puppet");
  EXPECT_THAT(Names(), ElementsAre("states.safetensors"));
}

TEST_F(EncodeToFileTest, NamesStayBelowTheFolder) {
  for (const std::string& file :
       {std::string(), std::string("a"), std::string("a.safetensor"),
        std::string("/a.safetensors"), std::string("../a.safetensors"),
        std::string("a/../b.safetensors"), std::string("a//b.safetensors"),
        std::string("./a.safetensors"), std::string(".safetensors"),
        std::string("a/.safetensors"), std::string("a b.safetensors"),
        std::string("a\\b.safetensors"), std::string("a\0.safetensors", 14),
        std::string(200, 'a') + ".safetensors", std::string("-a.safetensors"),
        std::string("a/-/b.safetensors"),
        std::string("a.safetensors/b.safetensors"),
        std::string("a.safetensors/")}) {
    ExpectRefused(kTexts, file, StatusCode::INVALID_ARGUMENT, "INVALID_FIELD",
                  "file", "expected names of letters");
  }
  std::string deep;
  for (int i = 0; i < 600; ++i) deep += "a/";
  ExpectRefused(kTexts, deep + "a.safetensors", StatusCode::INVALID_ARGUMENT,
                "INVALID_FIELD", "file", "has 1213 bytes");
}

TEST_F(EncodeToFileTest, BadRequestsLeaveNothing) {
  const auto refused = [this](const std::string& request,
                              const std::string& field,
                              const std::string& words) {
    ExpectRefused(request, "states.safetensors", StatusCode::INVALID_ARGUMENT,
                  "INVALID_FIELD", field, words);
  };
  refused("", "inputs", "");
  refused(absl::StrCat(kTexts, "outputs { name: 'a' } outputs { name: 'a' }"),
          "outputs[1].name", "another output is \"a\" too");
  refused(absl::StrCat(kTexts, "outputs { name: '1' } outputs { }"),
          "outputs[1].name", "another output is \"1\" too");
  refused(absl::StrCat(kTexts,
                       "outputs { } outputs { dtype: ", "DATA_TYPE_FLOAT16 }"),
          "outputs[1].dtype", "send a request for each type");
  for (const std::string& name : {std::string(65, 'a'), std::string("a/b"),
                                  std::string("a b"), std::string("\\001")}) {
    refused(absl::StrCat(kTexts, "outputs { name: '", name, "' }"),
            "outputs[0].name", "expected at most 64 letters");
  }
  refused(absl::StrCat(kTexts, "outputs { layers: 99 }"),
          "outputs[0].layers[0]", "");
  ExpectRefused("inputs { text: 'A' } model: 'nobody'", "states.safetensors",
                StatusCode::NOT_FOUND, "MODEL_NOT_FOUND", "", "");
}

TEST_F(EncodeToFileTest, NothingIsWrittenUnlessTheOperatorSaysWhere) {
  RestartServer(GrpcServerOptions());
  EncodeToFile(kTexts);
  ExpectError(ended_, StatusCode::PERMISSION_DENIED, "NOT_ALLOWED", "",
              "--output-directory");
}

TEST_F(EncodeToFileTest, AFolderMustBeOne) {
  for (const char* name : {"none", "file"}) {
    std::ofstream(folder_.path() / "file") << "no folder";
    const auto status =
        OutputDirectory::Open(folder_.path() / name, 1).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("is no folder that this process may write to"));
  }
}

TEST_F(EncodeToFileTest, WhatWaitsForTheDiskIsBounded) {
  // A request has its bytes and some KiB.
  EncodeToFile(
      absl::StrCat("inputs { text: '", std::string(1 << 20, 'A'), "' }"));
  ExpectError(ended_, StatusCode::RESOURCE_EXHAUSTED, "SERVER_FULL", "",
              "wait for the disk");
}

// What the system refuses to write is nobody's loss but the call's.
TEST_F(EncodeToFileTest, SaysWhenItCannotWrite) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small = {.rlim_cur = 100, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  EncodeToFile(kTexts);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  ExpectError(ended_, StatusCode::FAILED_PRECONDITION, "REPLY_TOO_LARGE", "",
              "the file cannot be written: File too large");
  EXPECT_THAT(Names(), IsEmpty());
  EncodeToFile(kTexts);
  EXPECT_TRUE(ended_.ok()) << ended_.error_message();
}

}  // namespace
}  // namespace strata
