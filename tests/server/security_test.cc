// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// Who may call, over a real connection.

#include <chrono>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/engine/engine.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/client_context.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"
#include "prometheus/text_serializer.h"
#include "server/address.h"
#include "server/grpc_server.h"
#include "server/security_options.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "tests/fakes/puppet_model.h"
#include "tests/fakes/puppet_runner.h"
#include "tests/server/make_certificate.h"
#include "tests/server/server_fixture.h"
#include "tests/server/temporary_file.h"
#include "tests/server/token_text.h"
#include "triton/grpc_service.grpc.pb.h"

namespace strata {
namespace {

using grpc::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kText = "inputs { text: 'A' }";

std::pair<std::string, std::string> Bearer(const std::string& token) {
  return {"authorization", "Bearer " + token};
}

std::string Tokens() {
  return absl::StrCat("[", TokenText("a", "reader", "read"), ",",
                      TokenText("b", "other", "read"), ",",
                      TokenText("c", "chief", "admin"), "]");
}

// Calls that wait behind one that the puppet's strings hold.
struct Pending {
  grpc::ClientContext context;
  v1::EncodeRequest request;
  v1::EncodeResponse response;
  std::promise<grpc::Status> done;
};

class SecurityTest : public ServerFixture {
 protected:
  static constexpr std::int64_t kMessage = std::int64_t{64} << 20;

  void RestartWith(const SecurityOptions& security) {
    Restart({}, kMessage, {}, security);
  }
  void RestartWithTokens() { RestartWith(with_tokens_); }

  void Send(const std::string& token) { SendMetadata({Bearer(token)}); }

  void ExpectNotAuthenticated(const grpc::Status& status,
                              const std::string& said) {
    ExpectError(status, StatusCode::UNAUTHENTICATED, "NOT_AUTHENTICATED", "",
                said);
    EXPECT_THAT(status.error_message(), Not(HasSubstr("hunter2")));
  }

  std::unique_ptr<Pending> StartEncode(
      const std::string& request,
      const std::pair<std::string, std::string>& metadata) {
    auto call = std::make_unique<Pending>();
    call->context.AddMetadata(metadata.first, metadata.second);
    call->request = FromText<v1::EncodeRequest>(request);
    hidden_states_->async()->Encode(
        &call->context, &call->request, &call->response,
        [&done = call->done](const grpc::Status& status) {
          done.set_value(status);
        });
    return call;
  }

  // The lengths of what ran in each batch after the first, in which a request
  // waits while the others arrive, each with its metadata.
  std::vector<std::vector<int>> BatchesBehindAnother(
      const std::vector<
          std::pair<std::string, std::pair<std::string, std::string>>>& calls,
      const std::pair<std::string, std::string>& first) {
    const auto before = std::ssize(strings_->batches());
    strings_->Hold();
    std::vector<std::unique_ptr<Pending>> pending;
    pending.push_back(
        StartEncode("model: 'puppet' inputs { text: 'first' }", first));
    strings_->AwaitEntered(static_cast<int>(before) + 1);
    for (const auto& [request, metadata] : calls) {
      pending.push_back(StartEncode(request, metadata));
      observer_.AwaitQueueDepth(static_cast<int>(pending.size()) - 1);
    }
    strings_->ReleaseAll();
    for (const auto& call : pending) {
      const grpc::Status status = call->done.get_future().get();
      EXPECT_TRUE(status.ok()) << status.error_message();
    }
    std::vector<std::vector<int>> lengths;
    for (const PuppetBatch& batch : strings_->batches()) {
      lengths.push_back(batch.pieces);
    }
    lengths.erase(lengths.begin(), lengths.begin() + before + 1);
    return lengths;
  }

