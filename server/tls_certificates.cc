// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/tls_certificates.h"

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"
#include "grpc/grpc.h"
#include "grpc/grpc_security.h"
#include "grpcpp/security/server_credentials.h"
#include "server/certificate.h"
#include "server/log.h"
#include "server/security_options.h"

namespace strata {
namespace {

// gRPC's C++ credentials take certificates once and for all, or watch files
// without a look at what they hold: a key that is replaced before its
// certificate would refuse every connection until the next look. The C
// interface asks at every connection and keeps what it has unless it gets
// better, and this brings it to C++.
class FetchedCredentials final : public grpc::ServerCredentials {
 public:
  explicit FetchedCredentials(grpc_server_credentials* credentials)
      : credentials_(credentials, &grpc_server_credentials_release) {}

  // Callers are authenticated by the services.
  void SetAuthMetadataProcessor(
      const std::shared_ptr<grpc::AuthMetadataProcessor>& /*processor*/)
      override {}

 private:
  int AddPortToServer(const std::string& address,
                      grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(),
                                      credentials_.get());
  }

  const std::unique_ptr<grpc_server_credentials,
                        decltype(&grpc_server_credentials_release)>
      credentials_;
};

std::vector<std::filesystem::path> PathsOf(const TlsFiles& files) {
  std::vector<std::filesystem::path> paths = {files.certificate, files.key};
  if (!files.client_ca.empty()) paths.push_back(files.client_ca);
  return paths;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsCertificates>> TlsCertificates::Load(
    const TlsFiles& files, absl::Duration reload, const Clock& clock) {
  // Not make_unique: the constructor is private.
  std::unique_ptr<TlsCertificates> certificates(
      new TlsCertificates(files, reload, clock));
  MutexLock lock(certificates->mutex_);
  STRATA_RETURN_IF_ERROR(certificates->Reload());
  return certificates;
}

TlsCertificates::TlsCertificates(const TlsFiles& files, absl::Duration reload,
                                 const Clock& clock)
    : paths_(files), files_(PathsOf(files), reload, clock) {}

absl::Status TlsCertificates::Reload() {
  STRATA_ASSIGN_OR_RETURN(auto contents, files_.Poll());
  if (!contents.has_value()) return absl::OkStatus();
  const bool asks_clients = !paths_.client_ca.empty();
  if (asks_clients && contents->back().empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("\"", paths_.client_ca.string(), "\" is empty"));
  }
  const auto expiry = CheckCertificate((*contents)[0], (*contents)[1],
                                       asks_clients ? (*contents)[2] : "");
  if (!expiry.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("\"", paths_.certificate.string(), "\", \"",
                     paths_.key.string(), "\": ", expiry.status().message()));
  }
  Log(Severity::kInfo, "certificate",
      {{"file", paths_.certificate.string()},
       {"expires", absl::FormatTime(*expiry, absl::UTCTimeZone())}});
  fresh_ = *std::move(contents);
  return absl::OkStatus();
}

std::shared_ptr<grpc::ServerCredentials> TlsCertificates::MakeCredentials() {
  // Both own what they are given.
  return std::make_shared<FetchedCredentials>(
      grpc_ssl_server_credentials_create_with_options(
          grpc_ssl_server_credentials_create_options_using_config_fetcher(
              paths_.client_ca.empty()
                  ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                  : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY,
              &TlsCertificates::Fetch, this)));
}

grpc_ssl_certificate_config_reload_status TlsCertificates::Fetch(
    void* certificates, grpc_ssl_server_certificate_config** config) {
  auto& self = *static_cast<TlsCertificates*>(certificates);
  MutexLock lock(self.mutex_);
  if (const absl::Status status = self.Reload(); !status.ok()) {
    Log(Severity::kWarning, "certificate_not_reloaded",
        {{"message", std::string(status.message())}});
  }
  if (self.fresh_.empty()) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
  const WatchedFiles::Contents fresh = std::exchange(self.fresh_, {});
  const grpc_ssl_pem_key_cert_pair pair = {.private_key = fresh[1].c_str(),
                                           .cert_chain = fresh[0].c_str()};
  // Clients that are not asked for a certificate are not judged by any; still
  // gRPC 1.51 aborts without authorities here.
  const std::string& client_ca = fresh.size() > 2 ? fresh[2] : fresh[0];
  *config =
      grpc_ssl_server_certificate_config_create(client_ca.c_str(), &pair, 1);
  return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

}  // namespace strata
