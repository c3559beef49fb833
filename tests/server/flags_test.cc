// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/flags.h"

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "core/model/version_policy.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/security_options.h"

namespace strata {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Sets a variable for a scope.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    setenv(name, value, 1);
  }
  ~Environment() { unsetenv(name_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* const name_;
};

std::variant<ServerFlags, FlagsExit> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "strata-server");
  return ParseFlags(static_cast<int>(arguments.size()), arguments.data());
}

// With a repository, which all need.
ServerFlags Good(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), {"--repository", "/models"});
  const auto parsed = Parse(std::move(arguments));
  if (const auto* exit = std::get_if<FlagsExit>(&parsed)) {
    ADD_FAILURE() << exit->text;
    return {};
  }
  return std::get<ServerFlags>(parsed);
}

// The text of a mistake, which exits with 2.
std::string Mistake(std::vector<const char*> arguments) {
  const auto parsed = Parse(std::move(arguments));
  const auto* exit = std::get_if<FlagsExit>(&parsed);
  if (exit == nullptr) return "accepted";
  EXPECT_EQ(exit->code, 2);
  return exit->text;
}

TEST(FlagsTest, Defaults) {
  const ServerFlags flags = Good({});
  EXPECT_EQ(flags.repository, "/models");
  EXPECT_EQ(flags.listen, (Address{"127.0.0.1", 50051}));
  EXPECT_EQ(flags.metrics_listen, (Address{"127.0.0.1", 9464}));
  EXPECT_EQ(flags.devices, "auto");
  EXPECT_EQ(flags.versions, ServedVersions::kAll);
  EXPECT_EQ(flags.max_requests, 1024);
  EXPECT_EQ(flags.drain_timeout, absl::Seconds(30));
  EXPECT_EQ(flags.lame_duck, absl::Seconds(2));
}

TEST(FlagsTest, SharedMemoryIsOffUnlessItIsAskedFor) {
  EXPECT_FALSE(Good({}).shared_memory);
  EXPECT_TRUE(Good({"--shared-memory", "on"}).shared_memory);
}

TEST(FlagsTest, Rollout) {
  const ServerFlags flags =
      Good({"--poll", "5s", "--rollout", "unload-first", "--model-control",
            "on", "--report-directory", "/reports"});
  EXPECT_EQ(flags.poll, absl::Seconds(5));
  EXPECT_TRUE(flags.unload_first);
  EXPECT_TRUE(flags.model_control);
  EXPECT_EQ(flags.report_directory, "/reports");
  EXPECT_THAT(Mistake({"--repository", "/models", "--rollout", "slowly"}),
              HasSubstr("\"slowly\" is not unload-first or load-first"));
  EXPECT_THAT(Mistake({"--repository", "/models", "--model-control", "yes"}),
              HasSubstr("\"yes\" is not on or off"));
}

