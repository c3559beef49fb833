# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Trains the tokenizers that the tests of core/tokenize load.

    make_tokenizers.py FOLDER

Writes a model directory for each kind of tokenizer, and expected.json: what
the Python packages (tokenizers, sentencepiece) say of many ugly texts, with
their ranges, which count characters, made bytes.
"""

import itertools
import json
import pathlib
import random
import sys

import sentencepiece
import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers.processors import TemplateProcessing
from tokenizers.processors import ByteLevel as ByteLevelProcessor

CORPUS = """\
The river rose in the night and took the old bridge with it.
Nobody in the village had seen the water so high before.
In the morning the children stood on the bank and counted the trees.
A model answers with its hidden states, layer by layer, piece by piece.
The quick brown fox jumps over the lazy dog; the dog does not mind.
She sells sea shells by the sea shore, and he buys them back again.
Numbers such as 1, 12, 123 and 1234.5 are words as well, aren't they?
Reading slowly is reading twice, said the teacher, who read quickly.
def encode(text): return [piece.id for piece in tokenizer.split(text)]
Where the path ends, walk on; where the wall stands, knock three times.
Der Fluss stieg in der Nacht und nahm die alte Brücke mit.
Über allen Gipfeln ist Ruh, in allen Wipfeln spürest du kaum einen Hauch.
La rivière est montée dans la nuit et a emporté le vieux pont.
El río creció por la noche y se llevó el puente viejo, ¿verdad?
Ночью река поднялась и унесла старый мост.
Naïve café owners résumé their façade work.
""".splitlines()

# Texts that have broken tokenizers, and some that should not.
TEXTS = [
    "", " ", "  ", "\t", "\n", "\r\n", "\r", "\v\f", "\u0085", "\u2028\u2029",
    "\u00a0", "\u3000", "\u3000\u3000water", "water\u3000", " \u2003 thin ",
    "Hello", "hello world", " leading", "trailing ", "  two  spaces  ",
    "line\nline\r\nline\rline\n\n", "tab\tseparated\tvalues",
    "\0", "a\0b", "\0\0\0", "the river\0rose", "\x01\x02\x1b[0m\x7f",
    "The river rose in the night.", "THE RIVER ROSE", "tHe RiVeR",
    "don't, won't; we'll! I'd?", "1234567890", "3.14159e-10", "$1,234.56",
    "C:\\path\\to\\file", "https://example.com/a?b=c&d=%20#e",
    "<s>", "</s>", "[CLS] in the text [SEP]", "<unk> <0x41>", "[UNK]",
    "a<|water|>b", "<|endoftext|>",
    "\u2581", "\u2581the\u2581river", "the \u2581 river", "Ġthe", "##ing",
    "é", "e\u0301", "e\u0301\u0301\u0301\u0301", "\u0301", "a\u0301 \u0301b",
    "Å\u212b\u0041\u030a", "ﬁ ligature ﬃ", "Ⅷ ½ ² ㎏ ㍿", "ＦＵＬＬ ｗｉｄｔｈ",
    "İstanbul ıI ß ẞ", "Ǆ ǅ ǆ", "한국어", "\u1112\u1161\u11ab", "한국어 문장",
    "日本語のテキスト", "这是中文。没有空格，", "混合 mixed 文字 text", "かﾞガ",
    "שלום עולם", "שָׁלוֹם", "مرحبا بالعالم", "مُحَمَّد", "abc \u202eevil\u202c def",
    "\u200fRTL\u200e LTR", "हिन्दी में", "ไทยไม่มีช่องว่าง", "தமிழ்", "ខ្មែរ",
    "😀", "😀😀", "a😀b", "👨‍👩‍👧‍👦", "👩🏽‍🚀 went up", "🏳️‍🌈", "🇩🇪🇫🇷", "❤️ ❤",
    "\u200b", "zero\u200bwidth\u200djoin\u200cer", "\ufeffbom", "soft\u00adhyphen",
    "\ufffd", "\ufffe\uffff", "\U0010ffff", "\U000e0001\U000e0041", "𝓗𝓮𝓵𝓵𝓸 𝟙𝟚",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!",
    "a" * 300, "é" * 150, "😀" * 60, " " * 200, "ab" * 150 + "c",
    "Donaudampfschifffahrtsgesellschaftskapitän", "the river " * 60,
    "Ночью река", "¿verdad?", "Über café naïve", "«quotes» “curly” ‘single’ …—–",
]


def random_texts(count):
    """Texts whose characters are drawn from those of TEXTS, always the same."""
    generator = random.Random(20260101)
    alphabet = sorted(set("".join(TEXTS)))
    for _ in range(count):
        yield "".join(generator.choices(alphabet, k=generator.randint(1, 40)))


def to_bytes(text, spans):
    """Spans of characters as spans of bytes of `text` in UTF-8."""
    starts = [0, *itertools.accumulate(len(c.encode()) for c in text)]
    return [[starts[begin], starts[end]] for begin, end in spans]


def train_word_piece():
    """As BERT, with the truncation and padding that a server must not obey."""
    tokenizer = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(
        CORPUS, trainers.WordPieceTrainer(
            vocab_size=400, special_tokens=special, show_progress=False))
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[(piece, tokenizer.token_to_id(piece))
                        for piece in ("[CLS]", "[SEP]")])
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=16)
    return tokenizer


def train_byte_level(normalizer=None):
    """As Falcon and GPT-NeoX: no special pieces of its own accord."""
    tokenizer = tokenizers.Tokenizer(models.BPE())
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        CORPUS, trainers.BpeTrainer(
            vocab_size=500, special_tokens=["<|endoftext|>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False))
    tokenizer.post_processor = ByteLevelProcessor(trim_offsets=True)
    # A piece that no merge makes.
    tokenizer.add_tokens(["<|water|>"])
    return tokenizer


def train_sentence_piece(folder, **options):
    """Writes `folder`/tokenizer.model; returns it loaded."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "tokenizer.model", "wb") as model:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(CORPUS), model_writer=model,
            num_threads=1, minloglevel=2, **options)
    return sentencepiece.SentencePieceProcessor(
        model_file=str(folder / "tokenizer.model"))


