// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/encode_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/cli/console.h"
#include "client/cli/failure.h"

namespace strata::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// The texts from `first` on, and their answers: piece counts, 0 for one that
// failed.
struct Batch {
  std::vector<Line> lines;
  v1::EncodeResponse response;

  Batch(std::int64_t first, const std::vector<int>& counts) {
    for (const int count : counts) {
      lines.push_back({.index = first++, .text = "text"});
      v1::Encoding& encoding = *response.add_encodings();
      encoding.set_piece_count(count);
      if (count == 0) {
        encoding.mutable_status()->set_code(13);
        encoding.mutable_status()->set_message("ran out");
        continue;
      }
      v1::Tensor& tensor = *encoding.add_outputs()->mutable_tensor();
      tensor.set_dtype(v1::DATA_TYPE_FLOAT16);
      tensor.add_shape(1);
      tensor.set_data(std::string("\x00\x3C", 2));
    }
    response.set_model("minilm");
    response.set_version(2);
    response.set_digest("sha256:00");
    response.mutable_timings()->mutable_total()->set_nanos(
        static_cast<int>(1'000'000 * counts.size()));
  }
};

class EncodeWriterTest : public testing::Test {
 protected:
  std::unique_ptr<EncodeWriter> Make(Format format) {
    auto writer = MakeEncodeWriter(format, "", /*several=*/false, console_);
    EXPECT_TRUE(writer.ok()) << writer.status();
    return *std::move(writer);
  }
  static void Add(EncodeWriter& writer, const Batch& batch) {
    const auto status = writer.Add(batch.lines, batch.response);
    EXPECT_TRUE(status.ok()) << status;
  }
  std::string Written() { return out_.str(); }

  std::ostringstream out_;
  std::ostringstream err_;
  Console console_ = {.out = out_, .err = err_};
};

TEST_F(EncodeWriterTest, JsonIsOneObjectOfAllBatches) {
  const auto writer = Make(Format::kJson);
  Add(*writer, Batch(0, {3}));
  EXPECT_THAT(Written(),
              StartsWith(R"({"model":"minilm","version":2,)"
                         R"("digest":"sha256:00","encodings":[{"outputs":)"));
  Add(*writer, Batch(1, {4, 0}));
  EXPECT_TRUE(writer->Finish().ok());
  const auto json = nlohmann::ordered_json::parse(Written());
  EXPECT_EQ(json["encodings"].size(), 3U);
  EXPECT_EQ(json["encodings"][1]["piece_count"], 4);
  EXPECT_EQ(json["encodings"][2]["status"]["message"], "ran out");
  // The longest of the requests'.
  EXPECT_EQ(json["timings"]["total"], "0.002s");
  EXPECT_THAT(Written(), testing::EndsWith("}\n"));
}

TEST_F(EncodeWriterTest, JsonNamesTheModelThoughTheFirstTextsWereRefused) {
  const auto writer = Make(Format::kJson);
  Batch refused(0, {0});
  refused.response.clear_model();
  refused.response.clear_digest();
  Add(*writer, refused);
  EXPECT_EQ(Written(), "");
  Add(*writer, Batch(1, {1}));
  EXPECT_TRUE(writer->Finish().ok());
  const auto json = nlohmann::json::parse(Written());
  EXPECT_EQ(json["model"], "minilm");
  EXPECT_EQ(json["encodings"].size(), 2U);
}

TEST_F(EncodeWriterTest, JsonLinesAreWrittenAtOnce) {
  const auto writer = Make(Format::kJsonl);
  EXPECT_TRUE(writer->TellsModelsApart());
  Add(*writer, Batch(7, {3}));
  const auto json = nlohmann::ordered_json::parse(Written());
  EXPECT_THAT(Written(),
              StartsWith(R"({"index":7,"model":"minilm","version":2,)"
                         R"("digest":"sha256:00","outputs":[)"));
  EXPECT_EQ(json["piece_count"], 3);
  EXPECT_EQ(json["outputs"][0]["tensor"]["values"].dump(), "[1.0]");
  Add(*writer, Batch(8, {0}));
  const std::string second = Written().substr(Written().find('\n') + 1);
  EXPECT_THAT(second, StartsWith(R"({"index":8,)"));
  EXPECT_EQ(nlohmann::json::parse(second)["status"]["code"], 13);
  const std::string before = Written();
  EXPECT_TRUE(writer->Finish().ok());
  EXPECT_EQ(Written(), before);
}

TEST_F(EncodeWriterTest, ATableWaitsForAllOfThem) {
  const auto writer = Make(Format::kTable);
  Add(*writer, Batch(0, {3}));
  Add(*writer, Batch(1, {4}));
  EXPECT_EQ(Written(), "");
  EXPECT_TRUE(writer->Finish().ok());
  EXPECT_THAT(Written(),
              StartsWith("minilm version 2: 2 texts, 7 pieces, 1.00 ms\n\n"));
  EXPECT_THAT(Written(), HasSubstr("\ntext       4  [1]"));
}

TEST_F(EncodeWriterTest, OfNothingNothingIsWritten) {
  for (const Format format :
       {Format::kTable, Format::kJson, Format::kJsonl, Format::kNpy}) {
    EXPECT_TRUE(Make(format)->Finish().ok());
    EXPECT_EQ(Written(), "");
  }
}

TEST_F(EncodeWriterTest, NpyKnowsItsPlacesBefore) {
  const auto writer = MakeEncodeWriter(Format::kNpy, "one.npy",
                                       /*several=*/true, console_);
  EXPECT_EQ(ExitCodeOf(writer.status()), kUsage);
}

}  // namespace
}  // namespace strata::cli