// What --help prints as the default is the default.
TEST(FlagsTest, TheDefaultsInTheHelpAreThoseInForce) {
  const ServerFlags printed = Good({"--listen",
                                    "127.0.0.1:50051",
                                    "--metrics-listen",
                                    "127.0.0.1:9464",
                                    "--versions",
                                    "all",
                                    "--report-directory",
                                    "none",
                                    "--poll",
                                    "0s",
                                    "--rollout",
                                    "load-first",
                                    "--model-control",
                                    "off",
                                    "--devices",
                                    "auto",
                                    "--instances",
                                    "0",
                                    "--intra-op-threads",
                                    "0",
                                    "--tokenizer-threads",
                                    "0",
                                    "--max-requests",
                                    "1024",
                                    "--max-message-bytes",
                                    "64MiB",
                                    "--max-unread-bytes",
                                    "1GiB",
                                    "--max-request-bytes",
                                    "256MiB",
                                    "--max-waiting-pieces",
                                    "1048576",
                                    "--max-unsent-bytes",
                                    "4GiB",
                                    "--max-client-share",
                                    "50",
                                    "--max-inputs",
                                    "1024",
                                    "--max-reply-bytes",
                                    "512MiB",
                                    "--max-leased-bytes",
                                    "1GiB",
                                    "--max-stream-reply-bytes",
                                    "4GiB",
                                    "--max-stream-requests",
                                    "256",
                                    "--max-stream-buffer-bytes",
                                    "256MiB",
                                    "--part-bytes",
                                    "1MiB",
                                    "--window",
                                    "256",
                                    "--ageing",
                                    "500ms",
                                    "--hang-timeout",
                                    "1m",
                                    "--drain-timeout",
                                    "30s",
                                    "--lame-duck",
                                    "2s",
                                    "--max-connection-age",
                                    "0s",
                                    "--max-connection-age-grace",
                                    "0s",
                                    "--keepalive-time",
                                    "60s",
                                    "--keepalive-timeout",
                                    "20s",
                                    "--log-format",
                                    "text",
                                    "--otlp-endpoint",
                                    "none",
                                    "--trace-sample-ratio",
                                    "1",
                                    "--orca",
                                    "on",
                                    "--digests",
                                    "none",
                                    "--tls-certificate",
                                    "none",
                                    "--tls-key",
                                    "none",
                                    "--tls-client-ca",
                                    "none",
                                    "--tokens",
                                    "none",
                                    "--forwarded-identity",
                                    "none",
                                    "--trusted-proxies",
                                    "none"});
  const ServerFlags flags = Good({});
  EXPECT_EQ(printed.listen, flags.listen);
  EXPECT_EQ(printed.metrics_listen, flags.metrics_listen);
  EXPECT_EQ(printed.versions, flags.versions);
  EXPECT_EQ(printed.report_directory, flags.report_directory);
  EXPECT_EQ(printed.poll, flags.poll);
  EXPECT_EQ(printed.unload_first, flags.unload_first);
  EXPECT_EQ(printed.model_control, flags.model_control);
  EXPECT_EQ(printed.output_directory, flags.output_directory);
  EXPECT_EQ(printed.shared_memory, flags.shared_memory);
  EXPECT_EQ(printed.devices, flags.devices);
  EXPECT_EQ(printed.instances, flags.instances);
  EXPECT_EQ(printed.intra_op_threads, flags.intra_op_threads);
  EXPECT_EQ(printed.tokenizer_threads, flags.tokenizer_threads);
  EXPECT_EQ(printed.max_requests, flags.max_requests);
  EXPECT_EQ(printed.max_message_bytes, flags.max_message_bytes);
  EXPECT_EQ(printed.max_unread_bytes, flags.max_unread_bytes);
  EXPECT_EQ(printed.max_request_bytes, flags.max_request_bytes);
  EXPECT_EQ(printed.max_waiting_pieces, flags.max_waiting_pieces);
  EXPECT_EQ(printed.max_unsent_bytes, flags.max_unsent_bytes);
  EXPECT_EQ(printed.max_leased_bytes, flags.max_leased_bytes);
  EXPECT_EQ(printed.max_client_share, flags.max_client_share);
  EXPECT_EQ(printed.max_inputs, flags.max_inputs);
  EXPECT_EQ(printed.max_reply_bytes, flags.max_reply_bytes);
  EXPECT_EQ(printed.max_stream_reply_bytes, flags.max_stream_reply_bytes);
  EXPECT_EQ(printed.stream.max_requests, flags.stream.max_requests);
  EXPECT_EQ(printed.stream.max_buffer_bytes, flags.stream.max_buffer_bytes);
  EXPECT_EQ(printed.stream.part_bytes, flags.stream.part_bytes);
  EXPECT_EQ(printed.window, flags.window);
  EXPECT_EQ(printed.ageing, flags.ageing);
  EXPECT_EQ(printed.hang_timeout, flags.hang_timeout);
  EXPECT_EQ(printed.drain_timeout, flags.drain_timeout);
  EXPECT_EQ(printed.lame_duck, flags.lame_duck);
  EXPECT_EQ(printed.max_connection_age, flags.max_connection_age);
  EXPECT_EQ(printed.max_connection_age_grace, flags.max_connection_age_grace);
  EXPECT_EQ(printed.keepalive_time, flags.keepalive_time);
  EXPECT_EQ(printed.keepalive_timeout, flags.keepalive_timeout);
  EXPECT_EQ(printed.log_format, flags.log_format);
  EXPECT_EQ(printed.otlp_endpoint, flags.otlp_endpoint);
  EXPECT_EQ(printed.trace_sample_ratio, flags.trace_sample_ratio);
  EXPECT_EQ(printed.orca, flags.orca);
  EXPECT_EQ(printed.digests, flags.digests);
  const SecurityOptions& security = printed.security;
  EXPECT_EQ(security.tls.certificate, flags.security.tls.certificate);
  EXPECT_EQ(security.tls.key, flags.security.tls.key);
  EXPECT_EQ(security.tls.client_ca, flags.security.tls.client_ca);
  EXPECT_EQ(security.tokens, flags.security.tokens);
  EXPECT_EQ(security.forwarded_identity, flags.security.forwarded_identity);
  EXPECT_EQ(security.trusted_proxies, flags.security.trusted_proxies);
}

