// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/batch_answer.h"

#include <cstddef>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "client/cli/line_reader.h"
#include "client/cli/texts.h"
#include "google/rpc/error_details.pb.h"
#include "strata/v1/hidden_state_service.pb.h"

namespace strata::cli {
namespace {

constexpr absl::string_view kBadRequestUrl =
    "type.googleapis.com/google.rpc.BadRequest";

// The refusal of input `place` of a request, as one of the text `name`.
absl::Status Renamed(const absl::Status& refusal, std::size_t place,
                     const std::string& name) {
  const std::string field = absl::StrCat("inputs[", place, "]");
  std::string message = absl::StrReplaceAll(
      refusal.message(), {{absl::StrCat(field, ".text"), name}, {field, name}});
  if (!absl::StrContains(message, name)) {
    message = absl::StrCat(name, ": ", message);
  }
  absl::Status renamed(refusal.code(), message);
  refusal.ForEachPayload([&](absl::string_view url, const absl::Cord& value) {
    renamed.SetPayload(url, value);
  });
  return renamed;
}

// A batch on its way through one or more requests.
class Batch {
 public:
  Batch(const std::vector<Line>& lines, const BatchOptions& options)
      : lines_(lines), options_(options), left_(lines.size()) {
    std::iota(left_.begin(), left_.end(), std::size_t{0});
  }

  void RefuseWhatIsNotUtf8() {
    for (std::size_t i = 0; i < left_.size();) {
      const Line& line = lines_[left_[i]];
      const absl::Status status = CheckUtf8(NameOf(line), line.text);
      if (status.ok()) {
        ++i;
      } else {
        Refuse(i, status);
      }
    }
  }

  BatchAnswer Encode(const EncodeFunction& encode) {
    while (!left_.empty()) {
      auto response = encode(LeftTexts());
      if (response.ok()) return Checked(*std::move(response));
      const auto place = RefusedInput(response.status());
      if (!place.has_value() || *place >= left_.size()) {
        return {.status = response.status()};
      }
      Refuse(*place,
             Renamed(response.status(), *place, NameOf(lines_[left_[*place]])));
    }
    return Answer({});
  }

 private:
  std::string NameOf(const Line& line) const {
    return TextName(options_.are_lines, line.index);
  }

  std::vector<std::string> LeftTexts() const {
    std::vector<std::string> texts;
    texts.reserve(left_.size());
    for (const std::size_t i : left_) texts.push_back(lines_[i].text);
    return texts;
  }

  // `place` is among those that are left.
  void Refuse(std::size_t place, absl::Status status) {
    const auto refused = left_.begin() + static_cast<std::ptrdiff_t>(place);
    if (options_.keep_going) {
      refused_.emplace(*refused, std::move(status));
      left_.erase(refused);
    } else {
      status_ = std::move(status);
      left_.erase(refused, left_.end());
    }
  }

  // The server's promise, which indices below rely on.
  BatchAnswer Checked(v1::EncodeResponse response) {
    const auto count = static_cast<std::size_t>(response.encodings_size());
    if (count == left_.size()) return Answer(std::move(response));
    return {.status = absl::InternalError(absl::StrCat(
                "the server answered ", count, " encodings for ", left_.size(),
                " texts; it is not a Strata server of this "
                "version"))};
  }

  // Puts those that were refused between those that were answered.
  BatchAnswer Answer(v1::EncodeResponse response) {
    auto& encodings = *response.mutable_encodings();
    // Each at its place from the front on, so that those before it are in.
    for (const auto& [place, status] : refused_) {
      v1::Encoding& failed = *encodings.Add();
      failed.mutable_status()->set_code(status.raw_code());
      failed.mutable_status()->set_message(std::string(status.message()));
      for (int i = encodings.size() - 1; i > static_cast<int>(place); --i) {
        encodings.SwapElements(i, i - 1);
      }
    }
    return {.response = std::move(response), .status = status_};
  }

  const std::vector<Line>& lines_;
  const BatchOptions& options_;
  // Those to be sent, by their place in `lines_`.
  std::vector<std::size_t> left_;
  std::map<std::size_t, absl::Status> refused_;
  absl::Status status_;
};

}  // namespace

BatchAnswer EncodeBatch(const std::vector<Line>& lines,
                        const BatchOptions& options,
                        const EncodeFunction& encode) {
  Batch batch(lines, options);
  batch.RefuseWhatIsNotUtf8();
  return batch.Encode(encode);
}

std::optional<std::size_t> RefusedInput(const absl::Status& status) {
  const auto payload = status.GetPayload(kBadRequestUrl);
  google::rpc::BadRequest request;
  if (!absl::IsInvalidArgument(status) || !payload.has_value() ||
      !request.ParseFromString(std::string(*payload))) {
    return std::nullopt;
  }
  for (const auto& violation : request.field_violations()) {
    absl::string_view field = violation.field();
    absl::ConsumeSuffix(&field, ".text");
    std::size_t place = 0;
    if (absl::ConsumePrefix(&field, "inputs[") &&
        absl::ConsumeSuffix(&field, "]") && absl::SimpleAtoi(field, &place)) {
      return place;
    }
  }
  return std::nullopt;
}

}  // namespace strata::cli
