// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/authenticator.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/caller.h"
#include "server/security_options.h"
#include "tests/fakes/fake_clock.h"
#include "tests/server/temporary_file.h"
#include "tests/server/token_text.h"

namespace strata {
namespace {

using testing::HasSubstr;
using testing::Not;

class AuthenticatorTest : public testing::Test {
 protected:
  // Of a server with tokens, unless `options` has none.
  absl::StatusOr<Caller> Authenticate(const Credentials& credentials) const {
    const auto authenticator = Authenticator::Create(options_, clock_);
    EXPECT_TRUE(authenticator.ok()) << authenticator.status();
    return (*authenticator)->Authenticate(credentials);
  }

  std::string IdentityOf(const Credentials& credentials) const {
    const auto caller = Authenticate(credentials);
    return caller.ok() ? caller->identity : caller.status().ToString();
  }

  void ExpectUnknown(const Credentials& credentials,
                     const std::string& said) const {
    const absl::Status status = Authenticate(credentials).status();
    EXPECT_EQ(ReasonOf(status), Reason::kNotAuthenticated) << status;
    EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
    EXPECT_THAT(std::string(status.message()), HasSubstr(said));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("hunter2")));
  }

  const FakeClock clock_;
  const TemporaryFile file_{
      "tokens",
      absl::StrCat(
          "[", TokenText("search", "s3cret", "read"), ",",
          TokenText("envoy", "pr0xy", "admin", ", \"max_priority\": 4"), "]")};
  SecurityOptions options_{.tokens = file_.path()};
};

TEST_F(AuthenticatorTest, ATokenSaysWhoAndWhatMayBeDone) {
  const auto reader = Authenticate({.authorization = {"Bearer s3cret"}});
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(*reader, (Caller{.identity = "token:search",
                             .role = Role::kRead,
                             .max_priority = 0}));
  const auto admin = Authenticate({.authorization = {"bearer  pr0xy "}});
  ASSERT_TRUE(admin.ok()) << admin.status();
  EXPECT_EQ(*admin, (Caller{.identity = "token:envoy",
                            .role = Role::kAdmin,
                            .max_priority = 4}));
}

TEST_F(AuthenticatorTest, WithoutATokenThatCountsNobodyCalls) {
  ExpectUnknown({}, "no token was sent");
  ExpectUnknown({.authorization = {"Bearer hunter2"}}, "is not one of");
  ExpectUnknown({.authorization = {"hunter2"}}, "not what was expected");
  ExpectUnknown({.authorization = {"Basic hunter2"}}, "not what was expected");
  ExpectUnknown({.authorization = {"Bearer "}}, "is not one of");
  ExpectUnknown({.authorization = {"Bearer s3cret", "Bearer hunter2"}},
                "not what was expected");
  // A certificate alone does not do where tokens are wanted.
  ExpectUnknown({.certificate = "search"}, "no token was sent");
}

TEST_F(AuthenticatorTest, WithoutTokensEverybodyMayDoWhatTheFlagsAllow) {
  options_ = {};
  const auto caller = Authenticate({});
  ASSERT_TRUE(caller.ok());
  EXPECT_EQ(*caller, Caller());
  EXPECT_EQ(IdentityOf({.authorization = {"Bearer x"}}), "");
  EXPECT_EQ(IdentityOf({.certificate = "spiffe://mesh/a"}),
            "certificate:spiffe://mesh/a");
}

TEST_F(AuthenticatorTest, ATokenComesBeforeACertificate) {
  EXPECT_EQ(IdentityOf(
                {.authorization = {"Bearer s3cret"}, .certificate = "gateway"}),
            "token:search");
}

TEST_F(AuthenticatorTest, OnlyATrustedProxySaysForWhomItCalls) {
  options_.forwarded_identity = "x-user";
  options_.trusted_proxies = {"token:envoy"};
  EXPECT_EQ(
      IdentityOf({.authorization = {"Bearer pr0xy"}, .forwarded = {"alice"}}),
      "forwarded:alice");
  EXPECT_EQ(IdentityOf({.authorization = {"Bearer s3cret"},
                        .forwarded = {"alice"},
                        .certificate = "envoy",
                        .loopback = true}),
            "token:search");
  EXPECT_EQ(IdentityOf({.authorization = {"Bearer pr0xy"}}), "token:envoy");
  // What may be done is the proxy's.
  const auto caller =
      Authenticate({.authorization = {"Bearer pr0xy"}, .forwarded = {"alice"}});
  EXPECT_EQ(caller->role, Role::kAdmin);
  EXPECT_EQ(caller->max_priority, 4);
}

TEST_F(AuthenticatorTest, AProxyIsKnownByItsCertificateOrItsPlaceToo) {
  options_ = {.forwarded_identity = "x-user",
              .trusted_proxies = {"certificate:envoy.mesh", "loopback"}};
  EXPECT_EQ(IdentityOf({.forwarded = {"a"}, .certificate = "envoy.mesh"}),
            "forwarded:a");
  EXPECT_EQ(IdentityOf({.forwarded = {"a"}, .loopback = true}), "forwarded:a");
  EXPECT_EQ(IdentityOf({.forwarded = {"a"}, .certificate = "other"}),
            "certificate:other");
  EXPECT_EQ(IdentityOf({.forwarded = {"a"}}), "");
  options_.tokens = file_.path();
  EXPECT_EQ(IdentityOf({.authorization = {"Bearer s3cret"},
                        .forwarded = {"a"},
                        .certificate = "envoy.mesh"}),
            "forwarded:a");
}

TEST_F(AuthenticatorTest, AProxyForwardsOneNameOrNone) {
  options_ = {.forwarded_identity = "x-user", .trusted_proxies = {"loopback"}};
  const std::string long_name(257, 'a');
  for (const std::vector<absl::string_view>& values :
       std::vector<std::vector<absl::string_view>>{
           {"alice", "mallory"}, {""}, {long_name}}) {
    ExpectUnknown({.forwarded = values, .loopback = true}, "\"x-user\"");
  }
}

TEST(CallerTest, ARoleIncludesThoseBeforeIt) {
  const Caller reader{.role = Role::kRead};
  EXPECT_TRUE(CheckRole({}, Role::kAdmin, "LoadModel").ok());
  EXPECT_TRUE(CheckRole({}, Role::kRead, "Encode").ok());
  EXPECT_TRUE(CheckRole(reader, Role::kRead, "Encode").ok());
  const absl::Status status = CheckRole(reader, Role::kAdmin, "LoadModel");
  EXPECT_EQ(ReasonOf(status), Reason::kNotAllowed);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("LoadModel needs the role admin"));
}

TEST(CallerTest, PrioritiesAreCapped) {
  const Caller caller{.identity = "token:a", .max_priority = 3};
  for (const auto& [asked, given] :
       {std::pair{10, 3}, std::pair{3, 3}, std::pair{-5, -5}}) {
    EncodeCall call;
    call.priority = asked;
    SetCaller(caller, call);
    EXPECT_EQ(call.priority, given);
    EXPECT_EQ(call.client, "token:a");
  }
}

}  // namespace
}  // namespace strata