TEST(FlagsTest, ReadsEveryFlag) {
  const ServerFlags flags = Good({"--listen",
                                  "[::]:1",
                                  "--metrics-listen",
                                  "0.0.0.0:2",
                                  "--versions",
                                  "newest",
                                  "--devices",
                                  "cuda:1,cpu",
                                  "--instances",
                                  "7",
                                  "--intra-op-threads",
                                  "3",
                                  "--tokenizer-threads",
                                  "4",
                                  "--max-requests",
                                  "5",
                                  "--max-message-bytes",
                                  "6KiB",
                                  "--max-unread-bytes",
                                  "7KiB",
                                  "--max-request-bytes",
                                  "1GiB",
                                  "--max-waiting-pieces",
                                  "8",
                                  "--max-unsent-bytes",
                                  "24GiB",
                                  "--max-client-share",
                                  "25",
                                  "--max-leased-bytes",
                                  "25MiB",
                                  "--max-inputs",
                                  "9",
                                  "--max-reply-bytes",
                                  "10",
                                  "--max-stream-reply-bytes",
                                  "16GiB",
                                  "--max-stream-requests",
                                  "17",
                                  "--max-stream-buffer-bytes",
                                  "18",
                                  "--part-bytes",
                                  "19KiB",
                                  "--window",
                                  "11",
                                  "--ageing",
                                  "12ms",
                                  "--hang-timeout",
                                  "13s",
                                  "--drain-timeout",
                                  "1m30s",
                                  "--lame-duck",
                                  "14s",
                                  "--max-connection-age",
                                  "15m",
                                  "--max-connection-age-grace",
                                  "16m",
                                  "--keepalive-time",
                                  "17s",
                                  "--keepalive-timeout",
                                  "18s",
                                  "--log-format",
                                  "json",
                                  "--otlp-endpoint",
                                  "collector:4317",
                                  "--trace-sample-ratio",
                                  "0.25",
                                  "--orca",
                                  "off",
                                  "--digests",
                                  "/d",
                                  "--tls-certificate",
                                  "/c",
                                  "--tls-key",
                                  "/k",
                                  "--tls-client-ca",
                                  "/a",
                                  "--credentials-reload",
                                  "20s",
                                  "--tokens",
                                  "/t",
                                  "--tokens-on-plaintext",
                                  "on",
                                  "--admin-listen",
                                  "127.0.0.1:21",
                                  "--forwarded-identity",
                                  "X-User",
                                  "--trusted-proxies",
                                  "loopback, token:envoy",
                                  "--max-streams",
                                  "22",
                                  "--max-header-bytes",
                                  "23KiB"});
  EXPECT_EQ(flags.listen, (Address{"::", 1}));
  EXPECT_EQ(flags.metrics_listen, (Address{"0.0.0.0", 2}));
  EXPECT_EQ(flags.versions, ServedVersions::kNewest);
  EXPECT_EQ(flags.devices, "cuda:1,cpu");
  EXPECT_EQ(flags.instances, 7);
  EXPECT_EQ(flags.intra_op_threads, 3);
  EXPECT_EQ(flags.tokenizer_threads, 4);
  EXPECT_EQ(flags.max_requests, 5);
  EXPECT_EQ(flags.max_message_bytes, 6 * 1024);
  EXPECT_EQ(flags.max_unread_bytes, 7 * 1024);
  EXPECT_EQ(flags.max_request_bytes, 1 << 30);
  EXPECT_EQ(flags.max_waiting_pieces, 8);
  EXPECT_EQ(flags.max_unsent_bytes, std::int64_t{24} << 30);
  EXPECT_EQ(flags.max_client_share, 0.25);
  EXPECT_EQ(flags.max_leased_bytes, 25 << 20);
  EXPECT_EQ(flags.max_inputs, 9);
  EXPECT_EQ(flags.max_reply_bytes, 10);
  EXPECT_EQ(flags.max_stream_reply_bytes, std::int64_t{16} << 30);
  EXPECT_EQ(flags.stream.max_requests, 17);
  EXPECT_EQ(flags.stream.max_buffer_bytes, 18);
  EXPECT_EQ(flags.stream.part_bytes, 19 * 1024);
  EXPECT_EQ(flags.window, 11);
  EXPECT_EQ(flags.ageing, absl::Milliseconds(12));
  EXPECT_EQ(flags.hang_timeout, absl::Seconds(13));
  EXPECT_EQ(flags.drain_timeout, absl::Seconds(90));
  EXPECT_EQ(flags.lame_duck, absl::Seconds(14));
  EXPECT_EQ(flags.max_connection_age, absl::Minutes(15));
  EXPECT_EQ(flags.max_connection_age_grace, absl::Minutes(16));
  EXPECT_EQ(flags.keepalive_time, absl::Seconds(17));
  EXPECT_EQ(flags.keepalive_timeout, absl::Seconds(18));
  EXPECT_EQ(flags.log_format, LogFormat::kJson);
  EXPECT_EQ(flags.otlp_endpoint, (Address{"collector", 4317}));
  EXPECT_EQ(flags.trace_sample_ratio, 0.25);
  EXPECT_FALSE(flags.orca);
  EXPECT_EQ(flags.digests, "/d");
  const SecurityOptions& security = flags.security;
  EXPECT_EQ(security.tls.certificate, "/c");
  EXPECT_EQ(security.tls.key, "/k");
  EXPECT_EQ(security.tls.client_ca, "/a");
  EXPECT_EQ(security.credentials_reload, absl::Seconds(20));
  EXPECT_EQ(security.tokens, "/t");
  EXPECT_TRUE(security.tokens_on_plaintext);
  EXPECT_EQ(security.admin_listen, (Address{"127.0.0.1", 21}));
  EXPECT_EQ(security.forwarded_identity, "x-user");
  EXPECT_THAT(security.trusted_proxies,
              testing::ElementsAre("loopback", "token:envoy"));
  EXPECT_EQ(security.max_streams, 22);
  EXPECT_EQ(security.max_header_bytes, 23 * 1024);
}

