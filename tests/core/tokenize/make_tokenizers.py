# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Trains the tokenizers that the tests of core/tokenize load.

    make_tokenizers.py FOLDER

Writes a model directory for each kind of tokenizer, and what the Python
packages (tokenizers, sentencepiece) say, with ranges in bytes:

    expected.json             vocabularies, and all about a few texts
    pairs.json                pairs of texts, whole and truncated
    corpus/texts.jsonl        thousands of texts
    corpus/<tokenizer>.jsonl  their pieces, line by line
"""

import functools
import json
import pathlib
import sys

import sentencepiece
import tokenizers
from expectations import (
    hugging_face_expectation,
    pair_expectations,
    sentence_piece_expectation,
)
from sentencepiece import sentencepiece_model_pb2 as model_pb2
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers.processors import ByteLevel as ByteLevelProcessor
from tokenizers.processors import RobertaProcessing, TemplateProcessing
from ugly_texts import SENTENCES, TEXTS, corpus, random_texts


def train_word_piece():
    """As BERT, with the truncation and padding that a server must not obey."""
    tokenizer = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(
        SENTENCES, trainers.WordPieceTrainer(
            vocab_size=400, special_tokens=special, show_progress=False))
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(piece, tokenizer.token_to_id(piece))
                        for piece in ("[CLS]", "[SEP]")])
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=16)
    return tokenizer


def train_byte_level(normalizer=None):
    """As Falcon, GPT-NeoX and MPT: no special pieces of its own accord."""
    tokenizer = tokenizers.Tokenizer(models.BPE())
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        SENTENCES, trainers.BpeTrainer(
            vocab_size=500, special_tokens=["<|endoftext|>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False))
    tokenizer.post_processor = ByteLevelProcessor(trim_offsets=True)
    # A piece that no merge makes.
    tokenizer.add_tokens(["<|water|>"])
    return tokenizer


def train_roberta():
    """As RoBERTa: <s> a </s>, and two </s> between a pair."""
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        SENTENCES, trainers.BpeTrainer(
            vocab_size=400, show_progress=False,
            special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.post_processor = RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=True,
        add_prefix_space=False)
    return tokenizer


def train_byte_fallback():
    """As LLaMA's tokenizer.json: bytes for what the vocabulary lacks."""
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    special = ["<unk>", "<s>", "</s>"]
    tokenizer = tokenizers.Tokenizer(
        models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(),
         decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.train_from_iterator(
        SENTENCES, trainers.BpeTrainer(
            vocab_size=600, special_tokens=special + bytes_,
            show_progress=False))
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1",
        special_tokens=[("<s>", 1)])
    # The trainer knows bytes as special pieces only; a text must not.
    data = json.loads(tokenizer.to_str())
    data["added_tokens"] = [
        token for token in data["added_tokens"] if token["content"] in special]
    return tokenizers.Tokenizer.from_str(json.dumps(data))


def unigram_of(model_file):
    """As XLM-R and ALBERT: a sentencepiece model's pieces and normaliser."""
    model = model_pb2.ModelProto.FromString(model_file.read_bytes())
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces += [(piece.piece, piece.score) for piece in model.pieces[3:]]
    tokenizer = tokenizers.Tokenizer(models.Unigram(pieces, unk_id=3))
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Precompiled(model.normalizer_spec.precompiled_charsmap),
        normalizers.Replace(tokenizers.Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    special = [("<s>", 0), ("</s>", 2)]
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>"])
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>",
        special_tokens=special)
    return tokenizer


def train_sentence_piece(folder, **options):
    """Writes `folder`/tokenizer.model; returns it loaded."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "tokenizer.model", "wb") as model:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(SENTENCES), model_writer=model,
            num_threads=1, minloglevel=2, **options)
    return sentencepiece.SentencePieceProcessor(
        model_file=str(folder / "tokenizer.model"))


def train_all(folder):
    """All tokenizers by name: those of tokenizers, and of sentencepiece."""
    # As LLaMA: <s> before every text, bytes for what the vocabulary lacks.
    llama = train_sentence_piece(
        folder / "llama", model_type="bpe", vocab_size=420, byte_fallback=True,
        split_digits=True, normalization_rule_name="identity",
        remove_extra_whitespaces=False, allow_whitespace_only_pieces=True)
    # As T5: no <s>, characters normalised, spaces merged.
    unigram = train_sentence_piece(
        folder / "unigram", model_type="unigram", vocab_size=180,
        bos_id=-1, hard_vocab_limit=False)
    train_sentence_piece(
        folder / "unigram_with_begin", model_type="unigram", vocab_size=180,
        hard_vocab_limit=False)
    hugging_face = {
        "word_piece": train_word_piece(),
        "byte_level": train_byte_level(),
        "byte_level_nfkc": train_byte_level(normalizers.NFKC()),
        "roberta": train_roberta(),
        "byte_fallback": train_byte_fallback(),
        "unigram_json": unigram_of(
            folder / "unigram_with_begin" / "tokenizer.model"),
    }
    for name, tokenizer in hugging_face.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        tokenizer.save(str(folder / name / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
    return hugging_face, {"llama": llama, "unigram": unigram}


def vocabulary_of(tokenizer):
    if isinstance(tokenizer, sentencepiece.SentencePieceProcessor):
        return [tokenizer.id_to_piece(i)
                for i in range(tokenizer.get_piece_size())]
    vocabulary = tokenizer.get_vocab()
    return sorted(vocabulary, key=vocabulary.get)


def write_lines(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        for value in values:
            file.write(json.dumps(value, separators=(",", ":")) + "\n")


def main(folder):
    hugging_face, sentence_piece = train_all(folder)
    few = TEXTS + list(random_texts(40))
    many = corpus()
    write_lines(folder / "corpus" / "texts.jsonl", many)
    expected = {}
    for name, tokenizer in {**hugging_face, **sentence_piece}.items():
        expect = (hugging_face_expectation if name in hugging_face
                  else sentence_piece_expectation)
        vocabulary = vocabulary_of(tokenizer)
        expected[name] = {
            "vocabulary_size": len(vocabulary),
            "vocabulary": vocabulary,
            "texts": [expect(tokenizer, text) for text in few],
        }
        keys = ("ids", "pieces", "ranges", "decoded")
        write_lines(folder / "corpus" / f"{name}.jsonl",
                    ({key: expected_text[key] for key in keys}
                     for expected_text in map(
                         functools.partial(expect, tokenizer), many)))
    pairs = {name: pair_expectations(tokenizer)
             for name, tokenizer in hugging_face.items()}
    (folder / "pairs.json").write_text(json.dumps(pairs))
    # Last, so that it is there only when everything is.
    (folder / "expected.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