def hugging_face_expectation(tokenizer, text):
    encoding = tokenizer.encode(text)
    special = encoding.special_tokens_mask
    leading = len(list(itertools.takewhile(bool, special)))
    trailing = len(list(itertools.takewhile(bool, reversed(special[leading:]))))
    return {
        "text": text,
        "ids": encoding.ids,
        "pieces": encoding.tokens,
        "ranges": to_bytes(text, encoding.offsets),
        "leading": leading,
        "trailing": trailing,
        "plain_ids": tokenizer.encode(text, add_special_tokens=False).ids,
        "decoded": tokenizer.decode(encoding.ids),
        "decoded_whole": tokenizer.decode(
            encoding.ids, skip_special_tokens=False),
    }


def byte_piece_groups(processor, ids):
    """The places (first, last) of the byte pieces of each character."""
    i = 0
    while i < len(ids):
        if processor.is_byte(ids[i]):
            lead = int(processor.id_to_piece(ids[i])[3:5], 16)
            size = 1 if lead < 0x80 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
            yield i, i + size - 1
            i += size
        else:
            i += 1


def sentence_piece_expectation(processor, text, add_begin):
    encoded = processor.encode(text, out_type="immutable_proto")
    ids = [piece.id for piece in encoded.pieces]
    ranges = to_bytes(
        text, [(piece.begin, piece.end) for piece in encoded.pieces])
    # The package gives the range of a character that falls back to its bytes
    # to the last of them; we give it to each.
    for first, last in byte_piece_groups(processor, ids):
        for i in range(first, last):
            ranges[i] = ranges[last]
    begin = [processor.bos_id()] if add_begin else []
    return {
        "text": text,
        "ids": begin + ids,
        "pieces": [processor.id_to_piece(i) for i in begin + ids],
        "ranges": [[0, 0]] * len(begin) + ranges,
        "leading": len(begin),
        "trailing": 0,
        "plain_ids": ids,
        "decoded": processor.decode(ids),
        "decoded_whole": ("<s>" if begin else "") + processor.decode(ids),
    }


def main(folder):
    texts = TEXTS + list(random_texts(40))
    expected = {}
    for name, tokenizer in (
            ("word_piece", train_word_piece()),
            ("byte_level", train_byte_level()),
            ("byte_level_nfkc", train_byte_level(normalizers.NFKC()))):
        (folder / name).mkdir(parents=True, exist_ok=True)
        tokenizer.save(str(folder / name / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        vocabulary = tokenizer.get_vocab()
        expected[name] = {
            "vocabulary_size": max(vocabulary.values()) + 1,
            "vocabulary": sorted(vocabulary, key=vocabulary.get),
            "texts": [hugging_face_expectation(tokenizer, t) for t in texts],
        }
    # As LLaMA: <s> before every text, bytes for what the vocabulary lacks.
    llama = train_sentence_piece(
        folder / "llama", model_type="bpe", vocab_size=420, byte_fallback=True,
        split_digits=True, normalization_rule_name="identity",
        remove_extra_whitespaces=False, allow_whitespace_only_pieces=True)
    # As T5 and ALBERT: no <s>, characters normalised, spaces merged.
    unigram = train_sentence_piece(
        folder / "unigram", model_type="unigram", vocab_size=180,
        bos_id=-1, hard_vocab_limit=False)
    for name, processor in (("llama", llama), ("unigram", unigram)):
        size = processor.get_piece_size()
        expected[name] = {
            "vocabulary_size": size,
            "vocabulary": [processor.id_to_piece(i) for i in range(size)],
            "texts": [
                sentence_piece_expectation(
                    processor, t, add_begin=processor.bos_id() >= 0)
                for t in texts
            ],
        }
    # Last, so that it is there only when everything is.
    (folder / "expected.json").write_text(json.dumps(expected, indent=1))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
