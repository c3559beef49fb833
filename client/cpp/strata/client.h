// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CLIENT_CPP_CLIENT_H_
#define STRATA_CLIENT_CPP_CLIENT_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "grpc/health/v1/health.pb.h"
#include "strata/retry.h"
#include "strata/stream.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "strata/v1/model_service.pb.h"
#include "strata/v1/tokenizer_service.pb.h"

namespace strata {

// How the connection is encrypted, as PEM texts.
struct TlsOptions {
  // Of the authorities that the server's certificate may come from. Empty: the
  // system's.
  std::string root_certificates;
  // What this client shows of itself, and the key for it; empty: nothing, which
  // a server that asks for certificates refuses.
  std::string certificate;
  std::string key;
};

struct ClientOptions {
  // HOST:PORT, or any gRPC target as "dns:///strata.example:50051".
  std::string target;
  // How long a call may take in all, retries and waits included. It travels to
  // the server, which drops what nobody waits for any more.
  absl::Duration deadline = absl::Seconds(30);
  // Largest message that is accepted, in bytes. Negative: no limit; the server
  // has one of its own (max_reply_bytes).
  int max_receive_bytes = -1;
  // nullopt: the connection is not encrypted.
  std::optional<TlsOptions> tls;
  // Sent with every call. Empty: none.
  std::string token;
  // Lets the token travel unencrypted to another machine, where it can be read
  // on the way.
  bool token_on_plaintext = false;
  // When a failed call is made again.
  RetryPolicy retry;
  // How a wait before another call is spent, in tests. Empty: it is waited out,
  // or until Client::Cancel.
  std::function<void(absl::Duration)> sleep;
};

// Calls a Strata server.
//
// Thread-safe; one client serves many threads over one connection, and calls
// block until the answer, an error, or the deadline. Errors are those of
// StatusFromGrpc (strata/status.h). A server that cannot be reached is
// UNAVAILABLE, at the call and not in Create.
//
//   auto client = strata::Client::Create({.target = "127.0.0.1:50051"});
//   if (!client.ok()) return client.status();
//   strata::v1::EncodeRequest request;
//   request.add_inputs()->set_text("The cat sat on the mat.");
//   const auto response = (*client)->Encode(request);
//   if (!response.ok()) return response.status();
//   const auto states = strata::TensorView::Create(
//       response->encodings(0).outputs(0).tensor());
class Client {
 public:
  // INVALID_ARGUMENT: an option is out of its range.
  static absl::StatusOr<std::unique_ptr<Client>> Create(ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Ends every call that is under way, and at once every later one, with
  // CANCELLED: for a program that is told to end while others of its threads
  // wait for answers.
  void Cancel();

  absl::StatusOr<v1::EncodeResponse> Encode(const v1::EncodeRequest& request);
  // The same answer, whatever its size (up to the server's
  // max_stream_reply_bytes): it comes in parts, which are put together here.
  absl::StatusOr<v1::EncodeResponse> EncodeChunks(
      const v1::EncodeRequest& request);
  // Into a file on the server's side; nothing of the tensors is sent. The
  // server has to allow it.
  absl::StatusOr<v1::EncodeToFileResponse> EncodeToFile(
      const v1::EncodeToFileRequest& request);
  // Many requests over one stream, whose answers may be of any size too. `next`
  // is called on a thread of this call's own, as the server takes requests;
  // `on_answer` on the caller's, as they complete, in any order. A request that
  // fails is an answer with its status, and the others go on.
  //
  // Returns when every request is answered and `next` has ended. Errors are the
  // stream's own; nothing is retried: what has no answer then may be sent
  // again. `deadline` is that of the whole stream, and of each request.
  absl::Status EncodeStream(const RequestSource& next,
                            const AnswerSink& on_answer,
                            absl::Duration deadline = absl::InfiniteDuration());
  absl::StatusOr<v1::TokenizeResponse> Tokenize(
      const v1::TokenizeRequest& request);
  absl::StatusOr<v1::DetokenizeResponse> Detokenize(
      const v1::DetokenizeRequest& request);
  // Every version of every model, from all pages; the deadline is each page's.
  absl::StatusOr<std::vector<v1::ModelSummary>> ListModels();
  absl::StatusOr<v1::GetModelResponse> GetModel(
      const v1::GetModelRequest& request);
  // Of one model, or of the server (""). NOT_FOUND: it knows no such service.
  absl::StatusOr<grpc::health::v1::HealthCheckResponse> Health(
      absl::string_view service);

 private:
  // Keeps gRPC's headers out of this one.
  struct Stubs;

  Client(ClientOptions options, std::unique_ptr<Stubs> stubs);

  const ClientOptions options_;
  const std::unique_ptr<Stubs> stubs_;
};

}  // namespace strata

#endif  // STRATA_CLIENT_CPP_CLIENT_H_
