// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/colour.h"
#include "client/cli/failure.h"
#include "client/cli/options.h"

namespace strata::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Parsed {
  std::variant<Invocation, ExitCode> result;
  std::string out;
  std::string err;
};

Parsed ParseArgs(const std::vector<std::string>& args) {
  std::ostringstream out;
  std::ostringstream err;
  auto result = Parse(args, {.out = out, .err = err});
  return {.result = std::move(result), .out = out.str(), .err = err.str()};
}

Invocation Must(const std::vector<std::string>& args) {
  const Parsed parsed = ParseArgs(args);
  EXPECT_TRUE(std::holds_alternative<Invocation>(parsed.result)) << parsed.err;
  return std::get<Invocation>(parsed.result);
}

std::string Refused(const std::vector<std::string>& args) {
  const Parsed parsed = ParseArgs(args);
  EXPECT_EQ(std::get<ExitCode>(parsed.result), kUsage);
  EXPECT_THAT(parsed.out, IsEmpty());
  return parsed.err;
}

std::vector<std::string> TextsOf(const std::vector<std::string>& args) {
  return std::get<EncodeCommand>(Must(args).command).source.texts;
}

TEST(Parse, Connection) {
  setenv("STRATA_TOKEN", "abc", 1);
  const ConnectionOptions connection =
      Must({"--tls", "--tls-ca", "/a", "models", "--tls-certificate", "/c",
            "--tls-key", "/k", "--token-file", "/t", "--token-on-plaintext"})
          .connection;
  unsetenv("STRATA_TOKEN");
  EXPECT_TRUE(connection.tls);
  EXPECT_EQ(connection.tls_ca, "/a");
  EXPECT_EQ(connection.tls_certificate, "/c");
  EXPECT_EQ(connection.tls_key, "/k");
  EXPECT_EQ(connection.token_file, "/t");
  EXPECT_EQ(connection.token, "abc");
  EXPECT_TRUE(connection.token_on_plaintext);
}

TEST(Parse, ConnectionDefaults) {
  const ConnectionOptions connection = Must({"models"}).connection;
  EXPECT_FALSE(connection.tls);
  EXPECT_EQ(connection.token, "");
  EXPECT_FALSE(connection.token_on_plaintext);
}

TEST(Parse, Defaults) {
  unsetenv("STRATA_SERVER");
  const Invocation invocation = Must({"encode", "hello"});
  EXPECT_EQ(invocation.server, "127.0.0.1:50051");
  EXPECT_EQ(invocation.timeout, absl::Seconds(30));
  EXPECT_EQ(invocation.format, Format::kTable);
  const auto& encode = std::get<EncodeCommand>(invocation.command);
  EXPECT_THAT(encode.source.texts, ElementsAre("hello"));
  EXPECT_EQ(encode.pooling, "none");
  EXPECT_EQ(encode.dtype, "float32");
  EXPECT_EQ(encode.pieces.truncation, "");
}

TEST(Parse, TheServerFromTheEnvironment) {
  setenv("STRATA_SERVER", "10.0.0.1:7", 1);
  EXPECT_EQ(Must({"health"}).server, "10.0.0.1:7");
  EXPECT_EQ(Must({"health", "--server", "b:8"}).server, "b:8");
  unsetenv("STRATA_SERVER");
}

TEST(Parse, FilesOfTlsFromTheEnvironment) {
  setenv("STRATA_TLS_CA", "/a", 1);
  setenv("STRATA_TLS_CLIENT_CERTIFICATE", "/c", 1);
  setenv("STRATA_TLS_CLIENT_KEY", "/k", 1);
  const ConnectionOptions told = Must({"health"}).connection;
  EXPECT_EQ(told.tls_ca, "/a");
  EXPECT_EQ(told.tls_certificate, "/c");
  EXPECT_EQ(told.tls_key, "/k");
  const ConnectionOptions flags =
      Must({"health", "--tls-ca", "/A", "--tls-certificate", "/C", "--tls-key",
            "/K"})
          .connection;
  EXPECT_EQ(flags.tls_ca, "/A");
  EXPECT_EQ(flags.tls_certificate, "/C");
  EXPECT_EQ(flags.tls_key, "/K");
  unsetenv("STRATA_TLS_CA");
  unsetenv("STRATA_TLS_CLIENT_CERTIFICATE");
  unsetenv("STRATA_TLS_CLIENT_KEY");
}

