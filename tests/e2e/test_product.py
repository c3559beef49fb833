# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Every family, signature, version, dtype, attention and head, over the wire.

Inputs of mixed lengths, 1 to the maximum, pairs of texts among them and, where
a trace takes them, type ids, go to the real server, 32 at a time, and are held
against Curated Transformers 1.3.2 running each alone, eagerly: no trace, no
SDPA, no padding, no mask that hides anything. Logits are held against its
causal LM's as a layer's pieces are.

The error of a piece in a layer is ||ours - alone|| / ||alone||, over channels.

* float32: no piece of any layer is off by more than 1e-5. The channels that are
  not planted are measured by themselves too, lest the large ones hide them: at
  most 1e-4, since the norms compute them beside numbers many times theirs.
* bfloat16, float16: a single piece's error is a matter of luck, one rounding
  more or less, for the eager model as for ours. So in each layer the errors of
  all pieces of all inputs are taken together, and both their root mean square
  and their 99th percentile may be at most 1.25 times those of the eager model
  of that dtype; ours and its are both against eager float32. Of logits, which
  are one layer, it is the 95th percentile: the 99th of the eager model itself
  moves by a quarter when its own batches are put together differently.
* Where a forward ends at the layer that is wanted, what it gives of an input by
  itself is what it gives with all layers: the kernels are the same, so 1e-5 in
  every dtype. Inputs in company, of one depth or another, are held against the
  eager model's, in float32.
* A pooled vector is held against the pooling of what the model gives alone; its
  error is measured against the pieces' own length, since a mean may come out
  near zero.

