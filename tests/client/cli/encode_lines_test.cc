// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "google/rpc/error_details.pb.h"
#include "tests/client/cli/run_cli.h"
#include "tests/client/fake_server.h"

// `strata encode` of input that takes more than one request.
namespace strata::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// As EncodePooled, but refuses requests with a text "long".
grpc::Status RefuseLong(const grpc::ServerContext& context,
                        const v1::EncodeRequest& request,
                        v1::EncodeResponse& response) {
  for (int i = 0; i < request.inputs_size(); ++i) {
    if (request.inputs(i).text() != "long") continue;
    google::rpc::BadRequest details;
    details.add_field_violations()->set_field(absl::StrCat("inputs[", i, "]"));
    return RichStatus(grpc::StatusCode::INVALID_ARGUMENT,
                      absl::StrCat("inputs[", i, "]: has too many pieces"),
                      {&details});
  }
  return EncodePooled(context, request, response);
}

// The member "index" of each line of JSON.
std::vector<int> Indices(const std::string& lines) {
  std::vector<int> indices;
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) {
    indices.push_back(nlohmann::json::parse(line)["index"]);
  }
  return indices;
}

TEST(EncodeLines, EncodesManyLinesInSmallRequestsAndKeepsTheirOrder) {
  std::atomic<int> largest = 0;
  std::atomic<int> texts = 0;
  const FakeServer server({.encode = [&](const grpc::ServerContext& context,
                                         const v1::EncodeRequest& request,
                                         v1::EncodeResponse& response) {
    texts += request.inputs_size();
    if (request.inputs_size() > largest) largest = request.inputs_size();
    return EncodePooled(context, request, response);
  }});
  std::string input;
  std::vector<int> expected;
  for (int i = 0; i < 50; ++i) {
    absl::StrAppend(&input, "text ", i, "\n");
    expected.push_back(i);
  }
  const Result result = RunOn(server,
                              {"encode", "-", "--format", "jsonl",
                               "--batch-size", "3", "--concurrency", "4"},
                              input);
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(Indices(result.out), expected);
  EXPECT_EQ(texts, 50);
  EXPECT_EQ(largest, 3);
}

TEST(EncodeLines, ALineThatIsRefusedEndsTheRunAfterThoseBeforeIt) {
  const FakeServer server({.encode = RefuseLong});
  const Result result =
      RunOn(server, {"encode", "-", "--format", "jsonl", "--batch-size", "2"},
            "a\nb\nc\nlong\nd\n");
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(Indices(result.out), ElementsAre(0, 1, 2));
  EXPECT_EQ(result.err, "strata: INVALID_ARGUMENT from " + server.address() +
                            ": line 4: has too many pieces.\n");
}

TEST(EncodeLines, KeepsGoingWithoutTheLinesThatAreRefused) {
  const FakeServer server({.encode = RefuseLong});
  const Result result =
      RunOn(server, {"encode", "-", "--format", "jsonl", "--keep-going"},
            "a\nlong\ncaf\xE9\nd\n");
  EXPECT_EQ(result.code, 4);
  EXPECT_THAT(Indices(result.out), ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(result.err,
            "strata: line 2: has too many pieces.\n"
            "strata: line 3 is not valid UTF-8 from byte 3 on; convert it to "
            "UTF-8 first.\n"
            "strata: 2 of 4 texts failed.\n");
}

TEST(EncodeLines, ALineThatIsNotUtf8EndsTheRunAfterThoseBeforeIt) {
  const FakeServer server({.encode = EncodePooled});
  const Result result =
      RunOn(server, {"encode", "-", "--format", "jsonl"}, "a\nb\n\xFF\nc\n");
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(Indices(result.out), ElementsAre(0, 1));
  EXPECT_THAT(result.err, HasSubstr("line 3 is not valid UTF-8"));
}

TEST(EncodeLines, ANewModelAmidARunIsAnError) {
  std::atomic<int> calls = 0;
  const FakeServer server(
      {.encode = [&](const auto& context, const auto& request, auto& response) {
        auto status = EncodePooled(context, request, response);
        response.set_version(++calls);
        response.set_digest(absl::StrCat("sha256:", response.version()));
        return status;
      }});
  const std::vector<std::string> one_by_one = {
      "encode", "a", "b", "--batch-size", "1", "--concurrency", "1"};
  const Result table = RunOn(server, one_by_one);
  EXPECT_EQ(table.code, 1);
  EXPECT_THAT(table.out, HasSubstr(": 1 text,"));
  EXPECT_THAT(table.err, HasSubstr("was version 1 at the start of the run and "
                                   "is version 2 now"));
  // There each line says which one it is from.
  std::vector<std::string> lines = one_by_one;
  lines.insert(lines.end(), {"--format", "jsonl"});
  EXPECT_EQ(RunOn(server, lines).code, 0);
}

TEST(EncodeLines, AnInterruptedRunHasWrittenWhatWasFinished) {
  absl::Notification done;
  const FakeServer server(
      {.encode = [&](const auto& context, const auto& request, auto& response) {
        if (request.inputs(0).text() == "b") {
          std::raise(SIGINT);
          done.WaitForNotification();
        }
        return EncodePooled(context, request, response);
      }});
  const Result result =
      RunOn(server, {"encode", "a", "b", "--batch-size", "1", "--concurrency",
                     "1", "--format", "json"});
  done.Notify();
  EXPECT_EQ(result.code, 130);
  EXPECT_EQ(result.err, "strata: interrupted; 1 text written.\n");
  EXPECT_EQ(nlohmann::json::parse(result.out)["encodings"].size(), 1U);
}

TEST(EncodeLines, NpyOfALineNeedsNoFolder) {
  const FakeServer server({.encode = EncodePooled});
  const Folder folder;
  const std::vector<std::string> args = {
      "encode",       "-", "--format", "npy", "--output", folder / "x.npy",
      "--batch-size", "1"};
  EXPECT_EQ(RunOn(server, args, "one\n").code, 0);
  EXPECT_THAT(Contents(folder / "x.npy"), StartsWith("\x93NUMPY"));
  const Result two = RunOn(server, args, "one\ntwo\n");
  EXPECT_EQ(two.code, 2);
  EXPECT_THAT(two.err, HasSubstr("is one file and there are several texts"));
}

TEST(EncodeLines, WithoutALineThereIsNothingToDo) {
  const FakeServer server({});  // Not asked.
  for (const char* format : {"table", "json", "jsonl", "npy"}) {
    const Result result =
        RunOn(server, {"encode", "-", "--format", format}, "");
    EXPECT_EQ(result.code, 2);
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_EQ(result.err,
              "strata: there is no line to read; give one text on each "
              "line.\n");
  }
}

}  // namespace
}  // namespace strata::cli
