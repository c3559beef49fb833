// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/connection.h"

#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/cli/failure.h"
#include "client/cli/options.h"
#include "strata/client.h"

namespace strata::cli {
namespace {

// Reads the file that an option names into `content`, which stays as it is
// where the option was not given.
absl::Status ReadInto(std::string& content, absl::string_view option,
                      const std::string& path) {
  if (path.empty()) return absl::OkStatus();
  std::ifstream file(path, std::ios::binary);
  content.assign(std::istreambuf_iterator<char>(file), {});
  if (!file.bad() && !content.empty()) return absl::OkStatus();
  return UsageError(absl::StrCat(option, ": \"", path,
                                 "\" cannot be read, or holds nothing"));
}

}  // namespace

absl::StatusOr<ClientOptions> ClientOptionsFor(const Invocation& invocation) {
  const ConnectionOptions& connection = invocation.connection;
  TlsOptions tls;
  std::string token = connection.token;
  absl::Status status =
      ReadInto(tls.root_certificates, "--tls-ca", connection.tls_ca);
  status.Update(ReadInto(tls.certificate, "--tls-certificate",
                         connection.tls_certificate));
  status.Update(ReadInto(tls.key, "--tls-key", connection.tls_key));
  status.Update(ReadInto(token, "--token-file", connection.token_file));
  if (!status.ok()) return status;
  ClientOptions options{.target = invocation.server,
                        .deadline = invocation.timeout,
                        // A file ends with a line's end, which is not its own.
                        .token = std::string(absl::StripAsciiWhitespace(token)),
                        .token_on_plaintext = connection.token_on_plaintext};
  if (connection.tls || !connection.tls_ca.empty() ||
      !connection.tls_certificate.empty() || !connection.tls_key.empty()) {
    options.tls = std::move(tls);
  }
  return options;
}

}  // namespace strata::cli
