// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_AUTHENTICATOR_H_
#define STRATA_SERVER_AUTHENTICATOR_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/clock.h"
#include "grpcpp/server_context.h"
#include "server/caller.h"
#include "server/security_options.h"
#include "server/token_store.h"

namespace strata {

// What a call brings that says who makes it.
struct Credentials {
  // The values of "authorization".
  std::vector<absl::string_view> authorization;
  // Those of the header in which proxies say for whom they call.
  std::vector<absl::string_view> forwarded;
  // The name in the certificate that the connection was made with; empty:
  // none.
  std::string certificate;
  // Whether the connection comes from this machine.
  bool loopback = false;
};

// `forwarded_header` in lower case; empty: none. What is in the result lives as
// long as the context.
Credentials CredentialsOf(const grpc::CallbackServerContext& context,
                          absl::string_view forwarded_header);

// Finds out who makes a call: whose the token is, else whose the certificate,
// else nobody in particular; for whom a trusted proxy says that it calls. What
// the caller may do is the token's, a proxy's too. Thread-safe.
class Authenticator {
 public:
  // Error: FAILED_PRECONDITION where there is a file of tokens that cannot be
  // read. `clock` outlives this.
  static absl::StatusOr<std::unique_ptr<Authenticator>> Create(
      const SecurityOptions& options, const Clock& clock);

  // Error: NOT_AUTHENTICATED; never repeats a token.
  absl::StatusOr<Caller> Authenticate(const Credentials& credentials) const;
  absl::StatusOr<Caller> Authenticate(
      const grpc::CallbackServerContext& context) const;

 private:
  Authenticator(const SecurityOptions& options,
                std::unique_ptr<TokenStore> tokens);

  // Whether the forwarded header of this caller is believed.
  bool IsTrustedProxy(const Caller& caller,
                      const Credentials& credentials) const;

  const std::string forwarded_header_;
  const std::vector<std::string> trusted_proxies_;
  // nullptr: nobody is asked for a token.
  const std::unique_ptr<TokenStore> tokens_;
};

}  // namespace strata

#endif  // STRATA_SERVER_AUTHENTICATOR_H_