  const TemporaryFile tokens_{"tokens", Tokens()};
  const SecurityOptions with_tokens_{.tokens = tokens_.path(),
                                     .tokens_on_plaintext = true,
                                     .credentials_reload = absl::Seconds(10)};
};

TEST_F(SecurityTest, EveryServiceWantsATokenButHealth) {
  RestartWithTokens();
  for (const char* token : {"", "hunter2"}) {
    const std::string said =
        *token == '\0' ? "no token was sent" : "is not one of this server's";
    SendMetadata({});
    if (*token != '\0') Send(token);
    Encode(kText);
    ExpectNotAuthenticated(status(), said);
    Tokenize(kText);
    ExpectNotAuthenticated(status(), said);
    Detokenize("inputs { ids: 5 }");
    ExpectNotAuthenticated(status(), said);
    ListModels("");
    ExpectNotAuthenticated(status(), said);
    GetModel("");
    ExpectNotAuthenticated(status(), said);
    for (const char* method :
         {"HiddenStateService/EncodeChunks", "ModelService/LoadModel",
          "ModelService/UnloadModel"}) {
      ExpectNotAuthenticated(CallRaw(absl::StrCat("/strata.v1.", method), ""),
                             said);
    }
  }
  EXPECT_EQ(IsServing("puppet"), true);
  const std::string metrics =
      prometheus::TextSerializer().Serialize(metrics_.registry()->Collect());
  EXPECT_THAT(
      metrics,
      HasSubstr("strata_rejections_total{reason=\"NOT_AUTHENTICATED\"}"));
  EXPECT_THAT(metrics, Not(HasSubstr("hunter2")));
}

// A request that is not looked at is not complained about either.
TEST_F(SecurityTest, WhoIsNotKnownLearnsNothingOfHisRequest) {
  RestartWithTokens();
  ExpectNotAuthenticated(
      CallRaw("/strata.v1.HiddenStateService/Encode", "\x1A\x04\x0A\x02\xFF"),
      "no token");
}

TEST_F(SecurityTest, AReaderReads) {
  RestartWithTokens();
  Send("reader");
  ExpectServes();
  Tokenize(kText);
  EXPECT_TRUE(status().ok()) << status().error_message();
  GetModel("");
  EXPECT_TRUE(status().ok()) << status().error_message();
  ExpectError(CallRaw("/strata.v1.ModelService/LoadModel", ""),
              StatusCode::PERMISSION_DENIED, "NOT_ALLOWED", "",
              "LoadModel needs the role admin, and the token that was sent has "
              "read");
}

TEST_F(SecurityTest, AnAdminIsNotStoppedByTheRole) {
  RestartWithTokens();
  Send("chief");
  ExpectServes();
  ExpectError(CallRaw("/strata.v1.ModelService/UnloadModel", ""),
              StatusCode::PERMISSION_DENIED, "NOT_ALLOWED", "",
              "does not change its models on request");
}

TEST_F(SecurityTest, NewTokensCountAndOldOnesNoLonger) {
  RestartWithTokens();
  Send("reader");
  ExpectServes();
  tokens_.Write("[" + TokenText("d", "successor", "read") + "]");
  clock_.Advance(absl::Seconds(10));
  Encode(kText);
  ExpectNotAuthenticated(status(), "it may have been replaced");
  Send("successor");
  ExpectServes();
}

TEST_F(SecurityTest, AStreamEndsWithItsToken) {
  RestartWithTokens();
  grpc::ClientContext context;
  // So that a stream which goes on fails the test.
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::seconds(20));
  context.AddMetadata("authorization", "Bearer reader");
  const auto stream = hidden_states_->EncodeStream(&context);
  v1::EncodeStreamRequest request;
  *request.mutable_request() = FromText<v1::EncodeRequest>(kText);
  request.set_request_id("1");
  ASSERT_TRUE(stream->Write(request));
  v1::EncodeStreamResponse response;
  while (stream->Read(&response) && !response.has_done()) {
  }
  EXPECT_EQ(response.done().code(), 0);
  tokens_.Write("[" + TokenText("d", "successor", "read") + "]");
  clock_.Advance(absl::Seconds(10));
  request.set_request_id("2");
  ASSERT_TRUE(stream->Write(request));
  EXPECT_FALSE(stream->Read(&response));
  ExpectNotAuthenticated(stream->Finish(), "it may have been replaced");
}

TEST_F(SecurityTest, AStreamWithoutATokenEndsAtOnce) {
  RestartWithTokens();
  grpc::ClientContext context;
  const auto stream = hidden_states_->EncodeStream(&context);
  v1::EncodeStreamResponse response;
  EXPECT_FALSE(stream->Read(&response));
  ExpectNotAuthenticated(stream->Finish(), "no token was sent");
}

TEST_F(SecurityTest, EqualRequestsOfOneCallerAreComputedOnce) {
  RestartWithTokens();
  EXPECT_THAT(BatchesBehindAnother(
                  {{kText, Bearer("reader")}, {kText, Bearer("reader")}},
                  Bearer("reader")),
              ElementsAre(ElementsAre(3)));
}

TEST_F(SecurityTest, WhatTwoCallersAskIsComputedForEach) {
  RestartWithTokens();
  EXPECT_THAT(BatchesBehindAnother(
                  {{kText, Bearer("reader")}, {kText, Bearer("other")}},
                  Bearer("reader")),
              ElementsAre(ElementsAre(3, 3)));
}

TEST_F(SecurityTest, ThoseForWhomAProxyCallsAreCallersToo) {
  RestartWith(
      {.forwarded_identity = "x-user", .trusted_proxies = {"loopback"}});
  EXPECT_THAT(BatchesBehindAnother(
                  {{kText, {"x-user", "alice"}}, {kText, {"x-user", "bob"}}},
                  {"x-user", "alice"}),
              ElementsAre(ElementsAre(3, 3)));
}

TEST_F(SecurityTest, WhoeverIsNoProxyIsNotBelieved) {
  RestartWith({.forwarded_identity = "x-user",
               .trusted_proxies = {"certificate:envoy"}});
  EXPECT_THAT(BatchesBehindAnother(
                  {{kText, {"x-user", "alice"}}, {kText, {"x-user", "bob"}}},
                  {"x-user", "alice"}),
              ElementsAre(ElementsAre(3)));
}

// Three texts that cannot share a forward: the one that may go first does.
TEST_F(SecurityTest, APriorityCountsUpToTheTokensHighest) {
  const auto model = MakePuppetModel("narrow", strings_);
  model->plan_limits.max_rows = 1;
  registry_.SetLoading(model->id);
  ASSERT_TRUE(registry_.SetReady(model).ok());
  RestartWithTokens();
  const std::string text = "model: 'narrow' inputs { text: '";
  EXPECT_THAT(
      BatchesBehindAnother({{text + "1' }", Bearer("reader")},
                            {text + "22' } priority: 10", Bearer("reader")},
                            {text + "333' } priority: 10", Bearer("chief")}},
                           Bearer("reader")),
      ElementsAre(ElementsAre(5), ElementsAre(3), ElementsAre(4)));
}

TEST_F(SecurityTest, TheInferenceProtocolIsHeldToTheSame) {
  const std::string service = "/inference.GRPCInferenceService/";
  SecurityOptions options = with_tokens_;
  options.admin_listen = Address{.host = "127.0.0.1", .port = 0};
  RestartWith(options);
  Send("hunter2");
  const auto* const descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
          "inference.GRPCInferenceService");
  ASSERT_NE(descriptor, nullptr);
  for (int i = 0; i < descriptor->method_count(); ++i) {
    if (descriptor->method(i)->client_streaming()) continue;  // Below.
    const std::string& method = descriptor->method(i)->name();
    SCOPED_TRACE(method);
    ExpectNotAuthenticated(CallRaw(service + method, ""), "not one of");
  }
  {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer hunter2");
    const auto stream =
        inference::GRPCInferenceService::NewStub(channel_)->ModelStreamInfer(
            &context);
    inference::ModelStreamInferResponse response;
    EXPECT_FALSE(stream->Read(&response));
    ExpectNotAuthenticated(stream->Finish(), "not one of");
  }
  Send("reader");
  EXPECT_TRUE(CallRaw(service + "ServerReady", "").ok());
  for (const char* method : {"RepositoryModelLoad", "RepositoryModelUnload"}) {
    Send("reader");
    ExpectError(CallRaw(service + method, ""), StatusCode::PERMISSION_DENIED,
                "NOT_ALLOWED", "", "needs the role admin");
    Send("chief");
    ExpectError(CallRaw(service + method, ""), StatusCode::PERMISSION_DENIED,
                "NOT_ALLOWED", "", "the port of --admin-listen");
  }
  channel_ = grpc::CreateChannel(server_->admin_address()->ToString(),
                                 grpc::InsecureChannelCredentials());
  ExpectError(CallRaw(service + "RepositoryModelLoad", ""),
              StatusCode::PERMISSION_DENIED, "NOT_ALLOWED", "",
              "does not change its models on request");
}

