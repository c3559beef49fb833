// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/certificate.h"

#include <ctime>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "openssl/asn1.h"
#include "openssl/bio.h"
#include "openssl/err.h"
#include "openssl/evp.h"
#include "openssl/pem.h"
#include "openssl/x509.h"

namespace strata {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Bio Open(absl::string_view pem) {
  return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free};
}

Certificate ReadCertificate(absl::string_view pem) {
  const Bio bio = Open(pem);
  return {PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), &X509_free};
}

// Else OpenSSL would ask for a passphrase on the terminal.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*writing*/,
                 void* /*data*/) {
  return -1;
}

Key ReadKey(absl::string_view pem) {
  const Bio bio = Open(pem);
  return {PEM_read_bio_PrivateKey(bio.get(), nullptr, &NoPassphrase, nullptr),
          &EVP_PKEY_free};
}

absl::Time ExpiryOf(const X509& certificate) {
  std::tm time{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &time) != 1) {
    return absl::InfiniteFuture();
  }
  return absl::FromTM(time, absl::UTCTimeZone());
}

absl::StatusOr<absl::Time> Check(absl::string_view certificate_pem,
                                 absl::string_view key_pem,
                                 absl::string_view client_ca_pem) {
  const Certificate certificate = ReadCertificate(certificate_pem);
  if (certificate == nullptr) {
    return absl::InvalidArgumentError(
        "the certificate is not one; expected PEM text that begins with "
        "-----BEGIN CERTIFICATE-----");
  }
  const Key key = ReadKey(key_pem);
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        "the key is not one; expected PEM text of a private key without a "
        "passphrase");
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return absl::InvalidArgumentError(
        "certificate and key do not belong together; put both in place at "
        "once, by a link to their folder, say");
  }
  if (!client_ca_pem.empty() && ReadCertificate(client_ca_pem) == nullptr) {
    return absl::InvalidArgumentError(
        "the clients' authority is not a certificate; expected PEM text that "
        "begins with -----BEGIN CERTIFICATE-----");
  }
  return ExpiryOf(*certificate);
}

}  // namespace

absl::StatusOr<absl::Time> CheckCertificate(absl::string_view certificate,
                                            absl::string_view key,
                                            absl::string_view client_ca) {
  auto expiry = Check(certificate, key, client_ca);
  // gRPC's own use of OpenSSL on this thread must not find our errors.
  ERR_clear_error();
  return expiry;
}

}  // namespace strata
