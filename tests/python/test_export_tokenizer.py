# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Older tokenizer files, converted: the identifiers are the family's own.

They are held against Curated Transformers' readers of those files, and where
it has none, against sentencepiece with the family's rules spelled out.
"""

import json
import shutil
from pathlib import Path

import huggingface_hub
import pytest
import sentencepiece
import strata
import tiny_models
from curated_tokenizers import ByteBPEProcessor
from curated_transformers.repository.file import LocalFile
from strata.export import ExportError, export
from strata.export.tokenizer import (
    local_tokenizer_files,
    read_json_tokenizer,
    vocabulary_size,
)
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

# Curated Transformers' tokenizers import the name, which is gone since 1.0, and
# do not use it.
huggingface_hub.Repository = object
from curated_transformers.tokenizers import legacy  # noqa: E402

_TEXT = Path(strata.__file__).parent / "demo_text.txt"
LINES = _TEXT.read_text(encoding="utf-8").splitlines()
# What a tokenizer trained on LINES may not know, and what it has to normalise.
UGLY = [
    "x",
    "Naïve café — COÖPERATION, e\u0301te\u0301!",
    "two  spaces and   three",
    " a space in front",
    "ﬁne ½ ① ｆｕｌｌ",
    "東京 и Ω 🙂",
    "1,234.5 costs 3,",
    "don't (really) \"quoted\"",
]


@pytest.fixture(scope="module")
def spiece(tmp_path_factory) -> Path:
    """A sentencepiece unigram model, numbered as XLM-R and CamemBERT are."""
    prefix = tmp_path_factory.mktemp("spiece") / "model"
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES * 3),
        model_prefix=str(prefix),
        vocab_size=250,
        unk_id=0,
        bos_id=1,
        eos_id=2,
        minloglevel=2,
    )
    return prefix.with_suffix(".model")


@pytest.fixture(scope="module")
def albert_spiece(tmp_path_factory) -> Path:
    """One as ALBERT has it: <pad>, <unk>, [CLS], [SEP], [MASK] in front."""
    prefix = tmp_path_factory.mktemp("albert") / "spiece"
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(line.lower() for line in LINES * 3),
        model_prefix=str(prefix),
        vocab_size=250,
        pad_id=0,
        unk_id=1,
        bos_id=-1,
        eos_id=-1,
        control_symbols=["[CLS]", "[SEP]", "[MASK]"],
        minloglevel=2,
    )
    return prefix.with_suffix(".model")


@pytest.fixture(scope="module")
def byte_pairs(tmp_path_factory) -> Path:
    """A folder with vocab.json and merges.txt, RoBERTa's specials in it."""
    folder = tmp_path_factory.mktemp("byte_pairs")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(
        LINES,
        trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tokenizer.model.save(str(folder))
    return folder


@pytest.fixture(scope="module")
def word_pieces(tmp_path_factory) -> Path:
    """A folder with vocab.txt."""
    folder = tmp_path_factory.mktemp("word_pieces")
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(
        (line.lower() for line in LINES),
        trainers.WordPieceTrainer(
            vocab_size=300,
            special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
            show_progress=False,
        ),
    )
    tokenizer.model.save(str(folder))
    return folder


@pytest.fixture
def folder_of(tmp_path):
    """folder_of({name: file}, **config): a folder with copies of the files."""

    def make(files: dict[str, Path], **config) -> Path:
        folder = tmp_path / "tokenizer"
        folder.mkdir()
        for name, file in files.items():
            shutil.copy(file, folder / name)
        if config:
            text = json.dumps(config)
            (folder / "tokenizer_config.json").write_text(text)
        return folder

    return make


def converted(folder: Path, model_type: str | None) -> Tokenizer:
    files = local_tokenizer_files(folder, model_type)
    assert isinstance(files["tokenizer.json"], bytes)
    assert vocabulary_size(files) > 200
    return read_json_tokenizer(files["tokenizer.json"])


def check(tokenizer: Tokenizer, reference) -> None:
    """As Curated Transformers encodes them, special pieces included."""
    lines = LINES + UGLY
    for line, ids in zip(lines, reference(lines).ids, strict=True):
        assert tokenizer.encode(line).ids == ids, line


def test_xlm_roberta_moves_its_identifiers(spiece, folder_of):
    folder = folder_of({"sentencepiece.bpe.model": spiece})
    tokenizer = converted(folder, "xlm-roberta")
    check(
        tokenizer,
        legacy.XLMRTokenizer.from_files(model_file=LocalFile(str(spiece))),
    )
    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    assert [tokenizer.token_to_id(x) for x in specials] == [0, 1, 2, 3]
    assert tokenizer.token_to_id("<mask>") == 251  # The last, after 250 + 1.
    # The plain model's own identifiers are others.
    plain = sentencepiece.SentencePieceProcessor(model_file=str(spiece))
    assert tokenizer.encode("the river").ids[1:-1] == [
        i + 1 for i in plain.encode("the river")
    ]


def test_camembert_moves_its_identifiers(spiece, folder_of):
    folder = folder_of({"sentencepiece.bpe.model": spiece})
    tokenizer = converted(folder, "camembert")
    check(
        tokenizer,
        legacy.CamemBERTTokenizer.from_files(model_file=LocalFile(str(spiece))),
    )
    specials = ["<pad>", "<unk>", "<s>", "</s>"]
    assert [tokenizer.token_to_id(x) for x in specials] == [1, 3, 5, 6]
    assert tokenizer.token_to_id("<mask>") == 254


def test_albert_keeps_its_identifiers(albert_spiece, folder_of):
    folder = folder_of({"spiece.model": albert_spiece})
    tokenizer = converted(folder, "albert")
    plain = sentencepiece.SentencePieceProcessor(model_file=str(albert_spiece))
    for line in LINES:
        ids = plain.encode(line.lower().replace("''", '"'))
        assert tokenizer.encode(line).ids == [2, *ids, 3]
    pair = tokenizer.encode("the river", "the town")
    assert pair.type_ids[0] == 0 and pair.type_ids[-1] == 1
    assert pair.ids.count(3) == 2


def test_roberta_reads_byte_pairs(byte_pairs, folder_of):
    folder = folder_of({x.name: x for x in byte_pairs.iterdir()})
    tokenizer = converted(folder, "roberta")
    reference = legacy.RoBERTaTokenizer.from_files(
        vocab_file=LocalFile(str(folder / "vocab.json")),
        merges_file=LocalFile(str(folder / "merges.txt")),
    )
    check(tokenizer, reference)
    pair = tokenizer.encode("a", "b").tokens
    assert pair == ["<s>", "a", "</s>", "</s>", "b", "</s>"]


@pytest.mark.parametrize("kind", ["gpt_neox", "mpt"])
def test_gpt_neox_adds_nothing_around_a_text(kind, byte_pairs, folder_of):
    folder = folder_of({x.name: x for x in byte_pairs.iterdir()})
    tokenizer = converted(folder, kind)
    reference = ByteBPEProcessor.load_from_files(
        vocab=(folder / "vocab.json").open(encoding="utf-8"),
        merges=(folder / "merges.txt").open(encoding="utf-8"),
    )
    for line in LINES + UGLY:
        assert tokenizer.encode(line).ids == list(reference.encode(line)[0])


@pytest.mark.parametrize("kind", ["bert", "electra"])
@pytest.mark.parametrize("lowercase", [True, False])
def test_bert_reads_word_pieces(kind, lowercase, word_pieces, folder_of):
    folder = folder_of(
        {"vocab.txt": word_pieces / "vocab.txt"}, do_lower_case=lowercase
    )
    tokenizer = converted(folder, kind)
    reference = legacy.BERTTokenizer.from_files(
        vocab_file=LocalFile(str(folder / "vocab.txt")),
        lowercase=lowercase,
        strip_accents=lowercase,
    )
    check(tokenizer, reference)
    pair = tokenizer.encode("the river", "the town")
    assert pair.type_ids[0] == 0 and pair.type_ids[-1] == 1


def test_pieces_that_were_added_after_the_training(word_pieces, folder_of):
    size = len((word_pieces / "vocab.txt").read_text().splitlines())
    folder = folder_of({"vocab.txt": word_pieces / "vocab.txt"})
    added = folder / "added_tokens.json"
    added.write_text(json.dumps({"<two>": size + 1, "<one>": size}))
    tokenizer = converted(folder, "bert")
    ids = tokenizer.encode("<one><two>", add_special_tokens=False).ids
    assert ids == [size, size + 1]

    added.write_text(json.dumps({"<one>": size + 7}))
    with pytest.raises(
        ExportError, match=f"'<one>' has the identifier {size + 7}, and comes"
    ):
        local_tokenizer_files(folder, "bert")


def test_flags_of_added_pieces(word_pieces, folder_of):
    folder = folder_of(
        {"vocab.txt": word_pieces / "vocab.txt"},
        added_tokens_decoder={
            "4": {"content": "[MASK]", "lstrip": True, "special": True}
        },
    )
    tokenizer = converted(folder, "bert")
    assert tokenizer.encode("the [MASK]").offsets[2] == (3, 10)


def test_the_tokenizer_class_tells_the_kind(word_pieces, folder_of):
    folder = folder_of(
        {"vocab.txt": word_pieces / "vocab.txt"},
        tokenizer_class="BertTokenizerFast",
    )
    assert converted(folder, None).encode("the").tokens[0] == "[CLS]"


def test_so_does_the_model_type_beside_it(word_pieces, folder_of):
    folder = folder_of({"vocab.txt": word_pieces / "vocab.txt"})
    (folder / "config.json").write_text('{"model_type": "bert"}')
    assert converted(folder, None).encode("the").tokens[0] == "[CLS]"


def test_a_tokenizer_json_goes_first(word_pieces, tokenizer_folder, folder_of):
    folder = folder_of(
        {
            "vocab.txt": word_pieces / "vocab.txt",
            "tokenizer.json": tokenizer_folder / "tokenizer.json",
        }
    )
    files = local_tokenizer_files(folder, "bert")
    assert files == {"tokenizer.json": folder / "tokenizer.json"}


def test_what_is_converted_is_written(word_pieces, folder_of, tmp_path):
    folder = folder_of({"vocab.txt": word_pieces / "vocab.txt"})
    (folder / "config.json").write_text('{"model_type": "bert"}')
    directory = tmp_path / "m" / "1"
    report = export(tiny_models.build("bert"), folder, directory)
    written = Tokenizer.from_file(str(directory / "tokenizer.json"))
    assert written.encode("the").tokens[0] == "[CLS]"
    assert report.files["tokenizer.json"] > 1000
    assert not (directory / "vocab.txt").exists()


@pytest.mark.parametrize("kind", ["xlm-roberta", "camembert"])
def test_a_plain_model_of_moved_identifiers_is_refused(
    kind, spiece, folder_of
):
    folder = folder_of({"tokenizer.model": spiece})
    with pytest.raises(
        ExportError,
        match=f"not those of a {kind} model, which moves them .* expected "
        "sentencepiece.bpe.model or tokenizer.json",
    ):
        local_tokenizer_files(folder, kind)


def test_files_that_nothing_tells_the_kind_of(byte_pairs, folder_of):
    folder = folder_of({x.name: x for x in byte_pairs.iterdir()})
    with pytest.raises(
        ExportError,
        match="There is merges.txt and vocab.json, which cannot be read as a "
        "tokenizer of model type None. Give one with --tokenizer",
    ):
        local_tokenizer_files(folder)


@pytest.mark.parametrize(
    ("kind", "name", "text", "message"),
    [
        ("bert", "vocab.txt", "a\nb\n", r"has no \[CLS\], which the family"),
        ("xlm-roberta", "sentencepiece.bpe.model", "no", "as a sentencepiece"),
        ("roberta", "vocab.json", "{", "as a tokenizer of roberta: "),
    ],
)
def test_files_that_cannot_be_read(kind, name, text, message, folder_of):
    folder = folder_of({})
    (folder / "merges.txt").write_text("")
    (folder / name).write_text(text)
    with pytest.raises(ExportError, match=message):
        local_tokenizer_files(folder, kind)


def test_a_byte_pair_sentencepiece_is_no_unigram(tmp_path, folder_of):
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES),
        model_prefix=str(tmp_path / "bpe"),
        model_type="bpe",
        vocab_size=200,
        minloglevel=2,
    )
    folder = folder_of({"sentencepiece.bpe.model": tmp_path / "bpe.model"})
    with pytest.raises(ExportError, match="is no sentencepiece unigram model"):
        local_tokenizer_files(folder, "camembert")