TEST_F(SecurityTest, AdminCallsHaveAPortOfTheirOwnWhereOneIsAskedFor) {
  SecurityOptions options = with_tokens_;
  options.admin_listen = Address{.host = "127.0.0.1", .port = 0};
  RestartWith(options);
  Send("chief");
  ExpectServes();
  ExpectError(CallRaw("/strata.v1.ModelService/LoadModel", ""),
              StatusCode::PERMISSION_DENIED, "NOT_ALLOWED", "",
              "the port of --admin-listen");
  ASSERT_TRUE(server_->admin_address().has_value());
  channel_ = grpc::CreateChannel(server_->admin_address()->ToString(),
                                 grpc::InsecureChannelCredentials());
  EXPECT_EQ(IsServing("puppet"), true);
  ExpectError(CallRaw("/strata.v1.ModelService/LoadModel", ""),
              StatusCode::PERMISSION_DENIED, "NOT_ALLOWED", "",
              "does not change its models on request");
  Send("reader");
  ExpectError(CallRaw("/strata.v1.ModelService/LoadModel", ""),
              StatusCode::PERMISSION_DENIED, "NOT_ALLOWED", "",
              "needs the role admin");
  EXPECT_EQ(CallRaw("/strata.v1.HiddenStateService/Encode", "").error_code(),
            StatusCode::UNIMPLEMENTED);
}

