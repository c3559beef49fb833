// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/flags.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/model/version_policy.h"
#include "server/flag_setters.h"
#include "server/log.h"
#include "server/security_options.h"
#include "server/version.h"

namespace strata {
namespace {

constexpr std::int64_t kLargestInt = std::numeric_limits<int>::max();
// A gRPC message and a protobuf message hold less than 2 GiB; what frames the
// tensors needs a little of it.
constexpr std::int64_t kLargestReply =
    (std::int64_t{2} << 30) - (std::int64_t{16} << 20);
constexpr std::int64_t kLargestInt64 = std::numeric_limits<std::int64_t>::max();

// What a stream has at least, from its age on, to answer what it has taken.
constexpr absl::Duration kGraceOfStreams = absl::Seconds(5);

// A client that is well may be busy for as long.
constexpr absl::Duration kShortestKeepaliveTimeout = absl::Seconds(1);

// CLI11's help names the variable behind every flag; ours says the rule once.
class HelpFormatter final : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text;
    if (!option->get_type_name().empty()) {
      absl::StrAppend(&text, " ", option->get_type_name());
    }
    if (!option->get_default_str().empty()) {
      absl::StrAppend(&text, " [", option->get_default_str(), "]");
    }
    return text;
  }
};

CLI::Option& AddFlag(CLI::App& app, const std::string& name,
                     const std::string& value, const std::string& unset,
                     const std::string& help, Setter set) {
  const auto store = [name, set = std::move(set)](const std::string& text) {
    if (const absl::Status status = set(text); !status.ok()) {
      throw CLI::ValidationError(name, std::string(status.message()));
    }
  };
  CLI::Option* option = app.add_option_function<std::string>(name, store, help);
  // A wrapper's flags can be overridden by appending to them.
  option->take_last();
  const std::string variable = absl::AsciiStrToUpper(absl::StrCat(
      "STRATA_", absl::StrReplaceAll(name.substr(2), {{"-", "_"}})));
  return *option->envname(variable)->type_name(value)->default_str(unset);
}

void AddPlaces(CLI::App& app, ServerFlags& flags) {
  AddFlag(app, "--repository", "DIR", "",
          "Folder of models, <model>/<version>/ below it. Required.",
          TextSetter(flags.repository))
      .required();
  AddFlag(app, "--versions", "WHICH", "all",
          "all or newest: the versions that are served of models whose own\n"
          "strata.json, beside the versions, does not say.",
          ChoiceSetter<ServedVersions>(flags.versions,
                                       {"all", ServedVersions::kAll},
                                       {"newest", ServedVersions::kNewest}));
  AddFlag(app, "--report-directory", "DIR", "none",
          "Folder where what the load of a model finds out is kept, so that\n"
          "the next start on a machine of this kind need not find it out\n"
          "anew. Servers may share one.",
          TextOrNoneSetter(flags.report_directory));
  AddFlag(app, "--digests", "FILE", "none",
          "List of digests, one a line as `strata models NAME` prints them.\n"
          "With it, only models that it lists are served, and files of others\n"
          "are not read but for their digest.",
          TextOrNoneSetter(flags.digests));
  AddFlag(app, "--listen", "HOST:PORT", "127.0.0.1:50051",
          "Where gRPC listens; port 0 picks a free one. Without\n"
          "--tls-certificate and --tokens calls are neither encrypted nor\n"
          "authenticated: open it to networks you trust only.",
          AddressSetter(flags.listen));
  AddFlag(app, "--metrics-listen", "IP:PORT", "127.0.0.1:9464",
          "Where Prometheus finds /metrics; port 0 picks a free one, \"off\"\n"
          "switches it off.",
          OptionalAddressSetter(flags.metrics_listen, "off"));
  AddFlag(app, "--devices", "LIST", "auto",
          "Comma-separated: cpu, cuda (every CUDA device), cuda:N; auto is\n"
          "every CUDA device if there is one, else cpu.",
          TextSetter(flags.devices));
  AddFlag(app, "--instances", "N", "0",
          "Forwards that run at the same time on each device; they share the\n"
          "weights. 0: 2 on CUDA, so that one batch is assembled and copied\n"
          "while another runs; on the CPU one for each CPU, or for as many as\n"
          "--intra-op-threads says, at most 4.",
          IntSetter(flags.instances, 0, 64));
}

