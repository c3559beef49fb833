// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "strata/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "strata/status.h"
#include "strata/stream.h"
#include "tests/client/fake_server.h"

namespace strata {
namespace {

using grpc::health::v1::HealthCheckResponse;
using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;
using testing::Property;
using testing::SizeIs;

// A client whose waits are noted and not slept.
struct Harness {
  explicit Harness(FakeHandlers handlers,
                   absl::Duration deadline = absl::Seconds(30))
      : server(std::move(handlers)) {
    auto created = Client::Create(
        {.target = server.address(),
         .deadline = deadline,
         .sleep = [this](absl::Duration wait) { waits.push_back(wait); }});
    EXPECT_TRUE(created.ok()) << created.status();
    client = *std::move(created);
  }

  FakeServer server;
  std::vector<absl::Duration> waits;
  std::unique_ptr<Client> client;
};

TEST(Client, EncodesBothWays) {
  Harness harness({.encode = [](const auto&, const v1::EncodeRequest& request,
                                v1::EncodeResponse& response) {
    EXPECT_EQ(request.model(), "minilm");
    EXPECT_EQ(request.inputs(0).text(), "The cat sat.");
    response.set_model("minilm");
    response.add_encodings()->set_piece_count(6);
    return grpc::Status::OK;
  }});
  v1::EncodeRequest request;
  request.set_model("minilm");
  request.add_inputs()->set_text("The cat sat.");
  const auto response = harness.client->Encode(request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->encodings(0).piece_count(), 6);
  EXPECT_THAT(harness.waits, IsEmpty());
}

TEST(Client, TakesAnswersOfAnySize) {
  // Past gRPC's own limit of 4 MiB.
  Harness harness(
      {.encode = [](const auto&, const auto&, v1::EncodeResponse& response) {
        response.add_encodings()->add_outputs()->mutable_tensor()->set_data(
            std::string(6 << 20, 'x'));
        return grpc::Status::OK;
      }});
  const auto response = harness.client->Encode({});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_THAT(response->encodings(0).outputs(0).tensor().data(),
              SizeIs(6 << 20));
}

// Sends one text's answer in two parts.
grpc::Status EncodeInParts(const grpc::ServerContext&,
                           const v1::EncodeChunksRequest& request,
                           std::vector<v1::EncodeChunksResponse>& events) {
  EXPECT_EQ(request.request().inputs(0).text(), "The cat sat.");
  events.resize(4);
  v1::Encoding& encoding = *events[0].mutable_encoding();
  encoding.add_outputs()->mutable_tensor()->add_shape(3);
  events[1].mutable_part()->set_data("ab");
  events[2].mutable_part()->set_offset(2);
  events[2].mutable_part()->set_data("c");
  events[2].mutable_part()->set_last(true);
  events[3].mutable_done();
  events[3].mutable_answer()->set_model("minilm");
  return grpc::Status::OK;
}

TEST(Client, PutsPartsTogether) {
  Harness harness({.encode_chunks = EncodeInParts});
  v1::EncodeRequest request;
  request.add_inputs()->set_text("The cat sat.");
  const auto response = harness.client->EncodeChunks(request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->model(), "minilm");
  EXPECT_EQ(response->encodings(0).outputs(0).tensor().data(), "abc");
}

TEST(Client, AnAnswerInPartsThatBreaksOffIsMadeAgainFromTheStart) {
  std::atomic<int> calls = 0;
  Harness harness({.encode_chunks = [&](const auto& context,
                                        const auto& request, auto& events) {
    grpc::Status status = EncodeInParts(context, request, events);
    if (calls++ > 0) return status;
    events.pop_back();
    return ReasonStatus(grpc::StatusCode::UNAVAILABLE, "stopping",
                        "SERVER_STOPPING");
  }});
  v1::EncodeRequest request;
  request.add_inputs()->set_text("The cat sat.");
  const auto response = harness.client->EncodeChunks(request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->encodings(0).outputs(0).tensor().data(), "abc");
  EXPECT_EQ(calls, 2);
}

TEST(Client, PartsThatDoNotFitTogetherAreADefect) {
  Harness harness({.encode_chunks = [](const auto&, const auto&, auto& events) {
    events.emplace_back().mutable_part()->set_offset(9);
    return grpc::Status::OK;
  }});
  const auto status = harness.client->EncodeChunks({}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("out of its turn"));
  EXPECT_THAT(harness.waits, IsEmpty());
}

TEST(Client, TokenizesAndDetokenizes) {
  Harness harness({.tokenize =
                       [](const auto&, const v1::TokenizeRequest& request,
                          v1::TokenizeResponse& response) {
                         EXPECT_EQ(request.inputs(0).text(), "cat");
                         response.add_inputs()->add_pieces()->set_id(42);
                         return grpc::Status::OK;
                       },
                   .detokenize =
                       [](const auto&, const v1::DetokenizeRequest& request,
                          v1::DetokenizeResponse& response) {
                         EXPECT_THAT(request.inputs(0).ids(), ElementsAre(42));
                         response.add_texts("cat");
                         return grpc::Status::OK;
                       }});
  v1::TokenizeRequest text;
  text.add_inputs()->set_text("cat");
  EXPECT_EQ(harness.client->Tokenize(text)->inputs(0).pieces(0).id(), 42);
  v1::DetokenizeRequest pieces;
  pieces.add_inputs()->add_ids(42);
  EXPECT_THAT(harness.client->Detokenize(pieces)->texts(), ElementsAre("cat"));
}

TEST(Client, FollowsThePagesOfModels) {
  std::vector<std::string> tokens;
  Harness harness(
      {.list_models = [&](const auto&, const v1::ListModelsRequest& request,
                          v1::ListModelsResponse& response) {
        tokens.push_back(request.page_token());
        const bool first = tokens.size() == 1;
        response.add_models()->set_name(first ? "a" : "b");
        response.set_next_page_token(first ? "second" : "");
        return grpc::Status::OK;
      }});
  const auto models = harness.client->ListModels();
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_THAT(*models, ElementsAre(Property(&v1::ModelSummary::name, "a"),
                                   Property(&v1::ModelSummary::name, "b")));
  EXPECT_THAT(tokens, ElementsAre("", "second"));
}

TEST(Client, StopsAtPagesWithoutAnEnd) {
  Harness harness({.list_models = [](const auto&, const auto&,
                                     v1::ListModelsResponse& response) {
    response.set_next_page_token("again");
    return grpc::Status::OK;
  }});
  const auto models = harness.client->ListModels();
  EXPECT_EQ(models.status().code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(models.status().message()),
              HasSubstr("the list has no end"));
}

TEST(Client, AsksForTheHealthOfAService) {
  Harness harness({.health = [](const auto&, const auto& request,
                                HealthCheckResponse& response) {
    if (request.service() != "minilm") {
      return grpc::Status(grpc::StatusCode::NOT_FOUND, "no such service");
    }
    response.set_status(HealthCheckResponse::NOT_SERVING);
    return grpc::Status::OK;
  }});
  EXPECT_EQ(harness.client->Health("minilm")->status(),
            HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(harness.client->Health("other").status(),
            absl::NotFoundError("no such service"));
}

TEST(Client, ErrorsKeepTheirDetails) {
  Harness harness({.get_model = [](const auto&, const auto&, auto&) {
    return ReasonStatus(grpc::StatusCode::NOT_FOUND,
                        "no model \"x\"; this server has: minilm",
                        "MODEL_NOT_FOUND");
  }});
  const auto model = harness.client->GetModel({});
  EXPECT_EQ(model.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(model.status().message(),
            "no model \"x\"; this server has: minilm [MODEL_NOT_FOUND]");
  EXPECT_EQ(ErrorReasonOf(model.status()), "MODEL_NOT_FOUND");
  EXPECT_THAT(harness.waits, IsEmpty()) << "retried what cannot pass";
}

TEST(Client, TriesAgainWhenUnavailable) {
  std::atomic<int> calls = 0;
  Harness harness(
      {.encode = [&](const auto&, const auto&, v1::EncodeResponse& response) {
        if (calls++ == 0) {
          return ReasonStatus(grpc::StatusCode::UNAVAILABLE, "still loading",
                              "MODEL_NOT_READY");
        }
        response.set_model("minilm");
        return grpc::Status::OK;
      }});
  const auto response = harness.client->Encode({});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->model(), "minilm");
  EXPECT_EQ(calls, 2);
  EXPECT_THAT(harness.waits, ElementsAre(AllOf(Ge(absl::Milliseconds(50)),
                                               Le(absl::Milliseconds(100)))));
}

TEST(Client, WaitsAsLongAsAFullServerSays) {
  std::atomic<int> calls = 0;
  Harness harness({.encode = [&](const auto&, const auto&, auto&) {
    return calls++ < 2 ? FullStatus("1024 in flight", 700) : grpc::Status::OK;
  }});
  ASSERT_TRUE(harness.client->Encode({}).ok());
  EXPECT_EQ(calls, 3);
  const auto as_said =
      AllOf(Ge(absl::Milliseconds(700)), Le(absl::Milliseconds(840)));
  EXPECT_THAT(harness.waits, ElementsAre(as_said, as_said));
}

TEST(Client, GivesUpInTheEnd) {
  std::atomic<int> calls = 0;
  Harness harness({.encode = [&](const auto&, const auto&, auto&) {
    ++calls;
    return FullStatus("1024 in flight", 10);
  }});
  const auto status = harness.client->Encode({}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "1024 in flight; retry after 10ms");
  EXPECT_EQ(calls, RetryPolicy{}.max_attempts);
}

TEST(Client, TheDeadlineTravels) {
  std::chrono::system_clock::time_point seen;
  const auto before = std::chrono::system_clock::now();
  {
    Harness harness(
        {.encode =
             [&](const grpc::ServerContext& context, const auto&, auto&) {
               seen = context.deadline();
               return grpc::Status::OK;
             }},
        absl::Hours(1));
    ASSERT_TRUE(harness.client->Encode({}).ok());
  }
  EXPECT_GT(seen - before, std::chrono::minutes(59));
  EXPECT_LT(seen - before, std::chrono::minutes(61));
}

TEST(Client, TheDeadlineEndsTheCall) {
  absl::Notification done;
  Harness harness({.encode =
                       [&](const auto&, const auto&, auto&) {
                         done.WaitForNotification();
                         return grpc::Status::OK;
                       }},
                  absl::Milliseconds(100));
  const auto status = harness.client->Encode({}).status();
  done.Notify();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(harness.waits, IsEmpty());
}

TEST(Client, CancelEndsWhatIsUnderWayAndWhatComesLater) {
  absl::Notification asked;
  absl::Notification done;
  Harness harness({.encode = [&](const auto&, const auto&, auto&) {
    asked.Notify();
    done.WaitForNotification();
    return grpc::Status::OK;
  }});
  std::jthread canceller([&] {
    asked.WaitForNotification();
    harness.client->Cancel();
  });
  const auto status = harness.client->Encode({}).status();
  done.Notify();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(harness.client->Encode({}).status().code(),
            absl::StatusCode::kCancelled);
  EXPECT_EQ(harness.client->EncodeChunks({}).status().code(),
            absl::StatusCode::kCancelled);
  EXPECT_EQ(harness.client
                ->EncodeStream([] { return v1::EncodeRequest(); },
                               [](const StreamAnswer&) {})
                .code(),
            absl::StatusCode::kCancelled);
  EXPECT_THAT(harness.waits, IsEmpty());
}

TEST(Client, CancelEndsTheWaitForAnotherTry) {
  absl::Notification asked;
  const FakeServer server({.encode = [&](const auto&, const auto&, auto&) {
    if (!asked.HasBeenNotified()) asked.Notify();
    return FullStatus("1024 in flight", 24 * 3'600'000);
  }});
  const auto client =
      Client::Create({.target = server.address(), .deadline = absl::Hours(99)});
  std::jthread canceller([&] {
    asked.WaitForNotification();
    (*client)->Cancel();
  });
  EXPECT_EQ((*client)->Encode({}).status().code(),
            absl::StatusCode::kCancelled);
}

TEST(Client, NobodyListensIsUnavailable) {
  const std::string address = FakeServer({}).address();
  const auto client =
      Client::Create({.target = address, .retry = {.max_attempts = 1}});
  const auto status = (*client)->Health("").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReasonOf(status), std::nullopt);
}

TEST(Client, NoProxyStandsBeforeTheLoopback) {
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  Harness harness({.get_model = [](const auto&, const auto&, auto&) {
    return grpc::Status::OK;
  }});
  const auto model = harness.client->GetModel({});
  unsetenv("http_proxy");
  EXPECT_TRUE(model.ok()) << model.status();
}

TEST(Client, SendsItsTokenWithEveryCall) {
  std::vector<std::string> sent;
  FakeServer server({.health = [&sent](const grpc::ServerContext& context,
                                       const auto&, auto&) {
    const auto& metadata = context.client_metadata();
    const auto found = metadata.find("authorization");
    sent.emplace_back(
        found == metadata.end()
            ? ""
            : std::string(found->second.data(), found->second.size()));
    return grpc::Status::OK;
  }});
  for (const char* token : {"", "abc"}) {
    const auto client =
        Client::Create({.target = server.address(), .token = token});
    ASSERT_TRUE(client.ok()) << client.status();
    EXPECT_TRUE((*client)->Health("").ok());
  }
  EXPECT_THAT(sent, ElementsAre("", "Bearer abc"));
}

TEST(Client, DoesNotSendATokenUnencryptedToAnotherMachine) {
  const char* const target = "strata.example:50051";
  const absl::Status refused =
      Client::Create({.target = target, .token = "abc"}).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("use TLS"));
  EXPECT_TRUE(
      Client::Create(
          {.target = target, .token = "abc", .token_on_plaintext = true})
          .ok());
  EXPECT_TRUE(
      Client::Create({.target = target, .tls = TlsOptions(), .token = "abc"})
          .ok());
}

TEST(Client, RefusesATokenThatNoHeaderHolds) {
  for (const char* token : {"hunter2\n", "hunter 2", "hunter2\xC3"}) {
    const absl::Status status =
        Client::Create({.target = "127.0.0.1:1", .token = token}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()),
                testing::Not(HasSubstr("hunter")));
  }
}

TEST(Client, ACertificateComesWithItsKey) {
  EXPECT_EQ(Client::Create({.target = "127.0.0.1:1",
                            .tls = TlsOptions{.certificate = "x"}})
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(Client, RefusesOptionsOutOfRange) {
  const auto message = [](ClientOptions options) {
    const auto client = Client::Create(std::move(options));
    EXPECT_EQ(client.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(client.status().message());
  };
  EXPECT_THAT(message({}), HasSubstr("target is empty; expected HOST:PORT"));
  EXPECT_THAT(message({.target = "a:1", .deadline = absl::ZeroDuration()}),
              HasSubstr("deadline is 0; expected more than zero"));
  EXPECT_THAT(message({.target = "a:1", .retry = {.max_attempts = 0}}),
              HasSubstr("retry.max_attempts is 0; expected at least 1"));
}

}  // namespace
}  // namespace strata
