// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/proto_json.h"

#include <gtest/gtest.h>

#include <string>

#include "client/cli/output.h"
#include "google/rpc/status.pb.h"
#include "strata/v1/hidden_state_service.pb.h"
#include "strata/v1/model_service.pb.h"
#include "strata/v1/tensor.pb.h"

namespace strata::cli {
namespace {

TEST(ToJson, TensorsAreNestedArrays) {
  v1::Tensor tensor;
  tensor.set_dtype(v1::DATA_TYPE_BFLOAT16);
  tensor.add_shape(2);
  tensor.add_shape(2);
  tensor.set_data(std::string("\x80\x3F\x00\x00\x20\xC1\x00\x3F", 8));
  EXPECT_EQ(ToJson(tensor).dump(),
            R"({"dtype":"DATA_TYPE_BFLOAT16","shape":[2,2],)"
            R"("values":[[1.0,0.0],[-10.0,0.5]]})");
}

TEST(ToJson, FloatsAreAsShortAsTheyAre) {
  v1::Tensor tensor;
  tensor.set_dtype(v1::DATA_TYPE_FLOAT32);
  tensor.add_shape(2);
  // 0.1F and infinity.
  tensor.set_data(std::string("\xCD\xCC\xCC\x3D\x00\x00\x80\x7F", 8));
  EXPECT_EQ(ToJson(tensor)["values"].dump(), "[0.1,null]");
}

TEST(ToJson, TensorsWithoutNumbers) {
  v1::Tensor tensor;
  tensor.set_dtype(v1::DATA_TYPE_FLOAT32);
  tensor.add_shape(std::int64_t{1} << 60);
  tensor.add_shape(0);
  EXPECT_EQ(ToJson(tensor)["values"].dump(), "[]");
}

TEST(ToJson, MessagesInTheOrderOfTheirFields) {
  v1::EncodeResponse response;
  response.set_model("minilm");
  response.set_version(2);
  v1::Piece* piece = response.add_encodings()->add_pieces();
  piece->set_id(101);
  piece->set_text("▁é");
  response.mutable_timings()->mutable_total()->set_nanos(1'500'000);
  EXPECT_EQ(
      ToJson(response).dump(),
      R"({"model":"minilm","version":2,"digest":"","encodings":[{"outputs":[],)"
      R"("pieces":[{"id":101,"text":"▁é","begin":0,"end":0,)"
      R"("in_pair":false}],)"
      R"("piece_count":0,"truncated_pieces":0}],)"
      R"("timings":{"total":"0.001500s"}})");
}

TEST(ToJson, EnumsAndBoolsByName) {
  v1::TraceReport report;
  report.set_mask_form(v1::MASK_FORM_PAIRS);
  report.set_padding_exact(true);
  const Json json = ToJson(report);
  EXPECT_EQ(json["mask_form"], "MASK_FORM_PAIRS");
  EXPECT_EQ(json["padding_exact"], true);
  EXPECT_EQ(json["layers"], 0);
  EXPECT_EQ(json["arguments"].dump(), "[]");
  EXPECT_FALSE(json.contains("duration"));
}

TEST(ToJson, MapsInTheOrderOfTheirKeys) {
  v1::GetModelResponse model;
  (*model.mutable_prompts())["query"] = "query: ";
  (*model.mutable_prompts())["passage"] = "";
  EXPECT_EQ(ToJson(model)["prompts"].dump(),
            R"({"passage":"","query":"query: "})");
  EXPECT_EQ(ToJson(v1::GetModelResponse())["prompts"].dump(), "{}");
}

TEST(ToJson, BytesInBase64) {
  google::rpc::Status status;
  status.add_details()->set_value("\x01\x02");
  EXPECT_EQ(ToJson(status)["details"][0]["value"], "AQI=");
}

TEST(JsonLine, IsOneLine) {
  EXPECT_EQ(JsonLine({{"a", "x\ny"}}), "{\"a\":\"x\\ny\"}\n");
}

}  // namespace
}  // namespace strata::cli