void AddRollout(CLI::App& app, ServerFlags& flags) {
  AddFlag(app, "--poll", "DURATION", "0s",
          "How often to look for what has changed in the repository. New\n"
          "versions serve once they are whole, examined and warm; then those\n"
          "that they supersede are unloaded. 0s: only at the start.",
          DurationSetter(flags.poll));
  AddFlag(app, "--rollout", "ORDER", "load-first",
          "load-first or unload-first, for where memory holds one version\n"
          "only: nothing serves a model then until its new version does.",
          ChoiceSetter<bool>(flags.unload_first, {"unload-first", true},
                             {"load-first", false}));
  AddFlag(
      app, "--model-control", "WHETHER", "off",
      "on: callers may load and unload versions of the repository\n"
      "(LoadModel, UnloadModel); with --tokens those of the role admin.",
      ChoiceSetter<bool>(flags.model_control, {"on", true}, {"off", false}));
}

void AddThreads(CLI::App& app, ServerFlags& flags) {
  AddFlag(app, "--intra-op-threads", "N", "0",
          "Threads of one forward on the CPU. 0: the CPUs that the control\n"
          "group grants, divided by the forwards that run at the moment.",
          IntSetter(flags.intra_op_threads, 0, 1024));
  AddFlag(app, "--tokenizer-threads", "N", "0",
          "Threads that tokenize. 0: as many CPUs as the control group grants.",
          IntSetter(flags.tokenizer_threads, 0, 1024));
}

void AddLimits(CLI::App& app, ServerFlags& flags) {
  AddFlag(
      app, "--max-requests", "N", "1024",
      "Requests in flight; more are refused with RESOURCE_EXHAUSTED. Higher\n"
      "admits longer queues, lower fails sooner under overload.",
      IntSetter(flags.max_requests, 1));
  AddFlag(app, "--max-message-bytes", "SIZE", "64MiB", "Largest request.",
          BytesSetter(flags.max_message_bytes, kLargestInt));
  AddFlag(app, "--max-unread-bytes", "SIZE", "1GiB",
          "What gRPC holds of connections and of requests that have not\n"
          "arrived whole or wait to be read. Beyond it some of those calls\n"
          "end with RESOURCE_EXHAUSTED, until there is room.",
          BytesSetter(flags.max_unread_bytes, kLargestInt64));
  AddFlag(app, "--max-request-bytes", "SIZE", "256MiB",
          "Bytes of all requests in flight together.",
          BytesSetter(flags.max_request_bytes, kLargestInt64));
  AddFlag(app, "--max-waiting-pieces", "N", "1048576",
          "Pieces that wait for a device; bounds the wait where requests are\n"
          "long.",
          IntSetter(flags.max_waiting_pieces, 1, kLargestInt64));
  AddFlag(app, "--max-unsent-bytes", "SIZE", "4GiB",
          "Bytes of all answers that are computed, or about to be, and not\n"
          "sent: what clients who do not read can hold. More are refused\n"
          "with RESOURCE_EXHAUSTED before they are computed.",
          BytesSetter(flags.max_unsent_bytes, kLargestInt64));
  AddFlag(app, "--max-client-share", "PERCENT", "50",
          "Of the four above, the part that one client who is known may have,\n"
          "so that the flood of one leaves room for the others.",
          PercentSetter(flags.max_client_share));
  AddFlag(app, "--max-inputs", "N", "1024", "Inputs of one request.",
          IntSetter(flags.max_inputs, 1));
  AddFlag(app, "--max-reply-bytes", "SIZE", "512MiB",
          "Bytes of the tensors of one Encode answer.",
          BytesSetter(flags.max_reply_bytes, kLargestReply));
  AddFlag(app, "--max-leased-bytes", "SIZE", "1GiB",
          "Memory of batches (pinned, on CUDA) that answers hold until they\n"
          "are sent. Beyond it each is copied into memory of its own.",
          BytesSetter(flags.max_leased_bytes, kLargestInt64));
}

