// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/cli/batch_answer.h"
#include "client/cli/colour.h"
#include "client/cli/commands.h"
#include "client/cli/console.h"
#include "client/cli/encode_writer.h"
#include "client/cli/failure.h"
#include "client/cli/format.h"
#include "client/cli/interrupt.h"
#include "client/cli/line_reader.h"
#include "client/cli/line_source.h"
#include "client/cli/npy.h"
#include "client/cli/options.h"
#include "client/cli/output.h"
#include "client/cli/pipeline.h"
#include "client/cli/progress.h"
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

// In parts where one message may not hold the answer.
absl::StatusOr<v1::EncodeResponse> EncodeOfAnySize(
    Client& client, const v1::EncodeRequest& request) {
  auto response = client.Encode(request);
  if (ErrorReasonOf(response.status()) != "REPLY_TOO_LARGE") return response;
  return client.EncodeChunks(request);
}

// Where the texts come from. `size`: bytes of a file.
absl::StatusOr<std::unique_ptr<LineSource>> OpenSource(
    const EncodeCommand& command, int standard_input,
    std::optional<std::int64_t>& size) {
  if (auto s = CheckSource(command.source); !s.ok()) return s;
  const auto batch = static_cast<std::size_t>(command.batch_size);
  if (!AreLines(command.source)) {
    return std::make_unique<LineSource>(command.source.texts, batch);
  }
  auto bytes = OpenLines(command.source, standard_input);
  if (!bytes.ok()) return bytes.status();
  size = (*bytes)->size();
  return std::make_unique<LineSource>(*std::move(bytes), batch);
}

// What happens to the answers: they are written, failures are told, progress is
// shown.
class EncodeRun {
 public:
  EncodeRun(const EncodeCommand& command, Format format, EncodeWriter& writer,
            std::optional<std::int64_t> size, const Console& console)
      : are_lines_(AreLines(command.source)),
        hides_for_output_(console.out_is_terminal && command.output.empty() &&
                          format != Format::kTable),
        writer_(writer),
        console_(console),
        progress_(console.err,
                  {.shown = console.err_is_terminal && TerminalMovesCursor() &&
                            !command.quiet,
                   .width = console.err_width,
                   .all_bytes = size}) {}

  // All that the pipeline gives, up to the first error.
  absl::Status TakeAll(Pipeline& pipeline) {
    for (;;) {
      while (!pipeline.WaitFor(Progress::kInterval)) progress_.Draw();
      auto batch = pipeline.Take();
      if (!batch.has_value()) return pipeline.source_status();
      absl::Status status = Add(*std::move(batch));
      if (!status.ok()) return status;
      progress_.Draw();
    }
  }

  // Ends the output, and says how the run ended that TakeAll ended so.
  absl::Status Finish(absl::Status status) {
    progress_.Hide();
    status.Update(writer_.Finish());
    if (Interrupt::happened()) {
      return Interrupted(
          absl::StrCat("interrupted; ", Count(texts_, "text"), " written"));
    }
    if (!status.ok()) return status;
    if (texts_ == 0) return NoLineError();
    if (failed_ == 0) return status;
    return SomeFailed(
        absl::StrCat(failed_, " of ", Count(texts_, "text"), " failed"));
  }

 private:
  absl::Status Add(Pipeline::Batch batch) {
    v1::EncodeResponse& response = batch.answer.response;
    if (auto s = CheckModel(response); !s.ok()) return s;
    const int count = response.encodings_size();
    const std::vector<std::string> failures = FailuresOf(batch);
    if (hides_for_output_ || !failures.empty()) progress_.Hide();
    absl::Status status = writer_.Add(batch.lines, std::move(response));
    if (!status.ok()) return status;
    for (const std::string& failure : failures) Complain(console_, failure);
    texts_ += count;
    failed_ += static_cast<std::int64_t>(failures.size());
    if (count > 0) {
      progress_.Add(count,
                    batch.lines[static_cast<std::size_t>(count - 1)].end);
    }
    return batch.answer.status;
  }

  // A new version may take over while a run lasts: its numbers are others.
  absl::Status CheckModel(const v1::EncodeResponse& response) {
    // All texts of the batch were refused.
    if (response.model().empty() || writer_.TellsModelsApart()) {
      return absl::OkStatus();
    }
    if (model_.model().empty()) {
      model_.set_model(response.model());
      model_.set_version(response.version());
      model_.set_digest(response.digest());
    }
    if (response.digest() == model_.digest()) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(
        response.model(), " was version ", model_.version(),
        " at the start of the run and is version ", response.version(),
        " now; choose one with --model-version, or take --format jsonl, which "
        "names it for each text"));
  }

  // A sentence for each text that failed by itself.
  std::vector<std::string> FailuresOf(const Pipeline::Batch& batch) const {
    std::vector<std::string> failures;
    const auto& encodings = batch.answer.response.encodings();
    for (int i = 0; i < encodings.size(); ++i) {
      const auto& status = encodings[i].status();
      if (status.code() == 0) continue;
      const std::string name =
          TextName(are_lines_, batch.lines[static_cast<std::size_t>(i)].index);
      const auto code = static_cast<absl::StatusCode>(status.code());
      failures.push_back(absl::StrCat(
          // One that was refused names itself.
          absl::StartsWith(status.message(), name)
              ? ""
              : absl::StrCat(name, ": ", absl::StatusCodeToString(code), ": "),
          absl::StripSuffix(status.message(), "."), "."));
    }
    return failures;
  }

  const bool are_lines_;
  // Whether progress stands where the answers go as they come.
  const bool hides_for_output_;
  EncodeWriter& writer_;
  const Console& console_;
  Progress progress_;
  // The model that answered first.
  v1::EncodeResponse model_;
  std::int64_t texts_ = 0;
  std::int64_t failed_ = 0;
};

}  // namespace

absl::Status RunEncode(Client& client, const EncodeCommand& command,
                       Format format, const Console& console) {
  if (auto status = CheckUtf8(command.pieces); !status.ok()) return status;
  std::optional<std::int64_t> size;
  const auto source = OpenSource(command, console.in, size);
  if (!source.ok()) return source.status();
  const Interrupt interrupt([&] {
    (*source)->Stop();
    client.Cancel();
  });
  // Before anything is computed that could not be written.
  const bool several = format == Format::kNpy &&
                       !NpyPaths::HoldsSeveral(command.output) &&
                       (*source)->HasSeveral();
  const auto writer =
      MakeEncodeWriter(format, command.output, several, console);
  if (!writer.ok()) return writer.status();
  EncodeRun run(command, format, **writer, size, console);
  const auto layers = ResolveLayers(client, command);
  if (!layers.ok()) return run.Finish(layers.status());

  const BatchOptions options = {.are_lines = AreLines(command.source),
                                .keep_going = command.keep_going};
  const EncodeFunction encode = [&](const std::vector<std::string>& texts) {
    return EncodeOfAnySize(client, EncodeRequestFor(command, texts, *layers));
  };
  Pipeline pipeline(
      **source,
      [&](const std::vector<Line>& lines) {
        return EncodeBatch(lines, options, encode);
      },
      static_cast<std::size_t>(command.concurrency));
  const absl::Status status = run.TakeAll(pipeline);
  // What is still under way is of no use any more.
  if (!status.ok()) client.Cancel();
  return run.Finish(status);
}

}  // namespace strata::cli
