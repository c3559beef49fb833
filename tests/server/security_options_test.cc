// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/security_options.h"

#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

using testing::HasSubstr;

std::string Mistake(const SecurityOptions& options) {
  const absl::Status status = CheckSecurity(options);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

constexpr const char* kCertificate = "/c";
constexpr const char* kKey = "/k";

TEST(SecurityOptionsTest, GoodOnes) {
  const TlsFiles tls{.certificate = kCertificate, .key = kKey};
  const TlsFiles mutual{
      .certificate = kCertificate, .key = kKey, .client_ca = "/a"};
  for (const SecurityOptions& options : {
           SecurityOptions{},
           SecurityOptions{.tls = tls},
           SecurityOptions{.tls = mutual},
           SecurityOptions{.tls = tls, .tokens = "/t"},
           SecurityOptions{.tokens = "/t", .tokens_on_plaintext = true},
           SecurityOptions{
               .forwarded_identity = "x-user",
               .trusted_proxies = {"loopback", "token:a", "certificate:b"}},
       }) {
    EXPECT_TRUE(CheckSecurity(options).ok()) << CheckSecurity(options);
  }
}

TEST(SecurityOptionsTest, TokensAreNotTakenUnencrypted) {
  EXPECT_THAT(Mistake({.tokens = "/t"}), HasSubstr("--tokens-on-plaintext"));
}

TEST(SecurityOptionsTest, HalfOfTlsIsNone) {
  EXPECT_THAT(Mistake({.tls = {.certificate = kCertificate}}),
              HasSubstr("--tls-key"));
  EXPECT_THAT(Mistake({.tls = {.key = kKey}}), HasSubstr("--tls-certificate"));
  EXPECT_THAT(Mistake({.tls = {.client_ca = "/a"}}),
              HasSubstr("--tls-client-ca is given without"));
}

TEST(SecurityOptionsTest, AForwardedIdentityIsBelievedFromSomebody) {
  EXPECT_THAT(Mistake({.forwarded_identity = "x-user"}),
              HasSubstr("--trusted-proxies"));
  EXPECT_THAT(Mistake({.trusted_proxies = {"loopback"}}),
              HasSubstr("--forwarded-identity"));
  EXPECT_THAT(Mistake({.forwarded_identity = "x-user",
                       .trusted_proxies = {"10.0.0.1"}}),
              HasSubstr("\"10.0.0.1\" is none of loopback"));
  for (const char* header :
       {"authorization", "grpc-timeout", "x-user-bin", "X-User", "x user"}) {
    EXPECT_THAT(Mistake({.forwarded_identity = header,
                         .trusted_proxies = {"loopback"}}),
                HasSubstr(header));
  }
}

}  // namespace
}  // namespace strata
