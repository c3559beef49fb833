// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/tokenize/hugging_face_tokenizer.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "core/base/error.h"
#include "core/tokenize/tokenizer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace strata {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

// A file with the words "river" (0), "water" (3) and " " (4) as its vocabulary;
// the arguments are JSON.
struct File {
  std::string pre_tokenizer = R"({"type": "Whitespace"})";
  std::string post_processor = "null";
  std::string decoder = "null";
  std::string truncation = "null";
  std::string padding = "null";
  std::string model = R"({"type": "WordLevel", "unk_token": "[UNK]",
                          "vocab": {"river": 0, "water": 3, " ": 4}})";
};

std::string ToJson(const File& file) {
  return absl::StrCat(
      R"({"version": "1.0", "added_tokens": [], "normalizer": null,
          "truncation": )",
      file.truncation, R"(, "padding": )", file.padding,
      R"(, "pre_tokenizer": )", file.pre_tokenizer, R"(, "post_processor": )",
      file.post_processor, R"(, "decoder": )", file.decoder, R"(, "model": )",
      file.model, "}");
}

std::unique_ptr<HuggingFaceTokenizer> Load(const File& file) {
  auto tokenizer = HuggingFaceTokenizer::Create(ToJson(file));
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status();
  return tokenizer.ok() ? *std::move(tokenizer) : nullptr;
}

std::vector<std::int64_t> Ids(const Tokenizer& tokenizer,
                              absl::string_view text) {
  auto tokens = tokenizer.Encode(text, {});
  EXPECT_TRUE(tokens.ok()) << tokens.status();
  return tokens.ok() ? tokens->ids : std::vector<std::int64_t>{};
}

TEST(HuggingFaceTokenizer, RefusesWhatIsNoTokenizer) {
  struct Case {
    std::string json;
    const char* message;
  };
  const std::vector<Case> cases = {
      {"", "tokenizers: EOF while parsing a value at line 1 column 0"},
      {"not JSON", "tokenizers: expected ident at line 1 column 2"},
      {"{}", "tokenizers: Model missing. at line 1 column 2"},
      {"[1, 2]", "tokenizers: invalid type"},
      {std::string("\0\xFF", 2), "tokenizers: expected value"},
      {ToJson({}).substr(0, 200), "tokenizers: EOF while parsing"},
      {ToJson({.pre_tokenizer = R"({"type": "Unheard"})"}),
       "tokenizers: data did not match any variant"},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(testing::PrintToString(test.json));
    const absl::Status status =
        HuggingFaceTokenizer::Create(test.json).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReasonOf(status), Reason::kInvalidField);
    EXPECT_THAT(std::string(status.message()), HasSubstr(test.message));
  }
}

TEST(HuggingFaceTokenizer, SwitchesTruncationAndPaddingOff) {
  const auto tokenizer = Load({
      .truncation = R"({"direction": "Right", "max_length": 2,
                        "strategy": "LongestFirst", "stride": 0})",
      .padding = R"({"strategy": {"Fixed": 9}, "direction": "Left",
                     "pad_to_multiple_of": null, "pad_id": 3, "pad_type_id": 0,
                     "pad_token": "water"})",
  });
  EXPECT_THAT(Ids(*tokenizer, "river"), ElementsAre(0));
  EXPECT_THAT(Ids(*tokenizer, "river water river water"),
              ElementsAre(0, 3, 0, 3));
}

// A template with "water" as its special piece: "water water A water", and
// "A water B" with type ids of its own.
constexpr const char* kTemplate =
    R"({"type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "water", "type_id": 0}},
                   {"SpecialToken": {"id": "water", "type_id": 0}},
                   {"Sequence": {"id": "A", "type_id": 0}},
                   {"SpecialToken": {"id": "water", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 2}},
                 {"SpecialToken": {"id": "water", "type_id": 3}},
                 {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"water": {"id": "water", "ids": [3],
                                     "tokens": ["water"]}}})";