TEST(Parse, WhatTheServerReadsFromTheEnvironmentIsNotForClients) {
  setenv("STRATA_TLS_CERTIFICATE", "/c", 1);
  setenv("STRATA_TLS_KEY", "/k", 1);
  const ConnectionOptions connection = Must({"health"}).connection;
  EXPECT_EQ(connection.tls_certificate, "");
  EXPECT_EQ(connection.tls_key, "");
  unsetenv("STRATA_TLS_CERTIFICATE");
  unsetenv("STRATA_TLS_KEY");
}

TEST(Parse, EveryOptionOfEncode) {
  const Invocation invocation = Must({"encode",
                                      "a",
                                      "--model",
                                      "m",
                                      "--model-version",
                                      "2",
                                      "--layers",
                                      "-1,0",
                                      "--pooling",
                                      "mean",
                                      "--normalize",
                                      "--dimensions",
                                      "8",
                                      "--dtype",
                                      "float16",
                                      "--truncation",
                                      "left",
                                      "--max-pieces",
                                      "16",
                                      "--pieces",
                                      "--no-special-pieces",
                                      "--prompt",
                                      "query",
                                      "--pair",
                                      "[a second, text]",
                                      "--priority",
                                      "-3",
                                      "--output",
                                      "x.npy",
                                      "--format",
                                      "npy",
                                      "--timeout",
                                      "1.5",
                                      "b"});
  EXPECT_EQ(invocation.format, Format::kNpy);
  EXPECT_EQ(invocation.timeout, absl::Milliseconds(1500));
  const auto& encode = std::get<EncodeCommand>(invocation.command);
  EXPECT_EQ(encode.model.name, "m");
  EXPECT_EQ(encode.model.version, 2);
  EXPECT_THAT(encode.source.texts, ElementsAre("a", "b"));
  EXPECT_EQ(encode.layers, "-1,0");
  EXPECT_EQ(encode.pooling, "mean");
  EXPECT_TRUE(encode.normalize);
  EXPECT_EQ(encode.dimensions, 8);
  EXPECT_EQ(encode.dtype, "float16");
  EXPECT_EQ(encode.pieces.truncation, "left");
  EXPECT_EQ(encode.pieces.max_pieces, 16);
  EXPECT_EQ(encode.pieces.prompt, "query");
  EXPECT_EQ(encode.pieces.pair, "[a second, text]");
  EXPECT_TRUE(encode.pieces.no_special_pieces);
  EXPECT_TRUE(encode.return_pieces);
  EXPECT_EQ(encode.priority, -3);
  EXPECT_EQ(encode.output, "x.npy");
}

TEST(Parse, LogitsOfALabelledVersion) {
  const auto encode = std::get<EncodeCommand>(
      Must({"encode", "a", "--logits", "--version-label", "canary"}).command);
  EXPECT_TRUE(encode.logits);
  EXPECT_EQ(encode.model.version_label, "canary");
}

TEST(Parse, HowALongInputIsEncoded) {
  const auto defaults = std::get<EncodeCommand>(Must({"encode", "-"}).command);
  EXPECT_EQ(defaults.batch_size, 32);
  EXPECT_EQ(defaults.concurrency, 8);
  EXPECT_FALSE(defaults.keep_going);
  EXPECT_FALSE(defaults.quiet);
  const Invocation invocation =
      Must({"encode", "-", "--batch-size", "1", "--concurrency", "2",
            "--keep-going", "--quiet", "--format", "jsonl"});
  EXPECT_EQ(invocation.format, Format::kJsonl);
  const auto& encode = std::get<EncodeCommand>(invocation.command);
  EXPECT_EQ(encode.batch_size, 1);
  EXPECT_EQ(encode.concurrency, 2);
  EXPECT_TRUE(encode.keep_going);
  EXPECT_TRUE(encode.quiet);
}