TEST_F(SecurityTest, WithoutAPortForThemThereIsNone) {
  EXPECT_EQ(server_->admin_address(), std::nullopt);
}

TEST_F(SecurityTest, MoreMetadataThanAllowedIsRefused) {
  RestartWith({.max_header_bytes = 2048});
  SendMetadata({{"x-large", std::string(1024, 'x')}});
  ExpectServes();
  SendMetadata({{"x-large", std::string(4096, 'x')}});
  Encode(kText);
  EXPECT_EQ(status().error_code(), StatusCode::RESOURCE_EXHAUSTED)
      << status().error_message();
  // gRPC's server may have closed the connection.
  grpc::ChannelArguments anew;
  anew.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  hidden_states_ = v1::HiddenStateService::NewStub(grpc::CreateCustomChannel(
      server_->address().ToString(), grpc::InsecureChannelCredentials(), anew));
  SendMetadata({});
  ExpectServes();
}

TEST_F(SecurityTest, FilesThatCannotBeReadKeepAServerFromStarting) {
  const auto start = [this](const SecurityOptions& security) {
    GrpcServerOptions options;
    options.listen = server_->address();
    options.security = security;
    return GrpcServer::Start(options, *engine_, registry_,
                             /*manager=*/nullptr, clock_, observer_)
        .status();
  };
  EXPECT_EQ(start({.tokens = "/nowhere"}).code(),
            absl::StatusCode::kFailedPrecondition);
  const absl::Status status =
      start({.tls = {.certificate = tokens_.path(), .key = "/nowhere"}});
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nowhere"));
}

