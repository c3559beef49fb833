// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_CORE_ENGINE_CALL_H_
#define STRATA_CORE_ENGINE_CALL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/host_tensor.h"
#include "core/base/observer.h"
#include "core/batch/request.h"
#include "core/engine/reply_sink.h"
#include "core/model/model.h"
#include "core/tokenize/tokenizer.h"

namespace strata {

// What happens to an input that has more pieces than it may.
enum class Truncation { kNone, kLeft, kRight };

// A text to tokenize.
struct TextInput {
  std::string text;
  // Second text; empty: none.
  std::string pair;
  // Name of the model's prompt that goes in front of `text`; empty: none.
  std::string prompt;
  // Half-open ranges of bytes of `text`, for Pooling::kSpans.
  std::vector<ByteRange> spans;
};

// Pieces that the caller made.
struct PieceInput {
  std::vector<std::int64_t> ids;
  // Each empty or as long as `ids`.
  std::vector<std::int64_t> positions;
  std::vector<std::int64_t> type_ids;
  // For Pooling::kSpans.
  std::vector<PieceSpan> spans;
};

using EncodeInput = std::variant<TextInput, PieceInput>;

// A request to encode inputs, as its caller wrote it: names and meanings are
// strata.v1.EncodeRequest's; the engine checks it against the model.
struct EncodeCall {
  std::string model;
  std::int64_t version = 0;
  std::string version_label;
  std::vector<EncodeInput> inputs;
  // Layers may still be negative. Empty `layers`: the last. Empty: one output,
  // the last layer.
  std::vector<OutputSpec> outputs;
  Truncation truncation = Truncation::kNone;
  int max_pieces = 0;
  bool return_pieces = false;
  bool add_special_pieces = true;
  int priority = 0;
  // Who asks, as authenticated; calls of nobody in particular are one client's.
  std::string client;
  std::string expected_digest;
  // When the caller gives up.
  absl::Time deadline = absl::InfiniteFuture();
  // Requested when the caller goes away: what waits leaves the queue.
  std::stop_token stop;
  // Bytes of the message that brought it, for admission.
  std::int64_t request_bytes = 0;
  // Set: the answer goes there input by input, and may have as many bytes as
  // max_stream_reply_bytes says. nullptr: it comes whole.
  std::shared_ptr<ReplySink> sink;
  // The inputs share tensors: what each has at its pieces is followed by zeros
  // up to the longest, and counts with them. It is one message, so that with a
  // sink, too, it may have as many bytes as max_reply_bytes says.
  bool padded = false;
  // Whole numbers of 8 bytes that the answer has at each piece beside
  // `outputs`.
  int numbers_per_piece = 0;
};

// A piece in an answer.
struct Piece {
  std::int64_t id = 0;
  std::string text;
  ByteRange range;
  // Whether `range` is of the second text.
  bool in_pair = false;
};

// The answer for one input.
struct EncodedInput {
  absl::Status status;
  // One for each output asked for; none where status is not OK.
  std::vector<HostTensor> outputs;
  // Filled if return_pieces was set.
  std::vector<Piece> pieces;
  int piece_count = 0;
  int truncated_pieces = 0;
  StageTimings timings;
  BatchInfo batch;
};

// The answer to an EncodeCall.
struct EncodeReply {
  // The model that answered.
  std::shared_ptr<const Model> model;
  // The outputs as resolved; the server echoes their names.
  std::shared_ptr<const std::vector<OutputSpec>> outputs;
  // In the order of the inputs. Where the call has a sink, that has taken
  // outputs and pieces out of them.
  std::vector<EncodedInput> inputs;
  // Inputs that failed while they were computed, and why the first of them did.
  int failed_inputs = 0;
  absl::Status input_failure;
  // The longest of the inputs' for each stage; total of the whole call.
  StageTimings timings;
};

// A request to tokenize texts.
struct TokenizeCall {
  std::string model;
  std::int64_t version = 0;
  std::string version_label;
  // Without spans.
  std::vector<TextInput> texts;
  // nullopt: nothing is too long.
  std::optional<Truncation> truncation;
  int max_pieces = 0;
  bool add_special_pieces = true;
  // As in EncodeCall.
  std::string client;
  absl::Time deadline = absl::InfiniteFuture();
  std::stop_token stop;
  std::int64_t request_bytes = 0;
};

// The answer to a TokenizeCall.
struct TokenizeReply {
  struct Text {
    std::vector<Piece> pieces;
    int truncated_pieces = 0;
  };

  std::shared_ptr<const Model> model;
  std::vector<Text> texts;
  // Its room in the memory of answers; to be held until it has been sent.
  std::shared_ptr<const void> room;
};

// A request to join pieces.
struct DetokenizeCall {
  std::string model;
  std::int64_t version = 0;
  std::string version_label;
  std::vector<std::vector<std::int64_t>> inputs;
  bool skip_special_pieces = false;
  // As in EncodeCall.
  std::string client;
  absl::Time deadline = absl::InfiniteFuture();
  std::stop_token stop;
  std::int64_t request_bytes = 0;
};

// The answer to a DetokenizeCall.
struct DetokenizeReply {
  std::shared_ptr<const Model> model;
  std::vector<std::string> texts;
  // As in TokenizeReply.
  std::shared_ptr<const void> room;
};

}  // namespace strata

#endif  // STRATA_CORE_ENGINE_CALL_H_
