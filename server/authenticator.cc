// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/authenticator.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "grpcpp/security/auth_context.h"
#include "grpcpp/server_context.h"
#include "server/caller.h"
#include "server/security_options.h"
#include "server/token_store.h"

namespace strata {
namespace {

constexpr absl::string_view kAuthorization = "authorization";
constexpr absl::string_view kScheme = "bearer ";
constexpr std::size_t kLongestForwarded = 256;

absl::Status NotAuthenticated(absl::string_view message) {
  return Error(Reason::kNotAuthenticated, message);
}

std::vector<absl::string_view> ValuesOf(
    const grpc::CallbackServerContext& context, absl::string_view key) {
  std::vector<absl::string_view> values;
  const auto range = context.client_metadata().equal_range(
      grpc::string_ref(key.data(), key.size()));
  for (auto value = range.first; value != range.second; ++value) {
    values.emplace_back(value->second.data(), value->second.size());
  }
  return values;
}

// As gRPC writes where a connection comes from.
bool IsLoopback(absl::string_view peer) {
  return absl::StartsWith(peer, "ipv4:127.") ||
         absl::StartsWith(peer, "ipv6:[::1]:") ||
         absl::StartsWith(peer, "ipv6:%5B::1%5D:") ||
         absl::StartsWith(peer, "ipv6:[::ffff:127.") ||
         absl::StartsWith(peer, "ipv6:%5B::ffff:127.") ||
         absl::StartsWith(peer, "unix:");
}

// The first of the certificate's alternative names, else its common name.
std::string CertificateName(const grpc::AuthContext& context) {
  if (!context.IsPeerAuthenticated()) return "";
  const auto names = context.GetPeerIdentity();
  if (names.empty()) return "";
  return {names.front().data(), names.front().size()};
}

absl::StatusOr<absl::string_view> TokenIn(const Credentials& credentials) {
  if (credentials.authorization.empty()) {
    return NotAuthenticated(
        "no token was sent; this server wants the metadata \"authorization: "
        "Bearer TOKEN\"");
  }
  const absl::string_view value = credentials.authorization.front();
  if (credentials.authorization.size() > 1 ||
      !absl::StartsWithIgnoreCase(value, kScheme)) {
    return NotAuthenticated(
        "the metadata \"authorization\" is not what was expected, \"Bearer "
        "TOKEN\", once");
  }
  return absl::StripAsciiWhitespace(value.substr(kScheme.size()));
}

// The one name that a proxy forwarded.
absl::StatusOr<std::string> ForwardedName(const Credentials& credentials,
                                          absl::string_view header) {
  const absl::string_view value = credentials.forwarded.front();
  if (credentials.forwarded.size() == 1 && !value.empty() &&
      value.size() <= kLongestForwarded) {
    return std::string(value);
  }
  return NotAuthenticated(absl::StrCat(
      "a trusted proxy sent \"", header, "\" ", credentials.forwarded.size(),
      " times, the first of ", value.size(),
      " bytes; expected one name of 1 "
      "to ",
      kLongestForwarded,
      " bytes: the proxy has to replace what its client sent"));
}

}  // namespace

Credentials CredentialsOf(const grpc::CallbackServerContext& context,
                          absl::string_view forwarded_header) {
  Credentials credentials;
  credentials.authorization = ValuesOf(context, kAuthorization);
  if (!forwarded_header.empty()) {
    credentials.forwarded = ValuesOf(context, forwarded_header);
    credentials.loopback = IsLoopback(context.peer());
  }
  credentials.certificate = CertificateName(*context.auth_context());
  return credentials;
}

absl::StatusOr<std::unique_ptr<Authenticator>> Authenticator::Create(
    const SecurityOptions& options, const Clock& clock) {
  std::unique_ptr<TokenStore> tokens;
  if (!options.tokens.empty()) {
    STRATA_ASSIGN_OR_RETURN(
        tokens,
        TokenStore::Open(options.tokens, options.credentials_reload, clock));
  }
  // Not make_unique: the constructor is private.
  return std::unique_ptr<Authenticator>(
      new Authenticator(options, std::move(tokens)));
}

Authenticator::Authenticator(const SecurityOptions& options,
                             std::unique_ptr<TokenStore> tokens)
    : forwarded_header_(options.forwarded_identity),
      trusted_proxies_(options.trusted_proxies),
      tokens_(std::move(tokens)) {}

absl::StatusOr<Caller> Authenticator::Authenticate(
    const Credentials& credentials) const {
  Caller caller;
  if (!credentials.certificate.empty()) {
    caller.identity = absl::StrCat("certificate:", credentials.certificate);
  }
  // Before the token's subject takes its place: a proxy may be trusted as
  // either.
  bool proxy = IsTrustedProxy(caller, credentials);
  if (tokens_ != nullptr) {
    STRATA_ASSIGN_OR_RETURN(const absl::string_view token,
                            TokenIn(credentials));
    const auto entry = tokens_->Find(token);
    if (!entry.has_value()) {
      return NotAuthenticated(
          "the token is not one of this server's; it may have been replaced: "
          "ask the operator for the one that counts");
    }
    caller = {.identity = absl::StrCat("token:", entry->subject),
              .role = entry->role,
              .max_priority = entry->max_priority};
    proxy = proxy || IsTrustedProxy(caller, credentials);
  }
  if (proxy && !credentials.forwarded.empty()) {
    STRATA_ASSIGN_OR_RETURN(const std::string name,
                            ForwardedName(credentials, forwarded_header_));
    caller.identity = absl::StrCat("forwarded:", name);
  }
  return caller;
}

absl::StatusOr<Caller> Authenticator::Authenticate(
    const grpc::CallbackServerContext& context) const {
  return Authenticate(CredentialsOf(context, forwarded_header_));
}

bool Authenticator::IsTrustedProxy(const Caller& caller,
                                   const Credentials& credentials) const {
  return std::ranges::any_of(trusted_proxies_, [&](const std::string& proxy) {
    return proxy == "loopback" ? credentials.loopback
                               : proxy == caller.identity;
  });
}

}  // namespace strata