TEST(Parse, Colours) {
  EXPECT_EQ(Must({"models"}).colours, ColourChoice::kAuto);
  EXPECT_EQ(Must({"models", "--color", "always"}).colours,
            ColourChoice::kAlways);
  EXPECT_EQ(Must({"--color", "never", "models"}).colours, ColourChoice::kNever);
}

TEST(Parse, CompletionAnswersItself) {
  const Parsed bash = ParseArgs({"completion", "bash"});
  EXPECT_EQ(std::get<ExitCode>(bash.result), kOk);
  EXPECT_THAT(bash.out, HasSubstr("complete -F _strata strata"));
  EXPECT_THAT(bash.err, IsEmpty());
}

TEST(Parse, TheOtherCommands) {
  EXPECT_EQ(std::get<ModelsCommand>(Must({"models"}).command).model.name, "");
  const auto models = std::get<ModelsCommand>(
      Must({"models", "minilm", "--model-version", "4"}).command);
  EXPECT_EQ(models.model.name, "minilm");
  EXPECT_EQ(models.model.version, 4);
  const auto stable = std::get<ModelsCommand>(
      Must({"models", "minilm", "--version-label", "stable"}).command);
  EXPECT_EQ(stable.model.version_label, "stable");
  EXPECT_EQ(std::get<HealthCommand>(Must({"health", "minilm"}).command).service,
            "minilm");
  const auto tokenize = std::get<TokenizeCommand>(
      Must({"tokenize", "--file", "[x]", "--model", "m"}).command);
  EXPECT_EQ(tokenize.source.file, "[x]");
  EXPECT_EQ(tokenize.model.name, "m");
}

TEST(Parse, GlobalOptionsGoAnywhere) {
  EXPECT_EQ(Must({"--server", "a:1", "models"}).server, "a:1");
  EXPECT_EQ(Must({"models", "--server", "a:1"}).server, "a:1");
  EXPECT_EQ(Must({"encode", "x", "--server", "dns:///a"}).server, "dns:///a");
}

// Whatever the text, it arrives as it was typed.
TEST(Parse, TextsAreTakenLiterally) {
  EXPECT_THAT(TextsOf({"encode", "[a, b]", "{}", "++", "", "[]"}),
              ElementsAre("[a, b]", "{}", "++", "", "[]"));
  EXPECT_THAT(TextsOf({"encode", "{}"}), ElementsAre("{}"));
  EXPECT_THAT(TextsOf({"encode", ""}), ElementsAre(""));
  EXPECT_THAT(TextsOf({"encode", "\x02[x]"}), ElementsAre("\x02[x]"));
  EXPECT_THAT(TextsOf({"encode", "a,b", "a=b", "%%", "a b"}),
              ElementsAre("a,b", "a=b", "%%", "a b"));
  EXPECT_THAT(TextsOf({"encode", "\"quoted\"", "'single'", "`x`"}),
              ElementsAre("\"quoted\"", "'single'", "`x`"));
  EXPECT_THAT(TextsOf({"encode", "models", "encode", "health"}),
              ElementsAre("models", "encode", "health"));
  EXPECT_THAT(TextsOf({"encode", "-", "-5 degrees", "- item"}),
              ElementsAre("-", "-5 degrees", "- item"));
  EXPECT_THAT(TextsOf({"encode", "--pooling", "mean", "--", "--help", "-x"}),
              ElementsAre("--help", "-x"));
}