class TlsTest : public SecurityTest {
 protected:
  TlsTest() : made_(MakeCertificate("first")) {
    certificate_.Write(made_.certificate);
    key_.Write(made_.key);
    files_ = {.certificate = certificate_.path(), .key = key_.path()};
  }

  void Connect(const grpc::SslCredentialsOptions& options) {
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride("localhost");
    // Else gRPC would go on with a connection that there is already.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel_ =
        grpc::CreateCustomChannel(server_->address().ToString(),
                                  grpc::SslCredentials(options), arguments);
    hidden_states_ = v1::HiddenStateService::NewStub(channel_);
  }

  // Whether a new connection that trusts `authority` is served.
  bool Serves(const std::string& authority) {
    Connect({.pem_root_certs = authority});
    Encode(kText);
    return status().ok();
  }

  MadeCertificate made_;
  TemporaryFile certificate_{"certificate", ""};
  TemporaryFile key_{"key", ""};
  TlsFiles files_;
};

TEST_F(TlsTest, ServesThoseWhoTrustItsCertificateAndNobodyElse) {
  RestartWith({.tls = files_});
  EXPECT_TRUE(Serves(made_.certificate)) << status().error_message();
  EXPECT_FALSE(Serves(MakeCertificate("first").certificate));
  channel_ = grpc::CreateChannel(server_->address().ToString(),
                                 grpc::InsecureChannelCredentials());
  hidden_states_ = v1::HiddenStateService::NewStub(channel_);
  Encode(kText);
  EXPECT_EQ(status().error_code(), StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, ANewCertificateIsServedAndABrokenOneIsNot) {
  RestartWith({.tls = files_, .credentials_reload = absl::Seconds(10)});
  const MadeCertificate next = MakeCertificate("second");
  // One after the other: in between they do not belong together.
  certificate_.Write(next.certificate);
  clock_.Advance(absl::Seconds(10));
  EXPECT_TRUE(Serves(made_.certificate)) << status().error_message();
  key_.Write(next.key);
  clock_.Advance(absl::Seconds(10));
  EXPECT_FALSE(Serves(made_.certificate));
  EXPECT_TRUE(Serves(next.certificate)) << status().error_message();
  key_.Remove();
  clock_.Advance(absl::Seconds(10));
  EXPECT_TRUE(Serves(next.certificate)) << status().error_message();
}

TEST_F(TlsTest, AClientsCertificateIsAskedForAndSaysWhoItIs) {
  const MadeCertificate client = MakeCertificate("client");
  const TemporaryFile authority("authority", client.certificate);
  files_.client_ca = authority.path();
  RestartWith({.tls = files_,
               .forwarded_identity = "x-user",
               .trusted_proxies = {"certificate:localhost"}});
  EXPECT_FALSE(Serves(made_.certificate));
  const MadeCertificate stranger = MakeCertificate("client");
  Connect({.pem_root_certs = made_.certificate,
           .pem_private_key = stranger.key,
           .pem_cert_chain = stranger.certificate});
  Encode(kText);
  EXPECT_FALSE(status().ok());
  Connect({.pem_root_certs = made_.certificate,
           .pem_private_key = client.key,
           .pem_cert_chain = client.certificate});
  ExpectServes();
  // The alternative name is the identity, which is trusted as a proxy here.
  EXPECT_THAT(BatchesBehindAnother(
                  {{kText, {"x-user", "alice"}}, {kText, {"x-user", "bob"}}},
                  {"x-user", "alice"}),
              ElementsAre(ElementsAre(3, 3)));
}

TEST_F(TlsTest, BothPortsHaveIt) {
  RestartWith(
      {.tls = files_, .admin_listen = Address{.host = "127.0.0.1", .port = 0}});
  EXPECT_TRUE(Serves(made_.certificate)) << status().error_message();
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride("localhost");
  channel_ = grpc::CreateCustomChannel(
      server_->admin_address()->ToString(),
      grpc::SslCredentials({.pem_root_certs = made_.certificate}), arguments);
  EXPECT_EQ(IsServing("puppet"), true);
}

}  // namespace
}  // namespace strata
