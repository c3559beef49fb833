// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_FLAGS_H_
#define STRATA_SERVER_FLAGS_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>

#include "absl/time/time.h"
#include "core/model/version_policy.h"
#include "server/address.h"
#include "server/log.h"
#include "server/security_options.h"
#include "server/stream_limits.h"

namespace strata {

// What the operator chose: a member for each flag of strata-server, whose
// --help says what each means. `--max-requests` can be given as
// STRATA_MAX_REQUESTS in the environment too; the command line wins.
struct ServerFlags {
  std::filesystem::path repository;
  // The loopback by default: unless `security` says otherwise, calls are
  // neither encrypted nor authenticated, so who opens them to a network says so
  // (a container: --listen 0.0.0.0:50051).
  Address listen = {.host = "127.0.0.1", .port = 50051};
  // nullopt: no metrics.
  std::optional<Address> metrics_listen =
      Address{.host = "127.0.0.1", .port = 9464};
  // Of models whose own strata.json does not say.
  ServedVersions versions = ServedVersions::kAll;
  // Zero: the repository is read once, at the start.
  absl::Duration poll = absl::ZeroDuration();
  // Whether a version that is superseded goes before its successor is loaded.
  bool unload_first = false;
  // Whether clients may load and unload.
  bool model_control = false;
  // Folder that callers may have files written into. Empty: none.
  std::filesystem::path output_directory;
  // Whether clients may have tensors in shared memory.
  bool shared_memory = false;
  std::string devices = "auto";
  // Empty: nothing is kept.
  std::filesystem::path report_directory;
  // Empty: every model of the repository may be served.
  std::filesystem::path digests;
  SecurityOptions security;
  // 0: as many as the control group grants CPUs.
  int instances = 0;
  int intra_op_threads = 0;
  int tokenizer_threads = 0;

  int max_requests = 1024;
  std::int64_t max_message_bytes = std::int64_t{64} << 20;
  std::int64_t max_unread_bytes = std::int64_t{1} << 30;
  std::int64_t max_request_bytes = std::int64_t{256} << 20;
  std::int64_t max_waiting_pieces = std::int64_t{1} << 20;
  std::int64_t max_unsent_bytes = std::int64_t{4} << 30;
  // A part of 1.
  double max_client_share = 0.5;
  int max_inputs = 1024;
  std::int64_t max_reply_bytes = std::int64_t{512} << 20;
  std::int64_t max_leased_bytes = std::int64_t{1} << 30;
  std::int64_t max_stream_reply_bytes = std::int64_t{4} << 30;
  StreamLimits stream;
  int window = 256;
  absl::Duration ageing = absl::Milliseconds(500);

  // Zero: a forward may take for ever.
  absl::Duration hang_timeout = absl::Minutes(1);
  // From the signal to the exit, the pause included.
  absl::Duration drain_timeout = absl::Seconds(30);
  // On SIGTERM, which a supervisor sends while its load balancer still believes
  // the last health check. Not on SIGINT: nobody behind Ctrl-C waits for it.
  absl::Duration lame_duck = absl::Seconds(2);
  // Zero: connections live as long as their clients like.
  absl::Duration max_connection_age = absl::ZeroDuration();
  // Zero: calls of an old connection take as long as they take.
  absl::Duration max_connection_age_grace = absl::ZeroDuration();
  // Zero: whether a silent client is still there is never asked.
  absl::Duration keepalive_time = absl::Seconds(60);
  absl::Duration keepalive_timeout = absl::Seconds(20);

  LogFormat log_format = LogFormat::kText;
  // nullopt: no spans.
  std::optional<Address> otlp_endpoint;
  // Of requests whose callers do not say.
  double trace_sample_ratio = 1;
  bool orca = true;
};

// What to print, and the process's exit code: 0 for --help and --version
// (standard output), 2 for a mistake (standard error).
struct FlagsExit {
  int code = 0;
  std::string text;
};

// Reads the command line, and STRATA_* from the environment where a flag is not
// on it. Of a flag that is given twice, the last counts.
std::variant<ServerFlags, FlagsExit> ParseFlags(int argc,
                                                const char* const* argv);

}  // namespace strata

#endif  // STRATA_SERVER_FLAGS_H_
