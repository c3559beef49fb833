// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/encode_writer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "client/cli/console.h"
#include "client/cli/encode_table.h"
#include "client/cli/line_reader.h"
#include "client/cli/npy.h"
#include "client/cli/options.h"
#include "client/cli/output.h"
#include "client/cli/proto_json.h"
#include "strata/v1/hidden_state_service.pb.h"

namespace strata::cli {
namespace {

void KeepLonger(const google::protobuf::Duration& duration,
                google::protobuf::Duration& longest) {
  const auto order = [](const google::protobuf::Duration& d) {
    return std::pair(d.seconds(), d.nanos());
  };
  if (order(longest) < order(duration)) longest = duration;
}

// What answers of several requests have in common: the model, and of each stage
// the longest time.
class Head {
 public:
  // Whether it is known which model answers: a batch of texts that were all
  // refused does not say.
  bool known() const { return !message_.model().empty(); }
  const v1::EncodeResponse& message() const { return message_; }

  void Add(const v1::EncodeResponse& response) {
    if (!known()) {
      message_.set_model(response.model());
      message_.set_version(response.version());
      message_.set_digest(response.digest());
    }
    if (!response.has_timings()) return;
    v1::Timings& timings = *message_.mutable_timings();
    KeepLonger(response.timings().tokenize(), *timings.mutable_tokenize());
    KeepLonger(response.timings().queue(), *timings.mutable_queue());
    KeepLonger(response.timings().compute(), *timings.mutable_compute());
    KeepLonger(response.timings().total(), *timings.mutable_total());
  }

 private:
  v1::EncodeResponse message_;
};

// One object, as of a single request, written as it grows.
class JsonWriter final : public EncodeWriter {
 public:
  JsonWriter(const std::string& output, const Console& console)
      : output_(output, console) {}

  absl::Status Add(const std::vector<Line>&,
                   v1::EncodeResponse response) override {
    head_.Add(response);
    for (const v1::Encoding& encoding : response.encodings()) {
      absl::StrAppend(&text_, any_ ? "," : "", JsonText(ToJson(encoding)));
      any_ = true;
    }
    // The model stands before the encodings.
    return any_ && head_.known() ? WriteText() : absl::OkStatus();
  }

  absl::Status Finish() override {
    if (!any_) return absl::OkStatus();
    absl::StrAppend(&text_, "]");
    if (head_.message().has_timings()) {
      absl::StrAppend(
          &text_, ",\"timings\":", JsonText(ToJson(head_.message().timings())));
    }
    absl::StrAppend(&text_, "}\n");
    return WriteText();
  }

 private:
  absl::Status WriteText() {
    std::string text = std::exchange(text_, {});
    if (!begun_) {
      begun_ = true;
      v1::EncodeResponse head = head_.message();
      head.clear_timings();
      // {"model":...,"encodings":[]}, open for what comes.
      const std::string whole = JsonText(ToJson(head));
      text = absl::StrCat(absl::StripSuffix(whole, "]}"), text);
    }
    return output_.Write(text);
  }

  Output output_;
  Head head_;
  // What is not written yet.
  std::string text_;
  bool any_ = false;
  bool begun_ = false;
};

// An object for each text.
class JsonLinesWriter final : public EncodeWriter {
 public:
  JsonLinesWriter(const std::string& output, const Console& console)
      : output_(output, console) {}

  absl::Status Add(const std::vector<Line>& lines,
                   v1::EncodeResponse response) override {
    for (int i = 0; i < response.encodings_size(); ++i) {
      Json json = Json::object();
      json["index"] = lines[static_cast<std::size_t>(i)].index;
      json["model"] = response.model();
      json["version"] = response.version();
      json["digest"] = response.digest();
      json.update(ToJson(response.encodings(i)));
      absl::Status status = output_.Write(JsonLine(json));
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status Finish() override { return absl::OkStatus(); }

  bool TellsModelsApart() const override { return true; }

 private:
  Output output_;
};

// A file for each text.
class NpyWriter final : public EncodeWriter {
 public:
  NpyWriter(NpyPaths paths, const Console& console)
      : paths_(std::move(paths)), console_(console) {}

  absl::Status Add(const std::vector<Line>& lines,
                   v1::EncodeResponse response) override {
    for (int i = 0; i < response.encodings_size(); ++i) {
      const v1::Encoding& encoding = response.encodings(i);
      if (encoding.outputs().empty()) continue;  // It failed.
      const auto bytes = NpyBytes(encoding.outputs(0).tensor());
      if (!bytes.ok()) return bytes.status();
      absl::Status status =
          Write(paths_.Of(lines[static_cast<std::size_t>(i)].index), *bytes,
                console_);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status Finish() override { return absl::OkStatus(); }

 private:
  const NpyPaths paths_;
  const Console& console_;
};

// A table, once all its columns' widths are known.
class TableWriter final : public EncodeWriter {
 public:
  TableWriter(const std::string& output, const Console& console)
      : output_(output, console),
        width_(console.width),
        colours_(console.out_colours && output.empty()) {}

  absl::Status Add(const std::vector<Line>& lines,
                   v1::EncodeResponse response) override {
    head_.Add(response);
    for (int i = 0; i < response.encodings_size(); ++i) {
      rows_.push_back(EncodeRowOf(lines[static_cast<std::size_t>(i)].text,
                                  std::move(*response.mutable_encodings(i)),
                                  width_));
    }
    return absl::OkStatus();
  }

  absl::Status Finish() override {
    if (rows_.empty()) return absl::OkStatus();
    return output_.Write(EncodeTable(head_.message(), rows_, width_, colours_));
  }

 private:
  Output output_;
  const int width_;
  const bool colours_;
  Head head_;
  std::vector<EncodeRow> rows_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<EncodeWriter>> MakeEncodeWriter(
    Format format, const std::string& output, bool several,
    const Console& console) {
  switch (format) {
    case Format::kJson:
      return std::make_unique<JsonWriter>(output, console);
    case Format::kJsonl:
      return std::make_unique<JsonLinesWriter>(output, console);
    case Format::kNpy: {
      auto paths = NpyPaths::Create(output, several, console.out_is_terminal);
      if (!paths.ok()) return paths.status();
      return std::make_unique<NpyWriter>(*std::move(paths), console);
    }
    case Format::kTable:
      break;
  }
  return std::make_unique<TableWriter>(output, console);
}

}  // namespace strata::cli