// Where answers may go beside the network.
void AddOutputs(CLI::App& app, ServerFlags& flags) {
  AddFlag(app, "--output-directory", "DIR", "none",
          "Folder that callers may have safetensors files written into\n"
          "(EncodeToFile). What is there is never replaced.",
          TextOrNoneSetter(flags.output_directory));
  AddFlag(
      app, "--shared-memory", "WHETHER", "off",
      "on: clients on this machine may have tensors of ModelInfer in\n"
      "POSIX shared memory. Who may call can then read and write whatever\n"
      "objects in it the server's user can.",
      ChoiceSetter<bool>(flags.shared_memory, {"on", true}, {"off", false}));
}

void AddStreams(CLI::App& app, ServerFlags& flags) {
  AddFlag(app, "--max-stream-reply-bytes", "SIZE", "4GiB",
          "Bytes of the tensors of one answer of EncodeChunks, or to one\n"
          "request of EncodeStream.",
          BytesSetter(flags.max_stream_reply_bytes, kLargestInt64));
  AddFlag(app, "--max-stream-requests", "N", "256",
          "Requests of one EncodeStream that are under way; the next is read\n"
          "when one is done.",
          IntSetter(flags.stream.max_requests, 1));
  AddFlag(app, "--max-stream-buffer-bytes", "SIZE", "256MiB",
          "Bytes of tensors that one EncodeStream holds for a client that\n"
          "reads slowly; further requests wait until it has read. One answer\n"
          "may be larger.",
          BytesSetter(flags.stream.max_buffer_bytes, kLargestInt64));
  AddFlag(
      app, "--part-bytes", "SIZE", "1MiB",
      "Bytes of a part of an answer. gRPC's clients take messages of up to\n"
      "4 MiB unless told otherwise.",
      BytesSetter(flags.stream.part_bytes, std::int64_t{1} << 30));
}

void AddScheduling(CLI::App& app, ServerFlags& flags) {
  AddFlag(app, "--window", "N", "256",
          "Waiting inputs that the choice of a batch looks at. Larger wastes\n"
          "less on padding, smaller chooses faster.",
          IntSetter(flags.window, 1));
  AddFlag(app, "--ageing", "DURATION", "500ms",
          "Wait that makes up for one step of priority.",
          DurationSetter(flags.ageing));
}

void AddLifetimes(CLI::App& app, ServerFlags& flags) {
  AddFlag(app, "--hang-timeout", "DURATION", "1m",
          "How long a forward may stand still. Then health says NOT_SERVING\n"
          "and what it holds fails with UNAVAILABLE; after as much again the\n"
          "server stops, with exit code 1, for its supervisor to start it\n"
          "anew. 0s: for ever.",
          DurationSetter(flags.hang_timeout));
  AddFlag(app, "--drain-timeout", "DURATION", "30s",
          "Longest time from SIGTERM to the exit, the pause included; calls\n"
          "that are not done by then are cancelled.",
          DurationSetter(flags.drain_timeout));
  AddFlag(
      app, "--lame-duck", "DURATION", "2s",
      "After SIGTERM, how long to serve on while health says NOT_SERVING,\n"
      "so that load balancers look away first: their health check interval\n"
      "times its threshold. Ctrl-C does not pause.",
      DurationSetter(flags.lame_duck));
  AddFlag(app, "--max-connection-age", "DURATION", "0s",
          "Ask clients to connect anew after this long, to spread them over\n"
          "new servers; an EncodeStream of this age ends after the requests\n"
          "under way. 0s: never.",
          DurationSetter(flags.max_connection_age));
  AddFlag(
      app, "--max-connection-age-grace", "DURATION", "0s",
      "How long calls of a connection of that age may still take before it\n"
      "is closed; above the age, which a stream may have left, by 5s and\n"
      "what a request takes. 0s: as long as they take.",
      DurationSetter(flags.max_connection_age_grace));
  AddFlag(app, "--keepalive-time", "DURATION", "60s",
          "Ask a client that has been silent for this long whether it is\n"
          "still there, so that nothing is kept for one that has gone without\n"
          "a word. 0s: never.",
          DurationSetter(flags.keepalive_time));
  AddFlag(app, "--keepalive-timeout", "DURATION", "20s",
          "How long it may take to answer that, or to take what it is sent,\n"
          "before its connection is closed and its calls are cancelled.",
          DurationSetter(flags.keepalive_timeout));
}

