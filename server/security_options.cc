// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/security_options.h"

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace strata {
namespace {

absl::Status CheckTls(const TlsFiles& tls) {
  if (tls.certificate.empty() != tls.key.empty()) {
    return absl::InvalidArgumentError(
        "one of --tls-certificate and --tls-key is given without the other");
  }
  if (tls.certificate.empty() && !tls.client_ca.empty()) {
    return absl::InvalidArgumentError(
        "--tls-client-ca is given without --tls-certificate and --tls-key: "
        "clients show certificates to a server that has one");
  }
  return absl::OkStatus();
}

bool IsMetadataKey(const std::string& key) {
  return std::ranges::all_of(key, [](char c) {
    return absl::ascii_islower(static_cast<unsigned char>(c)) ||
           absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-' ||
           c == '_' || c == '.';
  });
}

absl::Status CheckProxies(const SecurityOptions& options) {
  const std::string& key = options.forwarded_identity;
  if (key.empty() != options.trusted_proxies.empty()) {
    return absl::InvalidArgumentError(
        "--forwarded-identity and --trusted-proxies are given together or not "
        "at all: anyone can send the header, so name whom to believe");
  }
  if (!IsMetadataKey(key) || key == "authorization" ||
      absl::StartsWith(key, "grpc-") || absl::EndsWith(key, "-bin")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--forwarded-identity: \"", key,
        "\" is not the name of a text header that a proxy may set"));
  }
  for (const std::string& proxy : options.trusted_proxies) {
    if (proxy == "loopback" || absl::StartsWith(proxy, "token:") ||
        absl::StartsWith(proxy, "certificate:")) {
      continue;
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "--trusted-proxies: \"", proxy,
        "\" is none of loopback, token:SUBJECT and certificate:NAME"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckSecurity(const SecurityOptions& options) {
  STRATA_RETURN_IF_ERROR(CheckTls(options.tls));
  if (!options.tokens.empty() && options.tls.certificate.empty() &&
      !options.tokens_on_plaintext) {
    return absl::InvalidArgumentError(
        "--tokens is given without --tls-certificate and --tls-key: tokens "
        "could be read on the way; give both, or, where a proxy in front of "
        "this server ends TLS, --tokens-on-plaintext on");
  }
  return CheckProxies(options);
}

}  // namespace strata
