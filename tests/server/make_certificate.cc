// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/server/make_certificate.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "openssl/bio.h"
#include "openssl/ec.h"
#include "openssl/evp.h"
#include "openssl/pem.h"
#include "openssl/x509.h"
#include "openssl/x509v3.h"

namespace strata {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

std::string TextOf(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

void AddExtension(X509& certificate, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, &certificate, &certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension =
      X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  EXPECT_NE(extension, nullptr);
  X509_add_ext(&certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

MadeCertificate MakeCertificate(const std::string& subject) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(),
                                                                &X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 24L * 60 * 60);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(
      name, "CN", MBSTRING_ASC,
      reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  AddExtension(*certificate, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(*certificate, NID_subject_alt_name, "DNS:localhost");
  EXPECT_GT(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);

  const Bio certificate_bio(BIO_new(BIO_s_mem()), &BIO_free);
  const Bio key_bio(BIO_new(BIO_s_mem()), &BIO_free);
  EXPECT_EQ(PEM_write_bio_X509(certificate_bio.get(), certificate.get()), 1);
  EXPECT_EQ(PEM_write_bio_PrivateKey(key_bio.get(), key.get(), nullptr, nullptr,
                                     0, nullptr, nullptr),
            1);
  return {.certificate = TextOf(certificate_bio), .key = TextOf(key_bio)};
}

}  // namespace strata
