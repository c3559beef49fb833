// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_CERTIFICATE_H_
#define STRATA_SERVER_CERTIFICATE_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace strata {

// Whether a server can serve with these PEM texts: a certificate, the key that
// it is for, without a passphrase, and, unless that is empty, certificates of
// authorities. Returns when the certificate expires. Error: INVALID_ARGUMENT.
absl::StatusOr<absl::Time> CheckCertificate(absl::string_view certificate,
                                            absl::string_view key,
                                            absl::string_view client_ca);

}  // namespace strata

#endif  // STRATA_SERVER_CERTIFICATE_H_