What is run is printed: a sample of all variants, the same every time. Every one
that there is runs in the nightly tests.
"""

import dataclasses
import functools
import itertools
import json
import pathlib
import random
from concurrent import futures

import alone
import numpy as np
import product_models
import pytest
import safetensors.torch
import torch
import wire
from curated_transformers.models import BERTConfig, BERTEncoder
from product_models import Variant

import strata
from strata.export import checkpoint
from strata.v1 import hidden_state_service_pb2 as service_pb2

IN_FLIGHT = 32
CASES = 40
PAIRS = 4
TYPED_CASES = 4
CUT_CASES = slice(1, 3)
POOLED_CASES = 10
TOLERANCE = 1e-5
SMALL_CHANNELS_TOLERANCE = 1e-4
# Of the eager low-precision model's own error.
LOW_PRECISION_FACTOR = 1.25
PERCENTILE = 99
LOGITS_PERCENTILE = 95

POOLINGS = {
    "mean": lambda states: states.mean(axis=1),
    "first": lambda states: states[:, 0],
    "last": lambda states: states[:, -1],
    "max": lambda states: states.max(axis=1),
    "spans": lambda states: np.stack(
        [
            states[:, begin:end].mean(axis=1)
            for begin, end in spans_of(states.shape[1])
        ],
        axis=1,
    ),
}


def spans_of(pieces: int) -> list[tuple[int, int]]:
    """Of an input: the whole of it, and some of its middle."""
    begin = pieces // 3
    return [(0, pieces), (begin, begin + max(1, pieces // 2))]


def as_pieces(case, types, spans=()) -> alone.Case:
    """The case sent as piece identifiers of these types, which spans count."""
    pieces = service_pb2.PieceIds(ids=case.ids, type_ids=types)
    spans = [service_pb2.Span(begin=x, end=y) for x, y in spans]
    sent = service_pb2.Input(pieces=pieces, spans=spans)
    return dataclasses.replace(case, sent=sent, types=types)


def with_spans(case, variant: Variant) -> alone.Case:
    types = case.types * variant.takes_types
    return as_pieces(case, types, spans_of(len(case.ids)))


def unary(client, cases, model, **options):
    """Each case in a call of its own, IN_FLIGHT of them at once."""

    def encode(case):
        [encoding] = client.encode([case.sent], model, **options)
        return encoding

    with futures.ThreadPoolExecutor(IN_FLIGHT) as pool:
        return list(pool.map(encode, cases))


def in_parts(client, cases, model, **options):
    """The same, by EncodeChunks."""
    return unary(client, cases, model, in_parts=True, **options)


def streamed(client, cases, model, **options):
    """All cases over one EncodeStream, as fast as the server takes them."""
    requests = (
        client.encode_request([case.sent], model, **options) for case in cases
    )
    answers = sorted(client.encode_stream(requests), key=lambda x: x.index)
    return [encoding for answer in answers for encoding in answer.encodings]


# How cases are sent, each in a request of its own, and their answers read.
TRANSPORTS = {"unary": unary, "in_parts": in_parts, "streamed": streamed}


class References:
    """Inputs, and what each family gives for each alone, by dtype."""

    def __init__(self, checkpoints: pathlib.Path):
        self.checkpoints = checkpoints
        file = checkpoints / "tokenizer.json"
        tokenizer = alone.tokenizers.Tokenizer.from_file(str(file))
        # Beyond RoBERTa's padding id, by which its model tells padding.
        self.cases = alone.mixed_cases(
            tokenizer, product_models.MAX_PIECES, CASES, first_id=2
        )
        self.cases += pairs(tokenizer, self.cases)
        # Of traces that take types alone.
        self.typed_cases = typed(self.cases[:TYPED_CASES])
        lengths = [len(case.ids) for case in self.cases]
        assert min(lengths) == 1
        assert max(lengths) == product_models.MAX_PIECES

    def cases_of(self, variant: Variant) -> list[alone.Case]:
        return self.cases + self.typed_cases * variant.takes_types

    def states(self, variant: Variant, dtype: str) -> list[np.ndarray]:
        """`[layers, pieces, width]` of each case, computed in `dtype`."""
        return self._states(variant.family, dtype, variant.takes_types)

    @functools.cache
    def _states(self, family, dtype, takes_types) -> list[np.ndarray]:
        model = self._load(family, dtype)
        cases = self.cases + self.typed_cases * takes_types
        return [run(model, x.ids, x.types * takes_types) for x in cases]

    @functools.cache
    def logits(self, family: str, dtype: str) -> list[np.ndarray]:
        """`[1, pieces, vocabulary]` of each case, as a layer's states are."""
        model = self._load(family, dtype, logits=True)
        return [run_logits(model, case.ids) for case in self.cases]

    def _load(self, family: str, dtype: str, logits: bool = False):
        folder = self.checkpoints / family
        if family == "electra":
            model = electra(folder)
        else:
            source = checkpoint.load(
                str(folder), tokenizer=self.checkpoints, logits=logits
            )
            model = source.module.float()
        return model.eval().to(getattr(torch, dtype))


def pairs(tokenizer, cases) -> list[alone.Case]:
    """Pairs of texts that are cases."""
    texts = [x.sent for x in cases if isinstance(x.sent, str)]
    texts.sort(key=len)
    found = []
    for text, pair in zip(texts[:PAIRS], texts[1:], strict=False):
        encoding = tokenizer.encode(text, pair)
        case = alone.Case((text, pair), encoding.ids, encoding.type_ids)
        assert sum(case.types) == len(tokenizer.encode(pair).ids)
        found.append(case)
    return found


