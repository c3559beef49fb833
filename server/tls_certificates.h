// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_TLS_CERTIFICATES_H_
#define STRATA_SERVER_TLS_CERTIFICATES_H_

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "grpc/grpc_security.h"
#include "grpcpp/security/server_credentials.h"
#include "server/security_options.h"
#include "server/watched_files.h"

namespace strata {

// The certificates of one listening port, read again when their files have
// changed: the next connection gets the new ones, those that are open go on.
// Broken files, or a key that does not belong to the certificate (one of the
// two may have been replaced first), are logged, and what was served stays.
// Thread-safe; outlives the server.
class TlsCertificates {
 public:
  // Error: FAILED_PRECONDITION where nothing can be served with the files.
  // `clock` outlives this.
  static absl::StatusOr<std::unique_ptr<TlsCertificates>> Load(
      const TlsFiles& files, absl::Duration reload, const Clock& clock);

  // For one port.
  std::shared_ptr<grpc::ServerCredentials> MakeCredentials();

 private:
  TlsCertificates(const TlsFiles& files, absl::Duration reload,
                  const Clock& clock);

  // What gRPC asks for at every connection.
  static grpc_ssl_certificate_config_reload_status Fetch(
      void* certificates, grpc_ssl_server_certificate_config** config);

  // Reads the files where that is due. Error: they are broken.
  absl::Status Reload() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const TlsFiles paths_;
  Mutex mutex_;
  WatchedFiles files_ ABSL_GUARDED_BY(mutex_);
  // As the files say, and good; empty once gRPC has them.
  WatchedFiles::Contents fresh_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace strata

#endif  // STRATA_SERVER_TLS_CERTIFICATES_H_
