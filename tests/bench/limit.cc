// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// strata-bench-limit: what LibTorch alone makes of a model and texts that are
// tokenized already, all known beforehand. It reads commands from standard
// input, one a line, and answers each with a line of JSON, so that whoever
// drives it can take turns between it and a server:
//
//   describe                      what the model is
//   run sorted BUDGET             one pass over the texts, sorted and padded
//   run packed PIECES ROWS        packed into rows of PIECES, ROWS a forward
//   run alone                     one by one
//     [first N] [layer K]         ... of the first N texts, up to layer K
//   time INDEX REPEAT [layer K]   forwards of one text alone
//   answers INDEX REPEAT          selecting all of an answer, and its copy out
//   copy|upload BYTES REPEAT      copies from and to the device
//   matrix SIZE REPEAT            products of square matrices

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/cpu_count.h"
#include "core/base/status_macros.h"
#include "core/batch/plan.h"
#include "core/batch/request.h"
#include "core/model/loader.h"
#include "tests/bench/batches.h"
#include "tests/bench/limit_model.h"
#include "tests/bench/process_use.h"
#include "tests/bench/texts.h"

namespace strata::bench {
namespace {

using Json = nlohmann::ordered_json;

// A command's words, taken from the left.
class Words {
 public:
  explicit Words(const std::string& line)
      : words_(absl::StrSplit(line, ' ', absl::SkipWhitespace())) {}

  std::string Next() {
    return next_ < words_.size() ? words_[next_++] : std::string();
  }

  absl::StatusOr<std::int64_t> NextNumber() {
    const std::string word = Next();
    std::int64_t number = 0;
    if (!absl::SimpleAtoi(word, &number) || number < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("expected a number, got '", word, "'"));
    }
    return number;
  }

  // The rest, as "first 100 layer 3".
  absl::StatusOr<std::map<std::string, std::int64_t>> Options() {
    std::map<std::string, std::int64_t> options;
    for (std::string name = Next(); !name.empty(); name = Next()) {
      STRATA_ASSIGN_OR_RETURN(options[name], NextNumber());
    }
    return options;
  }

 private:
  std::vector<std::string> words_;
  std::size_t next_ = 0;
};

// The process: a model, texts, and the commands about them.
class Limit {
 public:
  Limit(LimitModel model, const std::vector<Text>& texts)
      : model_(std::move(model)) {
    for (const Text& text : texts) {
      pieces_.push_back(text.pieces());
      sequences_.push_back({.ids = text.ids});
    }
    for (const Sequence& sequence : sequences_) pointers_.push_back(&sequence);
  }

  absl::StatusOr<Json> Answer(const std::string& line) {
    Words words(line);
    const std::string verb = words.Next();
    if (verb == "describe") return Describe();
    if (verb == "run") return Run(words);
    if (verb == "time") return Time(words);
    return Rate(verb, words);
  }

 private:
  Json Describe() const {
    const TraceReport& report = model_.report();
    return {{"layers", report.layers},
            {"width", report.width},
            {"dtype", report.dtype},
            {"longest_pieces", report.longest_pieces},
            {"packing_exact", report.packing_exact},
            {"padding_exact", report.padding_exact},
            {"prefix_sharing_exact", report.prefix_sharing_exact},
            {"texts", sequences_.size()}};
  }

  absl::StatusOr<int> Layer(
      const std::map<std::string, std::int64_t>& options) {
    const auto layer = options.find("layer");
    const int last = model_.report().layers - 1;
    if (layer == options.end()) return last;
    if (layer->second > last) {
      return absl::InvalidArgumentError(
          absl::StrCat("layer ", layer->second, " of ", last));
    }
    return static_cast<int>(layer->second);
  }

  absl::StatusOr<Json> Run(Words& words) {
    const std::string form = words.Next();
    std::int64_t size = 0;
    std::int64_t rows = 1;
    if (form != "alone") {
      STRATA_ASSIGN_OR_RETURN(size, words.NextNumber());
    }
    if (form == "packed") {
      STRATA_ASSIGN_OR_RETURN(rows, words.NextNumber());
    }
    STRATA_ASSIGN_OR_RETURN(const auto options, words.Options());
    STRATA_ASSIGN_OR_RETURN(const int layer, Layer(options));
    const auto first = options.find("first");
    const std::size_t count =
        first == options.end()
            ? pieces_.size()
            : std::min<std::size_t>(first->second, pieces_.size());
    const std::span<const int> pieces(pieces_.data(), count);
    STRATA_ASSIGN_OR_RETURN(const auto batches,
                            Batches(form, pieces, size, rows));
    return RunBatches(batches, pieces, layer);
  }

  absl::StatusOr<std::vector<BatchPlan>> Batches(const std::string& form,
                                                 std::span<const int> pieces,
                                                 std::int64_t size,
                                                 std::int64_t rows) const {
    if (form == "alone") return SingleBatches(pieces);
    if (size < 1 || rows < 1) {
      return absl::InvalidArgumentError("sizes are 1 at least");
    }
    if (form == "sorted" && model_.report().padding_exact) {
      return SortedBatches(pieces, static_cast<int>(size));
    }
    if (form == "packed" && model_.report().packing_exact) {
      return PackedBatches(pieces, static_cast<int>(size),
                           static_cast<int>(rows));
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "expected sorted, packed or alone, where this trace is exact; got '",
        form, "'"));
  }