void AddTelemetry(CLI::App& app, ServerFlags& flags) {
  AddFlag(app, "--log-format", "FORMAT", "text",
          "text or json: how the lines on standard error are written. The two\n"
          "that scripts wait for are the same in both.",
          ChoiceSetter<LogFormat>(flags.log_format, {"text", LogFormat::kText},
                                  {"json", LogFormat::kJson}));
  AddFlag(app, "--otlp-endpoint", "HOST:PORT", "none",
          "Collector that OpenTelemetry spans of requests go to, over gRPC\n"
          "without TLS.",
          OptionalAddressSetter(flags.otlp_endpoint, "none"));
  AddFlag(
      app, "--trace-sample-ratio", "RATIO", "1",
      "Share, from 0 to 1, of the requests without a traceparent that have\n"
      "spans; of one that has it, the caller has decided.",
      RatioSetter(flags.trace_sample_ratio));
  AddFlag(app, "--orca", "WHICH", "on",
          "on or off: whether answers end with a load report for balancers\n"
          "(ORCA, endpoint-load-metrics-bin).",
          ChoiceSetter<bool>(flags.orca, {"on", true}, {"off", false}));
}

void AddTls(CLI::App& app, SecurityOptions& security) {
  AddFlag(app, "--tls-certificate", "FILE", "none",
          "Certificate of this server (PEM), those that vouch for it after\n"
          "it. With it and --tls-key, calls are taken over TLS only.",
          TextOrNoneSetter(security.tls.certificate));
  AddFlag(app, "--tls-key", "FILE", "none",
          "The certificate's private key (PEM), without a passphrase.",
          TextOrNoneSetter(security.tls.key));
  AddFlag(app, "--tls-client-ca", "FILE", "none",
          "Certificates of authorities (PEM). With it, only clients that show\n"
          "a certificate of one of them can connect.",
          TextOrNoneSetter(security.tls.client_ca));
  AddFlag(app, "--credentials-reload", "DURATION", "10s",
          "How long a change of the files of --tls-* and --tokens may go\n"
          "unnoticed. A broken one is logged, and what was before stays.",
          DurationSetter(security.credentials_reload));
}

void AddCallers(CLI::App& app, SecurityOptions& security) {
  AddFlag(app, "--tokens", "FILE", "none",
          "JSON list of who may call, with what role, by the hashes of their\n"
          "tokens (see SECURITY in the README). Unset, everybody may.",
          TextOrNoneSetter(security.tokens));
  AddFlag(app, "--tokens-on-plaintext", "WHETHER", "off",
          "on: take tokens without TLS, where they can be read on the way;\n"
          "for a server behind a proxy that ends TLS.",
          ChoiceSetter<bool>(security.tokens_on_plaintext, {"on", true},
                             {"off", false}));
  AddFlag(app, "--admin-listen", "HOST:PORT", "off",
          "Where calls that want the role admin are taken, and then only\n"
          "there; \"off\": where all calls are.",
          OptionalAddressSetter(security.admin_listen, "off"));
  AddFlag(app, "--forwarded-identity", "HEADER", "none",
          "Header in which a proxy says for whom it calls, as\n"
          "x-forwarded-user.",
          NoneOr(security.forwarded_identity,
                 LowerCaseSetter(security.forwarded_identity)));
  AddFlag(
      app, "--trusted-proxies", "LIST", "none",
      "Whose --forwarded-identity is believed: token:SUBJECT,\n"
      "certificate:NAME, or loopback for whoever calls from this machine.",
      NoneOr(security.trusted_proxies, ListSetter(security.trusted_proxies)));
  AddFlag(app, "--max-streams", "N", "4096",
          "Calls that one connection may have open; the client's gRPC holds\n"
          "back the others.",
          IntSetter(security.max_streams, 1));
  AddFlag(app, "--max-header-bytes", "SIZE", "8KiB",
          "Bytes of the metadata of a call; one with more is refused.",
          BytesSetter(security.max_header_bytes, std::int64_t{1} << 20));
}