TEST(FlagsTest, MetricsCanBeSwitchedOff) {
  EXPECT_EQ(Good({"--metrics-listen", "off"}).metrics_listen, std::nullopt);
  EXPECT_EQ(Good({"--metrics-listen", ""}).metrics_listen, std::nullopt);
}

// Whoever writes into a wrapper what the help shows means what it means.
TEST(FlagsTest, NoneTakesBackWhatAFlagBeforeItSaid) {
  const ServerFlags flags =
      Good({"--report-directory",   "/r",     "--digests",         "/d",
            "--tls-certificate",    "/c",     "--tls-key",         "/k",
            "--tls-client-ca",      "/a",     "--tokens",          "/t",
            "--forwarded-identity", "x-user", "--trusted-proxies", "loopback",
            "--report-directory",   "none",   "--digests",         "none",
            "--tls-certificate",    "none",   "--tls-key",         "none",
            "--tls-client-ca",      "none",   "--tokens",          "none",
            "--forwarded-identity", "none",   "--trusted-proxies", "none"});
  EXPECT_EQ(flags.report_directory, "");
  EXPECT_EQ(flags.digests, "");
  EXPECT_EQ(flags.security.tls.certificate, "");
  EXPECT_EQ(flags.security.tls.key, "");
  EXPECT_EQ(flags.security.tls.client_ca, "");
  EXPECT_EQ(flags.security.tokens, "");
  EXPECT_EQ(flags.security.forwarded_identity, "");
  EXPECT_TRUE(flags.security.trusted_proxies.empty());
}

TEST(FlagsTest, NoneInTheEnvironmentStandsForNothingToo) {
  const Environment tokens("STRATA_TOKENS", "none");
  EXPECT_EQ(Good({}).security.tokens, "");
}

TEST(FlagsTest, AdminCallsHaveNoPortOfTheirOwnUnlessAsked) {
  EXPECT_EQ(Good({}).security.admin_listen, std::nullopt);
  EXPECT_EQ(Good({"--admin-listen", "off"}).security.admin_listen,
            std::nullopt);
}

