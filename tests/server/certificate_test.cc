// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/certificate.h"

#include <string>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "openssl/err.h"
#include "tests/server/make_certificate.h"

namespace strata {
namespace {

using testing::HasSubstr;

std::string Mistake(const std::string& certificate, const std::string& key,
                    const std::string& client_ca) {
  const auto expiry = CheckCertificate(certificate, key, client_ca);
  EXPECT_EQ(expiry.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ERR_peek_error(), 0U);
  return std::string(expiry.status().message());
}

TEST(CertificateTest, AGoodOneSaysWhenItExpires) {
  const MadeCertificate made = MakeCertificate("a");
  for (const std::string& client_ca : {std::string(), made.certificate}) {
    const auto expiry = CheckCertificate(made.certificate, made.key, client_ca);
    ASSERT_TRUE(expiry.ok()) << expiry.status();
    EXPECT_LT(*expiry - absl::Now(), absl::Hours(24));
    EXPECT_GT(*expiry - absl::Now(), absl::Hours(23));
  }
}

TEST(CertificateTest, MistakesSayWhatIsWrong) {
  const MadeCertificate made = MakeCertificate("a");
  const MadeCertificate other = MakeCertificate("b");
  EXPECT_THAT(Mistake("", made.key, ""), HasSubstr("the certificate is not"));
  EXPECT_THAT(Mistake(made.key, made.key, ""),
              HasSubstr("the certificate is not"));
  EXPECT_THAT(Mistake(made.certificate, "x", ""),
              HasSubstr("the key is not one"));
  EXPECT_THAT(Mistake(made.certificate, other.key, ""),
              HasSubstr("do not belong together"));
  EXPECT_THAT(Mistake(made.certificate, made.key, "x"),
              HasSubstr("the clients' authority"));
}

}  // namespace
}  // namespace strata
