// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/console.h"
#include "client/cli/encode_table.h"
#include "client/cli/npy.h"
#include "client/cli/options.h"
#include "client/cli/output.h"
#include "client/cli/proto_json.h"
#include "client/cli/request.h"
#include "client/cli/texts.h"
#include "strata/client.h"
#include "strata/status.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "strata/v1/model_service.pb.h"

namespace strata::cli {
namespace {

// The numbers of --layers; of "all", from what the server knows of the model.
absl::StatusOr<std::vector<std::int32_t>> ResolveLayers(
    Client& client, const EncodeCommand& command) {
  if (command.layers != "all") return ParseLayers(command.layers);
  v1::GetModelRequest request;
  request.set_model(command.model.name);
  request.set_version(command.model.version);
  request.set_version_label(command.model.version_label);
  const auto model = client.GetModel(request);
  if (!model.ok()) return model.status();
  const int count = model->trace_report().layers();
  if (count <= 0) {
    return absl::FailedPreconditionError(
        "the server does not say how many layers the model has; list them "
        "with --layers instead of all");
  }
  std::vector<std::int32_t> layers(static_cast<std::size_t>(count));
  std::iota(layers.begin(), layers.end(), 0);
  return layers;
}

// The server's promise, which indices below rely on.
absl::Status CheckCount(const v1::EncodeResponse& response, std::size_t texts) {
  const auto answers = static_cast<std::size_t>(response.encodings_size());
  if (answers == texts) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the server answered ", answers,
                                          " encodings for ", texts,
                                          " texts; it is not a Strata server "
                                          "of this version"));
}

// The first input that failed by itself, with its number.
absl::Status FirstFailure(const v1::EncodeResponse& response) {
  for (int i = 0; i < response.encodings_size(); ++i) {
    const auto& status = response.encodings(i).status();
    if (status.code() == 0) continue;
    return {static_cast<absl::StatusCode>(status.code()),
            absl::StrCat("text ", i + 1, " failed: ", status.message())};
  }
  return absl::OkStatus();
}

absl::Status WriteNpy(const v1::EncodeResponse& response,
                      const std::vector<std::string>& paths,
                      const Console& console) {
  for (int i = 0; i < response.encodings_size(); ++i) {
    const v1::Encoding& encoding = response.encodings(i);
    if (encoding.outputs().empty()) continue;  // It failed, and that is said.
    const auto bytes = NpyBytes(encoding.outputs(0).tensor());
    if (!bytes.ok()) return bytes.status();
    const std::string& path = paths[static_cast<std::size_t>(i)];
    if (auto status = Write(path, *bytes, console); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// In parts where one message may not hold the answer.
absl::StatusOr<v1::EncodeResponse> EncodeOfAnySize(
    Client& client, const v1::EncodeRequest& request) {
  auto response = client.Encode(request);
  if (ErrorReasonOf(response.status()) != "REPLY_TOO_LARGE") return response;
  return client.EncodeChunks(request);
}

}  // namespace

absl::Status RunEncode(Client& client, const EncodeCommand& command,
                       Format format, const Console& console) {
  const auto texts = ReadTexts(command.source, console.in);
  if (!texts.ok()) return texts.status();
  if (auto status = CheckUtf8(command.pieces); !status.ok()) return status;
  // Before anything is computed that could not be written.
  std::vector<std::string> paths;
  if (format == Format::kNpy) {
    auto planned =
        NpyPaths(command.output, texts->size(), console.out_is_terminal);
    if (!planned.ok()) return planned.status();
    paths = *std::move(planned);
  }
  const auto layers = ResolveLayers(client, command);
  if (!layers.ok()) return layers.status();
  const auto response =
      EncodeOfAnySize(client, EncodeRequestFor(command, *texts, *layers));
  if (!response.ok()) return response.status();
  if (auto s = CheckCount(*response, texts->size()); !s.ok()) return s;

  absl::Status written;
  if (format == Format::kNpy) {
    written = WriteNpy(*response, paths, console);
  } else {
    written = Write(command.output,
                    format == Format::kJson
                        ? JsonLine(ToJson(*response))
                        : EncodeTable(*texts, *response, console.width),
                    console);
  }
  return written.ok() ? FirstFailure(*response) : written;
}

}  // namespace strata::cli