  absl::StatusOr<Json> RunBatches(std::span<const BatchPlan> batches,
                                  std::span<const int> pieces, int layer) {
    STRATA_ASSIGN_OR_RETURN(const Elapsed elapsed,
                            model_.Run(pointers_, batches, layer));
    const Work useful = UsefulWork(pieces);
    const Work done = WorkOf(batches);
    const auto texts = static_cast<double>(pieces.size());
    return Json{
        {"seconds", elapsed.seconds},
        {"cpu_seconds", elapsed.cpu_seconds},
        {"texts", pieces.size()},
        {"pieces", useful.places},
        {"pairs", useful.pairs},
        {"forwards", batches.size()},
        {"computed_places", done.places},
        {"computed_pairs", done.pairs},
        {"texts_per_second", texts / elapsed.seconds},
        {"pieces_per_second",
         static_cast<double>(useful.places) / elapsed.seconds},
        {"cpu_seconds_per_1000_texts", 1000 * elapsed.cpu_seconds / texts}};
  }

  absl::StatusOr<const Sequence*> NextSequence(Words& words) {
    STRATA_ASSIGN_OR_RETURN(const std::int64_t index, words.NextNumber());
    if (index >= std::ssize(sequences_)) {
      return absl::InvalidArgumentError(
          absl::StrCat("text ", index, " of ", sequences_.size()));
    }
    return &sequences_[index];
  }

  absl::StatusOr<Json> Time(Words& words) {
    STRATA_ASSIGN_OR_RETURN(const Sequence* sequence, NextSequence(words));
    STRATA_ASSIGN_OR_RETURN(const std::int64_t repeat, words.NextNumber());
    STRATA_ASSIGN_OR_RETURN(const auto options, words.Options());
    STRATA_ASSIGN_OR_RETURN(const int layer, Layer(options));
    if (repeat < 1) return absl::InvalidArgumentError("repeat at least once");
    STRATA_ASSIGN_OR_RETURN(
        std::vector<double> seconds,
        model_.Time(*sequence, static_cast<int>(repeat), layer));
    std::ranges::sort(seconds);
    return Json{{"p50_ms", 1e3 * seconds[seconds.size() / 2]},
                {"least_ms", 1e3 * seconds.front()},
                {"pieces", sequence->pieces()}};
  }

  absl::StatusOr<Json> Rate(const std::string& verb, Words& words) {
    if (verb == "answers") {
      STRATA_ASSIGN_OR_RETURN(const Sequence* sequence, NextSequence(words));
      STRATA_ASSIGN_OR_RETURN(const std::int64_t repeat, words.NextNumber());
      STRATA_ASSIGN_OR_RETURN(
          const double rate,
          model_.AnswerRate(*sequence, static_cast<int>(repeat)));
      return Json{{"bytes_per_second", rate}};
    }
    STRATA_ASSIGN_OR_RETURN(const std::int64_t size, words.NextNumber());
    STRATA_ASSIGN_OR_RETURN(const std::int64_t repeat, words.NextNumber());
    const int times = static_cast<int>(repeat);
    if (verb == "matrix") {
      STRATA_ASSIGN_OR_RETURN(const double rate,
                              model_.MatrixRate(size, times));
      return Json{{"flops_per_second", rate}};
    }
    if (verb != "copy" && verb != "upload") {
      return absl::InvalidArgumentError(
          absl::StrCat("unknown command '", verb, "'"));
    }
    STRATA_ASSIGN_OR_RETURN(const double rate,
                            verb == "copy" ? model_.CopyRate(size, times)
                                           : model_.UploadRate(size, times));
    return Json{{"bytes_per_second", rate}};
  }

  LimitModel model_;
  std::vector<int> pieces_;
  std::vector<Sequence> sequences_;
  // To the elements of sequences_, which stay where they are.
  std::vector<const Sequence*> pointers_;
};

struct Flags {
  std::string model;
  std::string texts;
  std::string device = "cpu";
  int threads = 0;
};

absl::Status Serve(const Flags& flags) {
  STRATA_ASSIGN_OR_RETURN(const std::vector<Text> texts,
                          ReadTexts(flags.texts));
  std::int64_t vocabulary = 0;
  for (const Text& text : texts) {
    vocabulary = std::max(vocabulary, *std::ranges::max_element(text.ids) + 1);
  }
  STRATA_ASSIGN_OR_RETURN(const auto devices, ResolveDevices(flags.device));
  InitializeTorch(flags.threads > 0 ? flags.threads : AvailableCpus());
  STRATA_ASSIGN_OR_RETURN(
      LimitModel model,
      LimitModel::Load(flags.model, devices.front(), vocabulary));
  Limit limit(std::move(model), texts);
  std::string line;
  while (std::getline(std::cin, line)) {
    absl::StatusOr<Json> answer = limit.Answer(line);
    if (!answer.ok()) {
      answer = Json{{"error", std::string(answer.status().message())}};
    }
    std::cout << answer->dump() << "\n" << std::flush;
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace strata::bench

namespace {

int Main(int argc, char** argv) {
  strata::bench::Flags flags;
  CLI::App app(
      "Runs a model with LibTorch alone, as commands on standard "
      "input say.",
      "strata-bench-limit");
  app.add_option("--model", flags.model, "A model directory.")->required();
  app.add_option("--texts", flags.texts, "Texts with their ids.")->required();
  app.add_option("--device", flags.device, "cpu or cuda:N.");
  app.add_option("--threads", flags.threads,
                 "Threads of a forward on the CPU. 0: as the server.");
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = strata::bench::Serve(flags);
  if (status.ok()) return EXIT_SUCCESS;
  std::cerr << "strata-bench-limit: " << status.message() << "\n";
  return EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "strata-bench-limit: " << error.what() << "\n";
    return EXIT_FAILURE;
  }
}