// What no flag can see alone.
absl::Status Check(const ServerFlags& flags) {
  if (flags.max_message_bytes > flags.max_unread_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("--max-message-bytes (", flags.max_message_bytes,
                     ") is above --max-unread-bytes (", flags.max_unread_bytes,
                     "): such a request could never arrive"));
  }
  if (flags.max_message_bytes > flags.max_request_bytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--max-message-bytes (", flags.max_message_bytes,
        ") is above --max-request-bytes (", flags.max_request_bytes,
        "): such a request could never be admitted"));
  }
  if (flags.lame_duck > flags.drain_timeout) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--lame-duck (", absl::FormatDuration(flags.lame_duck),
        ") is above --drain-timeout (",
        absl::FormatDuration(flags.drain_timeout), "), which includes it"));
  }
  const absl::Duration grace = flags.max_connection_age_grace;
  if (grace > absl::ZeroDuration() &&
      grace < flags.max_connection_age + kGraceOfStreams) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--max-connection-age-grace (", absl::FormatDuration(grace),
        ") is not ", absl::FormatDuration(kGraceOfStreams),
        " above --max-connection-age (",
        absl::FormatDuration(flags.max_connection_age),
        "): a stream that began late on its connection would be cut off"));
  }
  if (flags.keepalive_time > absl::ZeroDuration() &&
      flags.keepalive_timeout < kShortestKeepaliveTimeout) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--keepalive-timeout (", absl::FormatDuration(flags.keepalive_timeout),
        ") is below ", absl::FormatDuration(kShortestKeepaliveTimeout),
        ": clients that are well would be cut off; \"--keepalive-time 0s\" "
        "asks none of them"));
  }
  return CheckSecurity(flags.security);
}

FlagsExit Mistake(absl::string_view what) {
  return {.code = 2,
          .text = absl::StrCat("strata-server: ", what,
                               " (--help lists the flags)\n")};
}

}  // namespace

std::variant<ServerFlags, FlagsExit> ParseFlags(int argc,
                                                const char* const* argv) {
  ServerFlags flags;
  const std::string version = absl::StrCat("strata-server ", Version());
  CLI::App app("Serves the hidden states of traced transformers over gRPC.",
               "strata-server");
  app.formatter(std::make_shared<HelpFormatter>());
  app.get_formatter()->column_width(36);
  app.footer(
      "Each flag can be set in the environment too: STRATA_MAX_REQUESTS for\n"
      "--max-requests. The command line wins.");
  app.set_help_flag("--help", "Print this and exit.");
  app.set_version_flag("--version", version, "Print the version and exit.");
  AddPlaces(app, flags);
  AddRollout(app, flags);
  AddThreads(app, flags);
  AddLimits(app, flags);
  AddStreams(app, flags);
  AddOutputs(app, flags);
  AddScheduling(app, flags);
  AddLifetimes(app, flags);
  AddTls(app, flags.security);
  AddCallers(app, flags.security);
  AddTelemetry(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return FlagsExit{.code = 0, .text = app.help()};
  } catch (const CLI::CallForVersion&) {
    return FlagsExit{.code = 0, .text = version + "\n"};
  } catch (const CLI::ParseError& error) {
    return Mistake(error.what());
  }
  if (const absl::Status status = Check(flags); !status.ok()) {
    return Mistake(status.message());
  }
  return flags;
}

}  // namespace strata
