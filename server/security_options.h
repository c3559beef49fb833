// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_SECURITY_OPTIONS_H_
#define STRATA_SERVER_SECURITY_OPTIONS_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/address.h"

namespace strata {

// Files of PEM text.
struct TlsFiles {
  // The server's certificate, those that vouch for it after it. Empty: no TLS.
  std::filesystem::path certificate;
  std::filesystem::path key;
  // Certificates of the authorities that clients' must come from. Empty: none
  // is asked for.
  std::filesystem::path client_ca;
};

// Who may call, and how much of a connection a caller may take; see the flags
// of the same names.
struct SecurityOptions {
  TlsFiles tls;
  // Empty: nobody is asked for a token.
  std::filesystem::path tokens;
  bool tokens_on_plaintext = false;
  // How long a change of the files above may go unnoticed.
  absl::Duration credentials_reload = absl::Seconds(10);
  // The metadata in which a proxy says for whom it calls, in lower case; empty:
  // none. Believed from `trusted_proxies` only, each "loopback" or an identity
  // (see Caller).
  std::string forwarded_identity;
  std::vector<std::string> trusted_proxies;
  // nullopt: calls that want the role admin are taken where all are.
  std::optional<Address> admin_listen;
  // Calls that one connection may have open.
  int max_streams = 4096;
  // Bytes of a call's metadata.
  int max_header_bytes = 8 << 10;
};

// Error: INVALID_ARGUMENT, naming the flags, for what contradicts itself or
// would let tokens be read on the way.
absl::Status CheckSecurity(const SecurityOptions& options);

}  // namespace strata

#endif  // STRATA_SERVER_SECURITY_OPTIONS_H_