TEST(FlagsTest, TheEnvironmentStandsInForAFlag) {
  const Environment repository("STRATA_REPOSITORY", "/from/environment");
  const Environment requests("STRATA_MAX_REQUESTS", "7");
  const auto parsed = Parse({});
  ASSERT_TRUE(std::holds_alternative<ServerFlags>(parsed));
  EXPECT_EQ(std::get<ServerFlags>(parsed).repository, "/from/environment");
  EXPECT_EQ(std::get<ServerFlags>(parsed).max_requests, 7);
}

TEST(FlagsTest, VersionsComeFromTheEnvironmentToo) {
  const Environment versions("STRATA_VERSIONS", "newest");
  EXPECT_EQ(Good({}).versions, ServedVersions::kNewest);
}

TEST(FlagsTest, TheCommandLineWins) {
  const Environment requests("STRATA_MAX_REQUESTS", "7");
  EXPECT_EQ(Good({"--max-requests", "8"}).max_requests, 8);
}

TEST(FlagsTest, TheLastOfTwoCounts) {
  EXPECT_EQ(Good({"--max-requests", "8", "--max-requests", "9"}).max_requests,
            9);
}

TEST(FlagsTest, AMistakeInTheEnvironmentIsOne) {
  const Environment requests("STRATA_MAX_REQUESTS", "many");
  EXPECT_THAT(Mistake({"--repository", "/models"}),
              HasSubstr("--max-requests: \"many\" is not a whole number from "
                        "1 to 2147483647"));
}

TEST(FlagsTest, ARepositoryIsRequired) {
  EXPECT_THAT(Mistake({}), AllOf(HasSubstr("--repository is required"),
                                 HasSubstr("--help lists the flags")));
  EXPECT_THAT(Mistake({"--repository", ""}), HasSubstr("--repository"));
}

TEST(FlagsTest, MistakesSayWhatWasExpected) {
  const auto mistake = [](const char* flag, const char* value) {
    return Mistake({"--repository", "/models", flag, value});
  };
  EXPECT_THAT(mistake("--versions", "1,2"),
              HasSubstr("--versions: \"1,2\" is not all or newest"));
  EXPECT_THAT(mistake("--log-format", "xml"),
              HasSubstr("--log-format: \"xml\" is not text or json"));
  EXPECT_THAT(mistake("--otlp-endpoint", "collector"),
              HasSubstr("--otlp-endpoint: \"collector\" is not an address"));
  for (const char* ratio : {"-0.1", "1.01", "nan", "half"}) {
    EXPECT_THAT(mistake("--trace-sample-ratio", ratio),
                HasSubstr("is not a number from 0 to 1"));
  }
  EXPECT_THAT(mistake("--orca", "yes"),
              HasSubstr("--orca: \"yes\" is not on or off"));
  EXPECT_THAT(mistake("--listen", "50051"),
              HasSubstr("--listen: \"50051\" is not an address"));
  EXPECT_THAT(mistake("--metrics-listen", "no"),
              HasSubstr("--metrics-listen: \"no\" is not an address"));
  EXPECT_THAT(mistake("--max-requests", "0"),
              HasSubstr("--max-requests: \"0\" is not a whole number from 1"));
  EXPECT_THAT(mistake("--max-requests", "99999999999"),
              HasSubstr("is not a whole number from 1 to 2147483647"));
  EXPECT_THAT(mistake("--intra-op-threads", "-1"),
              HasSubstr("is not a whole number from 0 to 1024"));
  EXPECT_THAT(mistake("--max-reply-bytes", "2GiB"),
              HasSubstr("--max-reply-bytes: \"2GiB\" is not a size from 1 to "
                        "2130706432 bytes"));
  EXPECT_THAT(mistake("--max-request-bytes", "9999999999GiB"),
              HasSubstr("is not a size"));
  EXPECT_THAT(mistake("--lame-duck", "5"),
              HasSubstr("--lame-duck: \"5\" is not a duration, as 500ms"));
  EXPECT_THAT(mistake("--tokens-on-plaintext", "yes"),
              HasSubstr("\"yes\" is not on or off"));
  EXPECT_THAT(mistake("--trusted-proxies", ","), HasSubstr("is not a list"));
  EXPECT_THAT(mistake("--max-header-bytes", "2MiB"),
              HasSubstr("is not a size from 1 to 1048576 bytes"));
  EXPECT_THAT(mistake("--ageing", "-1s"), HasSubstr("is not a duration"));
  EXPECT_THAT(mistake("--drain-timeout", "inf"),
              HasSubstr("is not a duration"));
}

