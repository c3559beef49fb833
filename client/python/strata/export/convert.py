# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Converting older tokenizer files to a tokenizer.json.

The outcome has the identifiers, special pieces and normalization that the
family's own tokenizer has, as transformers converts it. XLM-R and CamemBERT
move the identifiers of their sentencepiece models, so those files by
themselves would give wrong ones.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Mapping, Optional

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)

from strata.export.errors import ExportError

_SPACE = "▁"
_NEVER = -100.0  # A score that keeps a piece from being chosen.


def _bert(paths: list[Path], config: Mapping[str, Any]) -> Tokenizer:
    lines = paths[0].read_text(encoding="utf-8").split("\n")
    if lines[-1] == "":
        lines.pop()
    vocabulary = {line: i for i, line in enumerate(lines)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    basic = config.get("do_basic_tokenize", True)
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=(
            basic and config.get("tokenize_chinese_chars", True)
        ),
        # None: as the letters' case.
        strip_accents=config.get("strip_accents") if basic else False,
        lowercase=basic and config.get("do_lower_case", True),
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    _add_special(tokenizer, "[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]")
    _set_template(tokenizer, "[CLS]:0 $A:0 [SEP]:0", " $B:1 [SEP]:1")
    return tokenizer


def _byte_pairs(paths: list[Path]) -> Tokenizer:
    vocabulary = json.loads(paths[0].read_text(encoding="utf-8"))
    merges = [
        tuple(line.split(" "))
        for line in paths[1].read_text(encoding="utf-8").split("\n")
        if line and not line.startswith("#version")
    ]
    return Tokenizer(models.BPE(vocabulary, merges, fuse_unk=False))


def _roberta(paths: list[Path], config: Mapping[str, Any]) -> Tokenizer:
    tokenizer = _byte_pairs(paths)
    prefix = config.get("add_prefix_space", False)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    tokenizer.decoder = decoders.ByteLevel()
    _add_special(tokenizer, "<s>", "<pad>", "</s>", "<unk>")
    # The space before a mask belongs to it.
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", _id(tokenizer, "</s>")),
        ("<s>", _id(tokenizer, "<s>")),
        add_prefix_space=prefix,
        trim_offsets=True,
    )
    return tokenizer


def _gpt(paths: list[Path], config: Mapping[str, Any]) -> Tokenizer:
    tokenizer = _byte_pairs(paths)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(
        add_prefix_space=config.get("add_prefix_space", False)
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    _add_special(tokenizer, "<|endoftext|>")
    return tokenizer


def _xlm_roberta(paths: list[Path], config: Mapping[str, Any]) -> Tokenizer:
    pieces = _read_proto(paths[0])
    special = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    return _fairseq(paths[0], special + pieces[3:] + [("<mask>", 0.0)])


def _camembert(paths: list[Path], config: Mapping[str, Any]) -> Tokenizer:
    pieces = _read_proto(paths[0])
    special = [
        ("<s>NOTUSED", 0.0),
        ("<pad>", 0.0),
        ("</s>NOTUSED", 0.0),
        ("<unk>", 0.0),
        ("<unk>NOTUSED", _NEVER),
    ]
    tokenizer = _fairseq(paths[0], special + pieces[1:] + [("<mask>", 0.0)])
    _add_special(tokenizer, "<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED")
    return tokenizer


def _fairseq(path: Path, pieces: list[tuple[str, float]]) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = _normalizer(
        path,
        [],
        [
            normalizers.Strip(left=False, right=True),
            normalizers.Replace(Regex(" {2,}"), _SPACE),
        ],
    )
    _set_metaspace(tokenizer)
    _add_special(tokenizer, "<s>", "<pad>", "</s>", "<unk>")
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    _set_template(tokenizer, "<s> $A </s>", " </s> $B </s>")
    return tokenizer


def _albert(paths: list[Path], config: Mapping[str, Any]) -> Tokenizer:
    pieces = [
        # Sentencepiece keeps "3," whole where the model splits it.
        (piece, score + (_NEVER if _ends_in_digit_comma(piece) else 0))
        for piece, score in _read_proto(paths[0])
    ]
    unk_id = next(i for i, (piece, _) in enumerate(pieces) if piece == "<unk>")
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id, byte_fallback=False))
    before = [normalizers.Replace("``", '"'), normalizers.Replace("''", '"')]
    if not config.get("keep_accents", False):
        before += [normalizers.NFKD(), normalizers.StripAccents()]
    if config.get("do_lower_case", True):
        before.append(normalizers.Lowercase())
    after = [normalizers.Replace(Regex(" {2,}"), " ")]
    tokenizer.normalizer = _normalizer(paths[0], before, after)
    _set_metaspace(tokenizer)
    _add_special(tokenizer, "[CLS]", "[SEP]", "<unk>", "<pad>")
    tokenizer.add_special_tokens([AddedToken("[MASK]", lstrip=True)])
    _set_template(tokenizer, "[CLS]:0 $A:0 [SEP]:0", " $B:1 [SEP]:1")
    return tokenizer


def _ends_in_digit_comma(piece: str) -> bool:
    return len(piece) >= 2 and piece[-1] == "," and piece[-2].isdigit()


@dataclass(frozen=True)
class Kind:
    """A family's older files, all of which are needed, and their reader."""

    files: tuple[str, ...]
    read: Callable[[list[Path], Mapping[str, Any]], Tokenizer]
    # transformers' names of its tokenizer, without "Fast".
    classes: tuple[str, ...]
    # Whether identifiers are not those of the sentencepiece model.
    offsets: bool = False


_SPIECE = "sentencepiece.bpe.model"
_PAIRS = ("vocab.json", "merges.txt")

