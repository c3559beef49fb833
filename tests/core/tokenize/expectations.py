# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What the Python packages say of a text, as the tests in C++ read it."""

import itertools

from ugly_texts import SENTENCES


def to_bytes(texts, spans):
    """Spans of characters as spans of bytes in UTF-8, each of its own text."""
    starts = {
        text: [0, *itertools.accumulate(len(c.encode()) for c in text)]
        for text in set(texts)}
    return [[starts[text][begin], starts[text][end]]
            for text, (begin, end) in zip(texts, spans, strict=True)]


def _pieces_of(encoding, text, pair=""):
    """Of each piece the id, the range, the type id, and where it is from."""
    special = encoding.special_tokens_mask
    texts = [0 if text_ is None else text_ for text_ in encoding.sequence_ids]
    names = ["text", "pair"]
    return {
        "ids": encoding.ids,
        "ranges": to_bytes([(text, pair)[i] for i in texts], encoding.offsets),
        "origins": ["special" if is_special else names[i]
                    for is_special, i in zip(special, texts, strict=True)],
        "type_ids": encoding.type_ids,
    }


def hugging_face_expectation(tokenizer, text):
    encoding = tokenizer.encode(text)
    return {
        "text": text,
        **_pieces_of(encoding, text),
        # Not encoding.tokens, which has a Unigram model's unknown characters.
        "pieces": [tokenizer.id_to_token(id_) for id_ in encoding.ids],
        "plain_ids": tokenizer.encode(text, add_special_tokens=False).ids,
        "decoded": tokenizer.decode(encoding.ids),
        "decoded_whole": tokenizer.decode(
            encoding.ids, skip_special_tokens=False),
    }


def pair_expectations(tokenizer):
    """Pairs of texts, whole and cut by the strategy longest_first."""
    texts = ["", "river", "The old bridge, über alles 😀", *SENTENCES[:4]]
    expected = []
    for text, pair in itertools.product(texts, texts):
        arguments = (text, pair) if pair else (text,)
        tokenizer.no_truncation()
        whole = tokenizer.encode(*arguments)
        plain = tokenizer.encode(*arguments, add_special_tokens=False)
        cuts = []
        added = len(whole.ids) - len(plain.ids)
        for direction in ("left", "right"):
            for length in (1, 2, 3, 6, 7, 12, 25, 30):
                tokenizer.enable_truncation(
                    added + length, strategy="longest_first",
                    direction=direction)
                cut = tokenizer.encode(*arguments)
                cuts.append({"direction": direction,
                             "max_pieces": added + length,
                             **_pieces_of(cut, text, pair)})
        expected.append({"text": text, "pair": pair, "cuts": cuts,
                         "plain_ids": plain.ids,
                         **_pieces_of(whole, text, pair)})
    tokenizer.no_truncation()
    return expected


def _byte_piece_groups(processor, ids):
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


def sentence_piece_expectation(processor, text):
    """With <s> in front where the model has one."""
    encoded = processor.encode(text, out_type="immutable_proto")
    ids = [piece.id for piece in encoded.pieces]
    ranges = to_bytes(
        [text] * len(ids),
        [(piece.begin, piece.end) for piece in encoded.pieces])
    # The package gives the range of a character that falls back to its bytes
    # to the last of them; we give it to each.
    for first, last in _byte_piece_groups(processor, ids):
        for i in range(first, last):
            ranges[i] = ranges[last]
    begin = [processor.bos_id()] if processor.bos_id() >= 0 else []
    return {
        "text": text,
        "ids": begin + ids,
        "pieces": [processor.id_to_piece(i) for i in begin + ids],
        "ranges": [[0, 0]] * len(begin) + ranges,
        "origins": ["special"] * len(begin) + ["text"] * len(ids),
        "type_ids": [0] * len(begin + ids),
        "plain_ids": ids,
        "decoded": processor.decode(ids),
        "decoded_whole": ("<s>" if begin else "") + processor.decode(ids),
    }