TEST(FlagsTest, FlagsThatContradictEachOtherAreAMistake) {
  EXPECT_THAT(Mistake({"--repository", "/models", "--lame-duck", "31s"}),
              HasSubstr("--lame-duck (31s) is above --drain-timeout (30s)"));
  EXPECT_THAT(
      Mistake({"--repository", "/models", "--max-request-bytes", "1MiB"}),
      HasSubstr("--max-message-bytes (67108864) is above --max-request-bytes "
                "(1048576)"));
  EXPECT_THAT(
      Mistake({"--repository", "/models", "--max-unread-bytes", "1MiB"}),
      HasSubstr("--max-message-bytes (67108864) is above --max-unread-bytes "
                "(1048576)"));
  EXPECT_THAT(Mistake({"--repository", "/models", "--tokens", "/t"}),
              HasSubstr("--tokens-on-plaintext on"));
  EXPECT_THAT(Mistake({"--repository", "/models", "--max-connection-age", "1h",
                       "--max-connection-age-grace", "1h4s"}),
              HasSubstr("--max-connection-age-grace (1h4s) is not 5s above "
                        "--max-connection-age (1h): a stream"));
  EXPECT_THAT(
      Mistake({"--repository", "/models", "--keepalive-timeout", "10ms"}),
      HasSubstr(
          "--keepalive-timeout (10ms) is below 1s: clients that are well"));
  EXPECT_EQ(Good({"--keepalive-time", "0s", "--keepalive-timeout", "0s"})
                .keepalive_time,
            absl::ZeroDuration());
}

TEST(FlagsTest, UnknownFlagsAndWordsAreAMistake) {
  EXPECT_THAT(Mistake({"--repository", "/models", "--turbo"}),
              HasSubstr("--turbo"));
  EXPECT_THAT(Mistake({"--repository", "/models", "extra"}),
              HasSubstr("extra"));
}

TEST(FlagsTest, MistakesAreOneLine) {
  const std::string text =
      Mistake({"--repository", "/models", "--window", "x"});
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  EXPECT_THAT(text, testing::StartsWith("strata-server: "));
}

TEST(FlagsTest, HelpExplainsEveryFlag) {
  const auto parsed = Parse({"--help"});
  const auto& exit = std::get<FlagsExit>(parsed);
  EXPECT_EQ(exit.code, 0);
  for (const char* flag : {"--repository DIR",
                           "--listen HOST:PORT [127.0.0.1:50051]",
                           "--metrics-listen IP:PORT [127.0.0.1:9464]",
                           "--devices LIST [auto]",
                           "--instances N [0]",
                           "--intra-op-threads N [0]",
                           "--tokenizer-threads N [0]",
                           "--max-requests N [1024]",
                           "--max-message-bytes SIZE [64MiB]",
                           "--max-unread-bytes SIZE [1GiB]",
                           "--max-request-bytes SIZE [256MiB]",
                           "--max-waiting-pieces N [1048576]",
                           "--max-unsent-bytes SIZE [4GiB]",
                           "--max-leased-bytes SIZE [1GiB]",
                           "--max-inputs N [1024]",
                           "--max-reply-bytes SIZE [512MiB]",
                           "--window N [256]",
                           "--ageing DURATION [500ms]",
                           "--hang-timeout DURATION [1m]",
                           "--drain-timeout DURATION [30s]",
                           "--lame-duck DURATION [2s]",
                           "--max-connection-age DURATION [0s]",
                           "--max-connection-age-grace DURATION [0s]",
                           "--keepalive-time DURATION [60s]",
                           "--keepalive-timeout DURATION [20s]",
                           "--log-format FORMAT [text]",
                           "--otlp-endpoint HOST:PORT [none]",
                           "--trace-sample-ratio RATIO [1]",
                           "--orca WHICH [on]",
                           "--version",
                           "STRATA_"}) {
    EXPECT_THAT(exit.text, HasSubstr(flag));
  }
  EXPECT_THAT(exit.text, Not(HasSubstr("(Env:")));
}

TEST(FlagsTest, VersionIsTheProjects) {
  const auto exit = std::get<FlagsExit>(Parse({"--version"}));
  EXPECT_EQ(exit.code, 0);
  EXPECT_THAT(exit.text, testing::MatchesRegex(
                             "strata-server [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

}  // namespace
}  // namespace strata
