// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/commands.h"

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/cli/colour.h"
#include "client/cli/console.h"
#include "client/cli/model_table.h"
#include "client/cli/options.h"
#include "client/cli/output.h"
#include "client/cli/piece_table.h"
#include "client/cli/proto_json.h"
#include "client/cli/request.h"
#include "client/cli/texts.h"
#include "grpc/health/v1/health.pb.h"
#include "strata/client.h"
#include "strata/v1/model_service.pb.h"
#include "strata/v1/tokenizer_service.pb.h"

namespace strata::cli {
namespace {

using grpc::health::v1::HealthCheckResponse;

absl::Status ListModels(Client& client, Format format, const Console& console) {
  auto models = client.ListModels();
  if (!models.ok()) return models.status();
  if (format == Format::kTable) {
    return Write("",
                 ModelListTable(*models, console.width, console.out_colours),
                 console);
  }
  v1::ListModelsResponse all;
  all.mutable_models()->Add(models->begin(), models->end());
  Json json = ToJson(all);
  json.erase("next_page_token");  // Every page is here.
  return Write("", JsonLine(json), console);
}

}  // namespace

absl::Status RunTokenize(Client& client, const TokenizeCommand& command,
                         Format format, const Console& console) {
  const auto texts = ReadTexts(command.source, console.in);
  if (!texts.ok()) return texts.status();
  if (auto status = CheckUtf8(command.pieces); !status.ok()) return status;
  const auto response = client.Tokenize(TokenizeRequestFor(command, *texts));
  if (!response.ok()) return response.status();
  const auto answers = static_cast<std::size_t>(response->inputs_size());
  if (answers != texts->size()) {
    return absl::InternalError(absl::StrCat(
        "the server answered ", answers, " inputs for ", texts->size(),
        " texts; it is not a Strata server of this version"));
  }
  return Write("",
               format == Format::kJson
                   ? JsonLine(ToJson(*response))
                   : TokenizeTable(*texts, *response, console.width,
                                   console.out_colours),
               console);
}

absl::Status RunModels(Client& client, const ModelsCommand& command,
                       Format format, const Console& console) {
  if (command.model.name.empty()) return ListModels(client, format, console);
  v1::GetModelRequest request;
  request.set_model(command.model.name);
  request.set_version(command.model.version);
  request.set_version_label(command.model.version_label);
  const auto model = client.GetModel(request);
  if (!model.ok()) return model.status();
  return Write("",
               format == Format::kJson
                   ? JsonLine(ToJson(*model))
                   : ModelTable(*model, console.width, console.out_colours),
               console);
}

absl::Status RunHealth(Client& client, const HealthCommand& command,
                       Format format, const Console& console) {
  const auto response = client.Health(command.service);
  if (!response.ok()) return response.status();
  const std::string name =
      HealthCheckResponse::ServingStatus_Name(response->status());
  absl::Status written = Write(
      "",
      format == Format::kJson
          ? JsonLine(ToJson(*response))
          : absl::StrCat(Coloured(name, StateColour(name), console.out_colours),
                         "\n"),
      console);
  if (!written.ok() || response->status() == HealthCheckResponse::SERVING) {
    return written;
  }
  return absl::FailedPreconditionError(absl::StrCat(
      command.service.empty() ? "the server" : command.service, " is ", name,
      "; `strata models` shows the state of each model"));
}

}  // namespace strata::cli