TEST(Parse, HelpAnswersItself) {
  const Parsed all = ParseArgs({"--help"});
  EXPECT_EQ(std::get<ExitCode>(all.result), kOk);
  EXPECT_THAT(all.out, HasSubstr("Exit codes: 0 done"));
  EXPECT_THAT(all.out,
              AllOf(HasSubstr("STRATA_SERVER"), HasSubstr("STRATA_TLS_CA"),
                    HasSubstr("STRATA_TLS_CLIENT_CERTIFICATE"),
                    HasSubstr("STRATA_TLS_CLIENT_KEY")));
  EXPECT_THAT(all.err, IsEmpty());
  const Parsed encode = ParseArgs({"encode", "--help"});
  EXPECT_EQ(std::get<ExitCode>(encode.result), kOk);
  EXPECT_THAT(encode.out, HasSubstr("bfloat16 is widened to float32"));
  EXPECT_THAT(encode.out, HasSubstr("a path with %d"));
}

TEST(Parse, SaysWhatIsWrong) {
  EXPECT_EQ(Refused({}),
            "strata: a command is missing; expected encode, tokenize, models, "
            "health, top or completion.\n");
  EXPECT_THAT(Refused({"encod", "x"}), HasSubstr("encod"));
  EXPECT_THAT(Refused({"encode", "-foo"}),
              HasSubstr("Texts that begin with a dash go after --"));
  EXPECT_THAT(Refused({"encode", "x", "--dtype", "int8"}),
              HasSubstr("--dtype: int8 not in {float32,float16,bfloat16}"));
  EXPECT_THAT(Refused({"health", "--timeout", "0"}),
              HasSubstr("--timeout: \"0\"; expected a number above zero"));
  EXPECT_THAT(Refused({"encode", "x", "--max-pieces", "many"}),
              HasSubstr("--max-pieces: \"many\"; expected a number above"));
  EXPECT_EQ(Refused({"health", "--server", "localhost"}),
            "strata: --server is \"localhost\"; expected HOST:PORT, as "
            "127.0.0.1:50051.\n");
  EXPECT_EQ(Refused({"tokenize", "x", "--format", "npy"}),
            "strata: --format npy is for encode only; use table or json.\n");
  EXPECT_EQ(Refused({"models", "--format", "jsonl"}),
            "strata: --format jsonl is for encode only; use table or json.\n");
  EXPECT_THAT(Refused({"encode", "x", "--batch-size", "0"}),
              HasSubstr("--batch-size: \"0\"; expected a number above zero"));
  EXPECT_THAT(Refused({"encode", "x", "--concurrency", "257"}),
              HasSubstr("--concurrency: Value 257 not in range"));
  EXPECT_THAT(Refused({"completion"}), HasSubstr("shell is required"));
  EXPECT_THAT(Refused({"completion", "tcsh"}),
              HasSubstr("tcsh not in {bash,zsh,fish}"));
  EXPECT_EQ(Refused({"models", "--model-version", "1"}),
            "strata: --model-version needs the name of a model before it.\n");
  EXPECT_EQ(Refused({"models", "--version-label", "a"}),
            "strata: --version-label needs the name of a model before it.\n");
  EXPECT_THAT(Refused({"encode", "x", "--model-version", "1", "--version-label",
                       "stable"}),
              HasSubstr("--model-version excludes --version-label"));
  EXPECT_THAT(Refused({"encode", "x", "--logits", "--layers", "0"}),
              HasSubstr("--layers excludes --logits"));
}

TEST(Parse, Top) {
  const auto defaults = std::get<TopCommand>(Must({"top"}).command);
  EXPECT_EQ(defaults.metrics, "127.0.0.1:9464");
  EXPECT_FALSE(defaults.once);
  const auto top = std::get<TopCommand>(
      Must({"top", "--metrics", "host:1", "--once"}).command);
  EXPECT_EQ(top.metrics, "host:1");
  EXPECT_TRUE(top.once);
  EXPECT_THAT(Refused({"top", "--format", "json"}),
              HasSubstr("--format json is not for top"));
}

}  // namespace
}  // namespace strata::cli
