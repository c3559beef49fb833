// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_SERVER_MAKE_CERTIFICATE_H_
#define STRATA_TESTS_SERVER_MAKE_CERTIFICATE_H_

#include <string>

namespace strata {

// PEM texts of a certificate and its key.
struct MadeCertificate {
  std::string certificate;
  std::string key;
};

// A certificate that vouches for itself, for the host "localhost", with
// `subject` as its common name, good for a day.
MadeCertificate MakeCertificate(const std::string& subject);

}  // namespace strata

#endif  // STRATA_TESTS_SERVER_MAKE_CERTIFICATE_H_