def typed(cases) -> list[alone.Case]:
    """The same pieces, of types that go to and fro."""
    return [
        as_pieces(case, [i // 3 % 2 for i in range(len(case.ids))])
        for case in cases
    ]


def run(model, ids: list[int], types: list[int]) -> np.ndarray:
    """As alone.run, from any dtype, of these types if there are any."""
    options = {"type_ids": torch.tensor([types])} if types else {}
    with torch.no_grad():
        layers = model(*_alone(ids), **options).all_outputs
    return torch.cat(layers).double().numpy()


def run_logits(model, ids: list[int]) -> np.ndarray:
    with torch.no_grad():
        return model(*_alone(ids)).logits.double().numpy()


def _alone(ids: list[int]) -> tuple:
    batch = torch.tensor([ids])
    mask = torch.ones_like(batch, dtype=torch.bool)
    return batch, alone.AttentionMask(mask)


def electra(folder: pathlib.Path) -> BERTEncoder:
    """What 1.3.2 does not know, and is a BERT with narrow embeddings."""
    config = json.loads((folder / "config.json").read_text())
    model = BERTEncoder(
        BERTConfig(
            embedding_width=config["embedding_size"],
            hidden_width=config["hidden_size"],
            intermediate_width=config["intermediate_size"],
            n_attention_heads=config["num_attention_heads"],
            n_hidden_layers=config["num_hidden_layers"],
            n_pieces=config["vocab_size"],
            n_positions=config["max_position_embeddings"],
            model_max_length=config["max_position_embeddings"],
        )
    )
    state = safetensors.torch.load_file(folder / "model.safetensors")
    converted = dict(BERTEncoder.convert_hf_state_dict(state))
    for kind in ("weight", "bias"):
        name = f"embeddings.projection.{kind}"
        converted[name] = state[f"embeddings_project.{kind}"]
    model.load_state_dict(converted)
    return model


@pytest.fixture(scope="module")
def sample() -> list[Variant]:
    return product_models.sampled_variants()


@pytest.fixture(scope="module")
def references(built, sample) -> References:
    return References(product_models.build(built, sample))


@pytest.fixture(scope="module")
def product_server(serve, built, references, sample, tmp_path_factory):
    """Of the whole sample."""
    served = product_models.subset(
        built, sample, tmp_path_factory.mktemp("product") / "models"
    )
    with serve(served) as server:
        yield server


@pytest.fixture(scope="module")
def product_client(product_server):
    with strata.Client(
        product_server.address, timeout=120, retries=0
    ) as client:
        yield client


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("family", product_models.FAMILIES)
def test_family(family, transport, product_client, references, sample):
    variants = [x for x in sample if x.family == family]
    assert variants
    for variant in variants:
        check(product_client, references, variant, transport)


@pytest.mark.parametrize("family", product_models.FAMILIES)
def test_each_depth(family, product_client, references, sample):
    for variant in [x for x in sample if x.family == family]:
        check_depths(product_client, references, variant)


def test_no_request_waits_for_a_compilation(
    product_client, product_server, sample
):
    """Of these, of every shape and depth, and of the tests before."""
    dice = random.Random(4)
    lengths = range(1, product_models.MAX_PIECES + 1)
    poolings = itertools.cycle(x for x in ("none", *POOLINGS) if x != "spans")
    for variant in sample:
        count = product_client.model(variant.name).layers
        depths = [0], [1], range(count)
        for inputs, layers in itertools.product((1, 5, 64), depths):
            sent = [
                [dice.randrange(2, 200) for _ in range(length)]
                for length in dice.sample(lengths, inputs)
            ]
            product_client.encode(
                sent, variant.name, layers=layers, pooling=next(poolings)
            )
    for variant in sample:
        series = f'strata_graph_compilations_total{{model="{variant.name}"}}'
        assert wire.metric(product_server, series) == 0, variant.name


@pytest.mark.nightly
@pytest.mark.parametrize("family", product_models.FAMILIES)
def test_every_variant(family, serve, built, tmp_path):
    variants = [x for x in product_models.every_variant() if x.family == family]
    references = References(product_models.build(built, variants))
    served = product_models.subset(built, variants, tmp_path / "models")
    with serve(served) as server:
        with strata.Client(server.address, timeout=300, retries=0) as client:
            for variant in variants:
                for transport in TRANSPORTS:
                    check(client, references, variant, transport)
                check_depths(client, references, variant)


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", product_models.DTYPES)
def test_on_a_gpu(dtype, serve, built, references, sample, tmp_path):
    """Traces that were made on the CPU, with the CPU's numbers."""
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device on this machine")
    variants = [x for x in sample if x.dtype == dtype]
    served = product_models.subset(built, variants, tmp_path / "models")
    with serve(served, "--devices=cuda") as server:
        with strata.Client(server.address, timeout=120, retries=0) as client:
            for variant in variants:
                devices = client.model(variant.name).devices
                assert all(x.startswith("cuda:") for x in devices)
                check(client, references, variant, "unary")


def check(client, references, variant: Variant, transport: str) -> None:
    described = client.model(variant.name)
    assert described.state == "ready", f"{variant.name}: {described.reason}"
    assert described.dtype == variant.dtype
    assert described.max_pieces == product_models.MAX_PIECES
    # Else it would fall back on what is slower, and as exact.
    report = described.message.trace_report
    assert report.padding_exact == variant.can_be_padded, variant.name
    assert report.packing_exact == variant.can_be_packed, variant.name
    shared = report.prefix_sharing_exact
    assert shared == variant.can_share_prefixes, variant.name
    assert report.layers_cut, variant.name
    assert described.logits == (variant.head == "logits"), variant.name
    layers = range(described.layers)
    encode_all = TRANSPORTS[transport]
    cases = references.cases_of(variant)
    answers = encode_all(client, cases, variant.name, layers=layers)
    ours = [answer.hidden_states.astype("f8") for answer in answers]
    expected = references.states(variant, "float32")
    pooled = {}
    for pooling in POOLINGS:
        chosen = some(cases)
        if pooling == "spans":
            chosen = [with_spans(x, variant) for x in chosen]
        pooled[pooling] = encode_all(
            client, chosen, variant.name, layers=layers, pooling=pooling
        )
    if variant.dtype == "float32":
        check_float32(variant, ours, expected)
        check_pooled_float32(variant, pooled, some(expected))
    else:
        eager = references.states(variant, variant.dtype)
        check_low_precision(variant, ours, eager, expected)
        check_pooled_low_precision(variant, pooled, some(eager), some(expected))
    if variant.head == "logits":
        check_logits(client, references, variant, encode_all)


def check_depths(client, references, variant: Variant) -> None:
    """Each layer without those above it, and several."""

    def states(case, layers):
        [answer] = client.encode([case.sent], variant.name, layers=layers)
        return answer.hidden_states

    count = client.model(variant.name).layers
    wanted = [[layer] for layer in range(count)]
    wanted += [[1, 0], [0, count - 2]]
    cases = references.cases_of(variant)
    for case in cases[CUT_CASES]:
        whole = states(case, range(count))
        for layers in wanted:
            error = alone.worst_error(states(case, layers), whole[layers])
            assert error <= TOLERANCE, f"{variant.name}, {layers}: {error:.1e}"
    if variant.dtype != "float32":
        return
    depths = list(itertools.islice(itertools.cycle(wanted), len(cases)))
    with futures.ThreadPoolExecutor(IN_FLIGHT) as pool:
        answers = list(pool.map(states, cases, depths))
    expected = references.states(variant, "float32")
    for ours, layers, states_alone in zip(
        answers, depths, expected, strict=True
    ):
        error = alone.worst_error(ours, states_alone[layers])
        assert error <= TOLERANCE, f"{variant.name}, {layers}: {error:.1e}"


def some(cases: list) -> list:
    """The cases that are pooled: plain ones, and the last, pairs or typed."""
    return cases[: POOLED_CASES - 2] + cases[-2:]


def check_logits(client, references, variant, encode_all) -> None:
    answers = encode_all(
        client, references.cases, variant.name, kind="logits"
    )
    ours = [answer.logits.astype("f8")[None] for answer in answers]
    expected = references.logits(variant.family, "float32")
    if variant.dtype == "float32":
        both = zip(ours, expected, strict=True)
        worst = max(errors(x, y).max() for x, y in both)
        assert worst <= TOLERANCE, f"{variant.name}, logits: {worst:.1e}"
        return
    eager = references.logits(variant.family, variant.dtype)
    check_low_precision(variant, ours, eager, expected, LOGITS_PERCENTILE)


def check_float32(variant, ours, expected) -> None:
    worst = max(errors(x, y).max() for x, y in zip(ours, expected, strict=True))
    small = np.setdiff1d(
        np.arange(expected[0].shape[-1]), product_models.PLANTED
    )
    worst_small = max(
        errors(x[..., small], y[..., small]).max()
        for x, y in zip(ours, expected, strict=True)
    )
    print(f"{variant.name}: worst {worst:.1e}, others {worst_small:.1e}")
    assert worst <= TOLERANCE, variant.name
    assert worst_small <= SMALL_CHANNELS_TOLERANCE, variant.name


def check_low_precision(
    variant, ours, eager, expected, percentile=PERCENTILE
) -> None:
    got = by_layer(ours, expected)
    own = by_layer(eager, expected)
    ratios = []
    for layer, (x, y) in enumerate(zip(got, own, strict=True)):
        for name, measure in measures(percentile).items():
            ours_is, own_is = measure(x), measure(y)
            ratios.append(ours_is / own_is if own_is else 1.0)
            assert ours_is <= LOW_PRECISION_FACTOR * own_is, (
                f"{variant.name}, layer {layer}: the {name} of the errors is "
                f"{ours_is:.3g}, and {own_is:.3g} of the eager model's own"
            )
    print(f"{variant.name}: at most {max(ratios):.3f} of the eager error")


def root_mean_square(x: np.ndarray) -> float:
    return float(np.sqrt(np.mean(x**2)))


def measures(percentile: int) -> dict:
    return {
        "root mean square": root_mean_square,
        f"{percentile}th percentile": lambda x: float(
            np.percentile(x, percentile)
        ),
    }


def errors(ours: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """‖ours − expected‖ ÷ ‖expected‖, `[layers, pieces]`."""
    assert ours.shape == expected.shape
    difference = np.linalg.norm(ours - expected, axis=-1)
    return difference / np.linalg.norm(expected, axis=-1)


def by_layer(ours, expected) -> list[np.ndarray]:
    """The errors of all pieces of all inputs, for each layer."""
    both = zip(ours, expected, strict=True)
    return list(np.concatenate([errors(x, y) for x, y in both], axis=1))


def pooled_errors(pooling, ours, states) -> np.ndarray:
    """`[inputs, vectors]`, against the length of the input's pieces."""
    pool = POOLINGS[pooling]
    found = []
    for vectors, expected in zip(ours, states, strict=True):
        scale = np.linalg.norm(expected, axis=-1).mean(axis=1)
        difference = np.linalg.norm(vectors - pool(expected), axis=-1)
        # Layers stand last, whether there are spans or not.
        found.append((difference.T / scale).ravel())
    return np.array(found)


def check_pooled_float32(variant, pooled, expected) -> None:
    for pooling, answers in pooled.items():
        ours = [x.hidden_states.astype("f8") for x in answers]
        worst = pooled_errors(pooling, ours, expected).max()
        assert worst <= TOLERANCE, f"{variant.name}, {pooling}: {worst:.1e}"


def check_pooled_low_precision(variant, pooled, eager, expected) -> None:
    """All layers and inputs of a pooling together: there are few."""
    for pooling, answers in pooled.items():
        ours = [x.hidden_states.astype("f8") for x in answers]
        own = [POOLINGS[pooling](x) for x in eager]
        got_is = root_mean_square(pooled_errors(pooling, ours, expected))
        own_is = root_mean_square(pooled_errors(pooling, own, expected))
        assert got_is <= LOW_PRECISION_FACTOR * own_is, (
            f"{variant.name}, pooling {pooling}: {got_is:.3g}, and "
            f"{own_is:.3g} of the eager model's own"
        )
