# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Texts that have broken tokenizers, the same in every run.

TEXTS are few and chosen by hand; corpus() are thousands, made of the same
troubles.
"""

import random
import unicodedata

SENTENCES = """\
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



# Characters that normalisers change or drop, that join or turn what is beside
# them, that stand at the edge of an encoding, or that are none at all.
ODD = [
    "\0", "\x01", "\x08", "\t", "\n", "\v", "\f", "\r", "\x1b", "\x1f", "\x7f",
    "\x80", "\x85", "\x9f", "\xa0", "\xad", "\u1680", "\u180e", "\u2000", "\u2009",
    "\u200a", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2028", "\u2029",
    "\u202a", "\u202e", "\u202f", "\u205f", "\u2060", "\u2066", "\u2069", "\u3000",
    "\ufeff", "\ufff9", "\ufffc", "\ufffd", "\ufffe", "\uffff", "\ufdd0", "\ufdef",
    "\ud7ff", "\ue000", "\uf8ff", "\U0001fffe", "\U0001ffff", "\U000f0000",
    "\U0010fffd", "\U0010ffff", "\U000e0001", "\U000e0067", "\U000e007f",
    "\ufe0e", "\ufe0f", "\U000e0100", "\u0300", "\u0301", "\u0308", "\u0323",
    "\u0327", "\u0340", "\u0344", "\u0345", "\u034f", "\u0489", "\u05b0", "\u05c1",
    "\u064b", "\u0670", "\u093c", "\u094d", "\u0e33", "\u0eb3", "\u0f71", "\u0f73",
    "\u1161", "\u11a8", "\u20dd", "\u3099", "\u309a", "\ua66f", "é", "e\u0301",
    "ﬁ", "ﬃ", "ſ", "ß", "ẞ", "İ", "ı", "ŉ", "ǆ", "ǅ", "ΐ", "ς", "Σ", "Ω", "K", "Å",
    "½", "²", "Ⅷ", "ⅷ", "①", "㎏", "㍿", "㌀", "Ａ", "ｶﾞ", "ｱ", "ￂ", "ﷺ", "ﷲ", "ﺀ",
    "שּׁ", "יִ", "\u0958", "\u0f43", "\u1e9b\u0323", "\u2adc", "\U0001d15e",
    "\U0001d160", "\U0002f800", "\U0002fa1d", "豈", "한", "\u1112\u1161\u11ab", "각",
    "中", "𠀀", "あ", "ー", "不", "😀", "👍🏽", "👨‍👩‍👧", "🏳️‍🌈", "🇩🇪", "1️⃣", "♀",
    "𝒜", "𝟘", "Ⓐ", "ª", "µ", "…", "—", "‘", "”", "´", "`", "˜", "\u2581", "Ġ", "Ċ",
    "##", "[UNK]", "[SEP]", "<s>", "</s>", "<unk>", "<pad>", "<0x41>", "<0xE2>",
    "<|endoftext|>", "<|water|>", "<", ">", "[", "]", "\\", "\"", "'s", "'S", "’s",
]
SPACES = [c for c in ODD if c.isspace()] + [" "] * 6
NEWLINES = ["\n", "\r", "\r\n", "\n\r", "\v", "\f", "\x85", "\u2028", "\u2029"]
# Ranges that random characters are drawn from; the surrogates lie in none.
BLOCKS = [
    (0x00, 0x7F), (0x20, 0x7E), (0x80, 0x24F), (0x300, 0x36F), (0x370, 0x52F),
    (0x590, 0x6FF), (0x900, 0xDFF), (0xE00, 0xFFF), (0x1100, 0x11FF),
    (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x20A0, 0x2BFF), (0x3000, 0x33FF),
    (0x4E00, 0x4EFF), (0xA640, 0xA6FF), (0xAC00, 0xACFF), (0xD7B0, 0xD7FF),
    (0xE000, 0xE0FF), (0xF900, 0xFAFF), (0xFB00, 0xFDFF), (0xFE00, 0xFFFF),
    (0x10000, 0x100FF), (0x1D100, 0x1D7FF), (0x1F1E6, 0x1FAFF),
    (0x2F800, 0x2FA1D), (0xE0000, 0xE01EF), (0x10FF00, 0x10FFFF),
]


def random_texts(count):
    """Texts whose characters are drawn from those of TEXTS."""
    generator = random.Random(20260101)
    alphabet = sorted(set("".join(TEXTS)))
    for _ in range(count):
        yield "".join(generator.choices(alphabet, k=generator.randint(1, 40)))


def corpus():
    """More than 2,000 distinct texts."""
    dice = random.Random(20260102)
    parts = [
        TEXTS,
        (form for odd in ODD for form in _contexts(odd)),
        (_mixed(dice) for _ in range(700)),
        (_mutated(dice) for _ in range(500)),
        ("".join(dice.choices(SPACES, k=dice.randint(1, 30)))
         for _ in range(100)),
        (_lines(dice) for _ in range(100)),
        _long_texts(dice),
    ]
    return list(dict.fromkeys(text for part in parts for text in part))


def _contexts(odd):
    yield from (odd, odd * 3, f"a{odd}b", f"{odd}river", f"river{odd}",
                f" {odd} ", f"the {odd}river{odd}  rose{odd}")


def _mixed(dice):
    """Characters from one to four blocks, and odd ones."""
    blocks = dice.sample(BLOCKS, dice.randint(1, 4))
    text = ""
    for _ in range(dice.randint(1, 50)):
        kind = dice.random()
        if kind < 0.75:
            text += chr(dice.randint(*dice.choice(blocks)))
        else:
            text += dice.choice(ODD) if kind < 0.9 else " "
    return text


def _mutated(dice):
    """A sentence in another case or normal form, with odd ones put in."""
    text = dice.choice(SENTENCES)
    text = dice.choice([str, str.upper, str.lower, str.title, str.swapcase])(text)
    form = dice.choice([None, "NFC", "NFD", "NFKC", "NFKD"])
    if form is not None:
        text = unicodedata.normalize(form, text)
    for _ in range(dice.randint(0, 5)):
        place = dice.randint(0, len(text))
        text = text[:place] + dice.choice(ODD) + text[place:]
    return text


def _lines(dice):
    words = " ".join(SENTENCES).split()
    return "".join(
        dice.choice(words) + dice.choice(["", " ", "  "])
        + dice.choice(NEWLINES) * dice.randint(1, 3)
        for _ in range(dice.randint(1, 12)))


def _long_texts(dice):
    """Words and the like of 10,000 characters."""
    size = 10_000
    for unit in ("a", "ab", "é", "e\u0301", "😀", "中", " ", "\n", "1", "_", "\0",
                 "\u200d", "\u2581", "\U0010ffff"):
        yield (unit * size)[:size]
    yield "e" + "\u0301" * size
    yield "".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=size))
    yield "".join(dice.choices("riveth", k=size)) + " end"
    yield " ".join(dice.choices(SENTENCES, k=size // 60))
    yield "x" * size + "\n" + "y" * size
