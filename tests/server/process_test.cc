// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// The process from the outside: what it says, how it ends. Models that are
// served by it are the end-to-end tests'.

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/client_context.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"
#include "server/address.h"
#include "strata/v1/model_service.grpc.pb.h"
#include "tests/server/http_get.h"
#include "tests/server/server_process.h"

namespace strata {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Whether "" is serving; nullopt where nobody answers. The connection is closed
// again: a client that idles does not hear the server say goodbye for seconds.
std::optional<bool> IsServing(const std::string& address) {
  const auto channel =
      grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  grpc::ClientContext context;
  grpc::health::v1::HealthCheckResponse health;
  const grpc::Status status =
      grpc::health::v1::Health::NewStub(channel)->Check(&context, {}, &health);
  if (!status.ok()) return std::nullopt;
  return health.status() == grpc::health::v1::HealthCheckResponse::SERVING;
}

v1::ListModelsResponse ListModels(const std::string& address) {
  const auto channel =
      grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  grpc::ClientContext context;
  v1::ListModelsResponse list;
  const grpc::Status status =
      v1::ModelService::NewStub(channel)->ListModels(&context, {}, &list);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return list;
}

class ProcessTest : public testing::Test {
 protected:
  ProcessTest()
      : repository_(fs::path(testing::TempDir()) /
                    absl::StrCat("process-", testing::UnitTest::GetInstance()
                                                 ->current_test_info()
                                                 ->name())) {
    fs::remove_all(repository_);
    fs::create_directories(repository_);
  }
  ~ProcessTest() override { fs::remove_all(repository_); }

  // On free ports of the loopback, without a pause.
  std::vector<std::string> Flags(std::vector<std::string> more = {}) const {
    std::vector<std::string> flags = {
        "--repository",     repository_,   "--listen",  "127.0.0.1:0",
        "--metrics-listen", "127.0.0.1:0", "--devices", "cpu"};
    flags.insert(flags.end(), more.begin(), more.end());
    return flags;
  }

  void Write(const fs::path& file, const std::string& text) const {
    fs::create_directories((repository_ / file).parent_path());
    std::ofstream(repository_ / file) << text;
  }

  fs::path repository_;
};

TEST_F(ProcessTest, HelpAndVersionEndWell) {
  ServerProcess help({"--help"});
  EXPECT_EQ(help.Wait(), 0);
  EXPECT_THAT(help.output(), HasSubstr("--repository DIR"));
  ServerProcess version({"--version"});
  EXPECT_EQ(version.Wait(), 0);
  EXPECT_THAT(version.output(), StartsWith("strata-server "));
}

TEST_F(ProcessTest, AMistakeInTheFlagsEndsWithTwo) {
  ServerProcess process({"--repository", "/models", "--window", "none"});
  EXPECT_EQ(process.Wait(), 2);
  EXPECT_THAT(process.output(),
              StartsWith("strata-server: --window: \"none\" is not a whole"));
}

TEST_F(ProcessTest, ARepositoryThatDoesNotExistEndsWithOne) {
  fs::remove_all(repository_);
  ServerProcess process(Flags());
  EXPECT_EQ(process.Wait(), 1);
  EXPECT_THAT(process.output(),
              AllOf(HasSubstr("strata-server: cannot read the repository"),
                    HasSubstr(repository_.string()), EndsWith("inside\n"),
                    Not(HasSubstr("listening on"))));
}

TEST_F(ProcessTest, AnUnknownDeviceEndsWithOne) {
  ServerProcess process(Flags({"--devices", "abacus"}));
  EXPECT_EQ(process.Wait(), 1);
  EXPECT_THAT(process.output(), HasSubstr("abacus"));
}

TEST_F(ProcessTest, ATakenPortEndsWithOne) {
  ServerProcess first(Flags());
  const std::string address = first.AwaitLine("listening on ");
  ServerProcess second(Flags({"--listen", address}));
  EXPECT_EQ(second.Wait(), 1);
  EXPECT_THAT(second.output(),
              HasSubstr(absl::StrCat("strata-server: cannot listen on ",
                                     address, ": the port is taken")));
  first.Signal(SIGINT);
  EXPECT_EQ(first.Wait(), 0);
}

TEST_F(ProcessTest, ServesAnEmptyRepositoryAndStopsCleanly) {
  ServerProcess process(Flags());
  const auto metrics = ParseAddress(process.AwaitLine("metrics at "));
  ASSERT_TRUE(metrics.ok()) << process.output();
  const auto address = ParseAddress(process.AwaitLine("listening on "));
  ASSERT_TRUE(address.ok()) << process.output();
  EXPECT_THAT(HttpGet(metrics->port, "/metrics"),
              HasSubstr("strata_in_flight_requests 0\n"));

  EXPECT_EQ(IsServing(address->ToString()), false);
  process.Signal(SIGINT);
  EXPECT_EQ(process.Wait(), 0);
  EXPECT_THAT(process.output(), HasSubstr("event=stopping signal=SIGINT"));
  EXPECT_EQ(process.output().find("listening on"),
            process.output().rfind("listening on"));
  EXPECT_EQ(HttpGet(metrics->port, "/metrics"), "");
}

TEST_F(ProcessTest, BrokenModelsAreRefusedAndStrayFilesIgnored) {
  Write("no-tokenizer/1/model.pt", "not a trace");
  Write("no-trace/2/tokenizer.json", "{}");
  Write("stray.txt", "");
  Write("no-trace/latest/model.pt", "");
  ServerProcess process(Flags());
  const std::string address = process.AwaitLine("listening on ");
  const v1::ListModelsResponse list = ListModels(address);
  ASSERT_EQ(list.models_size(), 2);
  for (const v1::ModelSummary& model : list.models()) {
    EXPECT_EQ(model.state(), v1::MODEL_STATE_REFUSED);
    EXPECT_THAT(model.reason(), HasSubstr("no-t"));
    EXPECT_THAT(
        process.output(),
        HasSubstr(absl::StrCat("event=model_refused model=", model.name())));
  }
  process.Signal(SIGINT);
  EXPECT_EQ(process.Wait(), 0);
}

TEST_F(ProcessTest, SigtermPausesAndASecondSignalEndsThePause) {
  ServerProcess process(Flags({"--lame-duck", "1h", "--drain-timeout", "2h"}));
  const std::string address = process.AwaitLine("listening on ");
  process.Signal(SIGTERM);
  EXPECT_THAT(process.AwaitLine("time="), Not(""));
  EXPECT_THAT(process.output(), HasSubstr("signal=SIGTERM pause=1h"));
  // It still answers.
  EXPECT_EQ(IsServing(address), false);
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 0);
}

}  // namespace
}  // namespace strata
