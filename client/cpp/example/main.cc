// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0
//
// Shows what a client of a Strata server does: it lists the models, encodes
// texts, and sends many requests over one stream.
//
//   strata-client-example [--model=NAME] [--root-certificates=FILE] [HOST:PORT]
//
// A token is read from STRATA_TOKEN.

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "strata/client.h"
#include "strata/status.h"
#include "strata/stream.h"
#include "strata/tensor_view.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "strata/v1/model_service.pb.h"

namespace {

constexpr int kRequests = 100;

struct Arguments {
  std::string address = "127.0.0.1:50051";
  std::string model;
  std::string root_certificates;
};

Arguments Parse(std::span<char* const> words) {
  Arguments arguments;
  for (absl::string_view word : words) {
    if (absl::ConsumePrefix(&word, "--model=")) {
      arguments.model = std::string(word);
    } else if (absl::ConsumePrefix(&word, "--root-certificates=")) {
      arguments.root_certificates = std::string(word);
    } else {
      arguments.address = std::string(word);
    }
  }
  return arguments;
}

absl::StatusOr<std::unique_ptr<strata::Client>> Connect(
    const Arguments& arguments) {
  // The deadline is each call's, retries and their waits included.
  strata::ClientOptions options{.target = arguments.address,
                                .deadline = absl::Seconds(60)};
  if (!arguments.root_certificates.empty()) {
    std::ifstream file(arguments.root_certificates);
    if (!file) {
      return absl::NotFoundError(
          absl::StrCat("cannot read ", arguments.root_certificates));
    }
    options.tls = strata::TlsOptions{
        .root_certificates = std::string(std::istreambuf_iterator<char>(file),
                                         std::istreambuf_iterator<char>())};
  }
  if (const char* token = std::getenv("STRATA_TOKEN")) options.token = token;
  return strata::Client::Create(std::move(options));
}

// Prints the models, and returns the one to ask.
absl::StatusOr<std::string> ChooseModel(strata::Client& client,
                                        std::string chosen) {
  const auto models = client.ListModels();
  if (!models.ok()) return models.status();
  for (const auto& model : *models) {
    std::cout << "model " << model.name() << ", version " << model.version()
              << ": " << strata::v1::ModelState_Name(model.state()) << "\n";
    if (chosen.empty() && model.state() == strata::v1::MODEL_STATE_READY) {
      chosen = model.name();
    }
  }
  if (chosen.empty()) {
    return absl::NotFoundError("none of the server's models is ready");
  }
  return chosen;
}

std::string ShapeText(const strata::TensorView& tensor) {
  return absl::StrCat("[", absl::StrJoin(tensor.shape(), ", "), "]");
}

// Asks for the embedding output and the last layer of every piece, and for the
// mean of the last layer, in one request.
absl::Status Encode(strata::Client& client, const std::string& model) {
  const std::vector<std::string> texts{"Hello world!", "This is a test"};
  strata::v1::EncodeRequest request;
  request.set_model(model);
  for (const auto& text : texts) request.add_inputs()->set_text(text);
  auto* states = request.add_outputs();
  states->add_layers(0);
  states->add_layers(-1);
  auto* pooled = request.add_outputs();
  pooled->set_pooling(strata::v1::POOLING_MEAN);
  pooled->set_normalize(true);

  const auto reply = client.Encode(request);
  if (!reply.ok()) return reply.status();
  for (int i = 0; i < reply->encodings_size(); ++i) {
    const auto& encoding = reply->encodings(i);
    if (encoding.status().code() != 0) {
      return absl::UnknownError(
          absl::StrCat(texts[i], ": ", encoding.status().message()));
    }
    // ToFloats() of a view gives its numbers.
    const auto whole = strata::TensorView::Create(encoding.outputs(0).tensor());
    if (!whole.ok()) return whole.status();
    const auto mean = strata::TensorView::Create(encoding.outputs(1).tensor());
    if (!mean.ok()) return mean.status();
    std::cout << '"' << texts[i] << "\": hidden states " << ShapeText(*whole)
              << ", pooled " << ShapeText(*mean) << "\n";
  }
  return absl::OkStatus();
}

// Sends many requests over one stream, and counts the answers.
absl::Status Stream(strata::Client& client, const std::string& model) {
  int sent = 0;
  const auto next = [&]() -> std::optional<strata::v1::EncodeRequest> {
    if (sent == kRequests) return std::nullopt;
    strata::v1::EncodeRequest request;
    request.set_model(model);
    request.add_inputs()->set_text(absl::StrCat("Text number ", sent++));
    return request;
  };
  int answered = 0;
  absl::Status failure;
  const auto take = [&](const strata::StreamAnswer& answer) {
    failure.Update(answer.response.status());
    if (answer.response.ok()) ++answered;
  };
  failure.Update(client.EncodeStream(next, take, absl::Seconds(60)));
  if (!failure.ok()) return failure;
  std::cout << answered << " requests answered over one stream\n";
  return absl::OkStatus();
}

absl::Status Run(const Arguments& arguments) {
  const auto client = Connect(arguments);
  if (!client.ok()) return client.status();
  const auto model = ChooseModel(**client, arguments.model);
  if (!model.ok()) return model.status();
  if (absl::Status status = Encode(**client, *model); !status.ok()) {
    return status;
  }
  return Stream(**client, *model);
}

}  // namespace

int main(int count, char** words) {
  const std::span arguments(words, static_cast<std::size_t>(count));
  const absl::Status status = Run(Parse(arguments.subspan(1)));
  if (status.ok()) return 0;
  // As MODEL_NOT_FOUND; the text of the status names it too.
  if (strata::ErrorReasonOf(status) == "NOT_AUTHENTICATED") {
    std::cerr << "set STRATA_TOKEN to a token that the server knows\n";
  }
  std::cerr << status << "\n";
  return 1;
}
