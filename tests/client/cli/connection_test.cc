// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "client/cli/failure.h"
#include "client/cli/options.h"

namespace strata::cli {
namespace {

using testing::HasSubstr;

class ConnectionTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // A file of this content; its path.
  std::string Write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return (folder_ / name).string();
  }

  static ClientOptions Must(const ConnectionOptions& connection) {
    const auto options = ClientOptionsFor({.connection = connection});
    EXPECT_TRUE(options.ok()) << options.status();
    return options.value_or(ClientOptions());
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) /
      testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(ConnectionTest, IsNeitherEncryptedNorAnybodysUnlessAsked) {
  const ClientOptions options = Must({});
  EXPECT_FALSE(options.tls.has_value());
  EXPECT_EQ(options.token, "");
  EXPECT_FALSE(options.token_on_plaintext);
}

TEST_F(ConnectionTest, EachFileOfTlsImpliesIt) {
  EXPECT_EQ(Must({.tls = true}).tls->root_certificates, "");
  EXPECT_EQ(Must({.tls_ca = Write("ca", "A")}).tls->root_certificates, "A");
  const ClientOptions shown =
      Must({.tls_certificate = Write("c", "C\n"), .tls_key = Write("k", "K")});
  EXPECT_EQ(shown.tls->certificate, "C\n");
  EXPECT_EQ(shown.tls->key, "K");
}

TEST_F(ConnectionTest, ATokenComesFromItsFileElseFromTheEnvironment) {
  EXPECT_EQ(Must({.token = " abc\n"}).token, "abc");
  const std::string file = Write("token", "def\n");
  const ClientOptions options =
      Must({.token_file = file, .token = "abc", .token_on_plaintext = true});
  EXPECT_EQ(options.token, "def");
  EXPECT_TRUE(options.token_on_plaintext);
}

TEST_F(ConnectionTest, AFileThatCannotBeReadIsAMistakeOfUsage) {
  for (const ConnectionOptions& connection :
       {ConnectionOptions{.tls_ca = "/nowhere"},
        ConnectionOptions{.tls_certificate = "/nowhere"},
        ConnectionOptions{.tls_key = "/nowhere"},
        ConnectionOptions{.token_file = "/nowhere"}}) {
    const auto options = ClientOptionsFor({.connection = connection});
    EXPECT_EQ(ExitCodeOf(options.status()), kUsage);
    EXPECT_THAT(std::string(options.status().message()),
                HasSubstr("\"/nowhere\" cannot be read"));
  }
}

}  // namespace
}  // namespace strata::cli