# By the model_type of config.json.
KINDS: Mapping[str, Kind] = {
    "bert": Kind(("vocab.txt",), _bert, ("BertTokenizer",)),
    "electra": Kind(("vocab.txt",), _bert, ("ElectraTokenizer",)),
    "roberta": Kind(_PAIRS, _roberta, ("RobertaTokenizer",)),
    "gpt_neox": Kind(_PAIRS, _gpt, ("GPTNeoXTokenizer", "GPT2Tokenizer")),
    "xlm-roberta": Kind(
        (_SPIECE,), _xlm_roberta, ("XLMRobertaTokenizer",), offsets=True
    ),
    "camembert": Kind(
        (_SPIECE,), _camembert, ("CamembertTokenizer",), offsets=True
    ),
    "albert": Kind(("spiece.model",), _albert, ("AlbertTokenizer",)),
    # Its tokenizer is GPT-NeoX's.
    "mpt": Kind(_PAIRS, _gpt, ()),
}


def kind_of_class(name: str) -> Optional[str]:
    """The kind by the tokenizer_class of tokenizer_config.json."""
    plain = name.removesuffix("Fast")
    return next((k for k, x in KINDS.items() if plain in x.classes), None)


def has_offsets(kind: Optional[str]) -> bool:
    return kind in KINDS and KINDS[kind].offsets


def all_files() -> list[str]:
    """Every file that some kind is made of."""
    return sorted({file for kind in KINDS.values() for file in kind.files})


def convert(
    kind: str,
    find: Callable[[str], Optional[Path]],
    config: Mapping[str, Any],
) -> Optional[bytes]:
    """A tokenizer.json from the kind's files; None where one is missing.

    `config` is tokenizer_config.json. Raises ExportError for files that cannot
    be read.
    """
    paths = [find(name) for name in KINDS[kind].files]
    if any(path is None for path in paths):
        return None
    try:
        tokenizer = KINDS[kind].read(paths, config)
        _add_more(tokenizer, find("added_tokens.json"), config)
    except ExportError:
        raise
    except Exception as error:  # The crate raises plain Exception.
        raise ExportError(
            f"cannot read {' and '.join(map(str, paths))} as a tokenizer of "
            f"{kind}: {error or type(error).__name__}"
        ) from error
    return (tokenizer.to_str(pretty=True) + "\n").encode()


def _add_more(
    tokenizer: Tokenizer, file: Optional[Path], config: Mapping[str, Any]
) -> None:
    """Adds the pieces that were added after the training."""
    added = {
        int(i): AddedToken(**{k: x[k] for k in _ADDED if k in x})
        for i, x in config.get("added_tokens_decoder", {}).items()
    }
    if file is not None:
        for piece, i in json.loads(file.read_text(encoding="utf-8")).items():
            added.setdefault(i, AddedToken(piece, normalized=False))
    for i in sorted(added):
        tokenizer.add_tokens([added[i]])
        got = tokenizer.token_to_id(added[i].content)
        if got != i:
            raise ExportError(
                f"the added piece {added[i].content!r} has the identifier {i}, "
                f"and comes out as {got} beside the family's files; give a "
                "tokenizer.json with --tokenizer"
            )


_ADDED = (
    "content",
    "lstrip",
    "normalized",
    "rstrip",
    "single_word",
    "special",
)


def _proto(path: Path) -> Any:
    from google.protobuf.message import DecodeError
    from sentencepiece import sentencepiece_model_pb2

    proto = sentencepiece_model_pb2.ModelProto()
    try:
        proto.ParseFromString(path.read_bytes())
    except DecodeError as error:
        raise ExportError(
            f"cannot read {path} as a sentencepiece model: {error}"
        ) from error
    return proto


def _read_proto(path: Path) -> list[tuple[str, float]]:
    """The pieces and scores of a sentencepiece unigram model."""
    proto = _proto(path)
    unigram = proto.trainer_spec.UNIGRAM
    if proto.trainer_spec.model_type != unigram or not proto.pieces:
        raise ExportError(
            f"{path} is no sentencepiece unigram model, which the family's "
            "tokenizer is; expected the checkpoint's own file"
        )
    return [(piece.piece, piece.score) for piece in proto.pieces]


def _normalizer(path: Path, before: list, after: list) -> Any:
    charsmap = _proto(path).normalizer_spec.precompiled_charsmap
    middle = [normalizers.Precompiled(charsmap)] if charsmap else []
    return normalizers.Sequence(before + middle + after)


def _set_metaspace(tokenizer: Tokenizer) -> None:
    options = {"replacement": _SPACE, "prepend_scheme": "always"}
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(**options)
    tokenizer.decoder = decoders.Metaspace(**options)


def _add_special(tokenizer: Tokenizer, *pieces: str) -> None:
    """Marks those that the vocabulary has as special."""
    known = [x for x in pieces if tokenizer.token_to_id(x) is not None]
    tokenizer.add_special_tokens(known)


def _set_template(tokenizer: Tokenizer, single: str, more: str) -> None:
    names = {x.split(":")[0] for x in single.split() if "$" not in x}
    tokenizer.post_processor = processors.TemplateProcessing(
        single=single,
        pair=single + more,
        special_tokens=[(x, _id(tokenizer, x)) for x in sorted(names)],
    )


def _id(tokenizer: Tokenizer, piece: str) -> int:
    found = tokenizer.token_to_id(piece)
    if found is None:
        raise ExportError(
            f"the vocabulary has no {piece}, which the family's tokenizer puts "
            "around a text; expected the checkpoint's own files"
        )
    return found