TEST(HuggingFaceTokenizer, TellsSpecialPiecesFromTheTexts) {
  const auto tokenizer = Load({.post_processor = kTemplate});
  // The text's own "water" is no special piece.
  const auto tokens = tokenizer->Encode(" water river water", {});
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  EXPECT_THAT(tokens->ids, ElementsAre(3, 3, 3, 0, 3, 3));
  EXPECT_THAT(tokens->ranges, ElementsAre(ByteRange{0, 0}, ByteRange{0, 0},
                                          ByteRange{1, 6}, ByteRange{7, 12},
                                          ByteRange{13, 18}, ByteRange{0, 0}));
  EXPECT_THAT(tokens->origins,
              ElementsAre(PieceOrigin::kSpecial, PieceOrigin::kSpecial,
                          PieceOrigin::kText, PieceOrigin::kText,
                          PieceOrigin::kText, PieceOrigin::kSpecial));
  EXPECT_THAT(tokens->type_ids, Each(0));

  const auto empty = tokenizer->Encode("", {});
  ASSERT_TRUE(empty.ok()) << empty.status();
  EXPECT_THAT(empty->ids, ElementsAre(3, 3, 3));
  EXPECT_THAT(empty->origins, Each(PieceOrigin::kSpecial));
}

TEST(HuggingFaceTokenizer, JoinsAPairAsItsTemplateSays) {
  const auto tokenizer = Load({.post_processor = kTemplate});
  const auto tokens =
      tokenizer->Encode("water river", {.pair = "  river water"});
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  EXPECT_THAT(tokens->ids, ElementsAre(3, 0, 3, 0, 3));
  EXPECT_THAT(tokens->ranges,
              ElementsAre(ByteRange{0, 5}, ByteRange{6, 11}, ByteRange{0, 0},
                          ByteRange{2, 7}, ByteRange{8, 13}));
  EXPECT_THAT(
      tokens->origins,
      ElementsAre(PieceOrigin::kText, PieceOrigin::kText, PieceOrigin::kSpecial,
                  PieceOrigin::kPair, PieceOrigin::kPair));
  EXPECT_THAT(tokens->type_ids, ElementsAre(2, 2, 3, 1, 1));
}

// Without a template the pieces of the two follow each other.
TEST(HuggingFaceTokenizer, JoinsAPairWithoutATemplate) {
  const auto tokens = Load({})->Encode("river", {.pair = "water"});
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  EXPECT_THAT(tokens->ids, ElementsAre(0, 3));
  EXPECT_THAT(tokens->origins,
              ElementsAre(PieceOrigin::kText, PieceOrigin::kPair));
  EXPECT_THAT(tokens->type_ids, ElementsAre(0, 1));
}

TEST(HuggingFaceTokenizer, TakesAVocabularyWithHoles) {
  const auto tokenizer = Load({});
  EXPECT_EQ(tokenizer->VocabularySize(), 5);
  EXPECT_EQ(tokenizer->PieceText(0), "river");
  EXPECT_EQ(tokenizer->PieceText(1), "");
  EXPECT_EQ(tokenizer->PieceText(3), "water");
  const auto text =
      tokenizer->Decode(std::vector<std::int64_t>{0, 1, 2, 3}, false);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, "river water");
}

// Of every kind of model that fails where the Python package raises.
TEST(HuggingFaceTokenizer, TellsOfAnUnknownCharacterWithoutTheText) {
  for (const char* model : {
           R"({"type": "WordLevel", "unk_token": "[UNK]",
               "vocab": {"river": 0}})",
           R"({"type": "WordPiece", "unk_token": "[UNK]",
               "continuing_subword_prefix": "##",
               "max_input_chars_per_word": 9, "vocab": {"river": 0}})",
           R"({"type": "Unigram", "unk_id": null, "vocab": [["river", -1]]})",
           R"({"type": "BPE", "unk_token": "[UNK]", "vocab": {"r": 0},
               "merges": []})",
       }) {
    const auto tokenizer = Load({.model = model});
    for (const Tokenizer::EncodeOptions& options :
         {Tokenizer::EncodeOptions{}, {.pair = "secret"}}) {
      const absl::Status status =
          tokenizer->Encode("r secret", options).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << model;
      EXPECT_EQ(ReasonOf(status), Reason::kInvalidField);
      EXPECT_EQ(status.message(),
                "has a character that the vocabulary does not know, and the "
                "tokenizer has no piece for unknown ones; leave it out");
    }
  }
}

// As the Python package does.
TEST(HuggingFaceTokenizer, LeavesOutWhatABpeWithoutAnUnknownPieceLacks) {
  const auto tokenizer = Load({.model = R"({
      "type": "BPE", "vocab": {"r": 0, "i": 1, "ri": 2},
      "merges": ["r i"]})"});
  EXPECT_THAT(Ids(*tokenizer, "ri?r"), ElementsAre(2, 0));
  EXPECT_THAT(Ids(*tokenizer, "?"), ElementsAre());
}

std::string Template(const std::string& single, const std::string& pair) {
  const auto items = [](const std::string& texts) {
    return absl::StrJoin(texts, ", ", [](std::string* out, char text) {
      absl::StrAppend(out, R"({"Sequence": {"id": ")", std::string(1, text),
                      R"(", "type_id": 0}})");
    });
  };
  return absl::StrCat(R"({"type": "TemplateProcessing", "special_tokens": {},
                          "single": [)",
                      items(single), R"(], "pair": [)", items(pair), "]}");
}

// The library counts its pieces once when it truncates, and so passes its own
// limit.
TEST(HuggingFaceTokenizer, RefusesATemplateThatRepeatsAText) {
  for (const std::string& twice :
       {Template("AA", "AB"), Template("A", "ABA"), Template("A", "ABB"),
        R"({"type": "Sequence", "processors": [)" + Template("AA", "AB") +
            "]}"}) {
    const absl::Status status =
        HuggingFaceTokenizer::Create(ToJson({.post_processor = twice}))
            .status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(),
              "tokenizers: the post_processor repeats a text ($A or $B is "
              "twice in its template), so no truncation fits it to a length; "
              "name each once");
  }
  const auto swapped = Load({.post_processor = Template("A", "BA")});
  EXPECT_THAT(swapped->Encode("river", {.pair = "water"})->ids,
              ElementsAre(3, 0));
}

TEST(HuggingFaceTokenizer, TellsInvalidUtf8) {
  const absl::Status status = Load({})->Encode("river \xC3", {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ReasonOf(status), Reason::kTokenizerFailed);
  EXPECT_EQ(status.message(),
            "tokenizers: incomplete utf-8 byte sequence from index 6");
  EXPECT_EQ(Load({})->Encode("river", {.pair = "river \xC3"}).status(), status);
}

// chunks(0) panics inside the library.
TEST(HuggingFaceTokenizer, APanicWhileSplittingIsAnErrorWithoutTheText) {
  const auto tokenizer =
      Load({.pre_tokenizer = R"({"type": "FixedLength", "length": 0})"});
  testing::internal::CaptureStderr();
  const absl::Status status = tokenizer->Encode("secret", {}).status();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ReasonOf(status), Reason::kTokenizerFailed);
  EXPECT_THAT(std::string(status.message()),
              MatchesRegex("tokenizers: the tokenizers library panicked at "
                           "tokenizers-[0-9.]+/src/pre_tokenizers/"
                           "fixed_length.rs:[0-9]+"));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("secret")));
  // It goes on serving.
  EXPECT_THAT(Ids(*tokenizer, ""), ElementsAre());
  EXPECT_EQ(tokenizer->Encode("secret", {}).status(), status);
}

// A piece that is cut from both ends past its middle panics.
TEST(HuggingFaceTokenizer, APanicWhileJoiningIsAnError) {
  const auto tokenizer = Load({
      .decoder = R"({"type": "Strip", "content": " ", "start": 1, "stop": 1})",
  });
  const std::vector<std::int64_t> good = {0, 3};
  const std::vector<std::int64_t> bad = {0, 4};
  const absl::Status status = tokenizer->Decode(bad, true).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ReasonOf(status), Reason::kTokenizerFailed);
  EXPECT_THAT(std::string(status.message()), HasSubstr("strip.rs"));
  const auto text = tokenizer->Decode(good, true);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, "riverwater");
}

}  // namespace
}  // namespace strata
