# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The Open Inference Protocol, asked by Triton's own client from PyPI.

Every number is that of strata.v1's Encode for the same input, bit by bit.
"""

import asyncio
import json
import queue
import shutil

import alone
import causal
import numpy as np
import pair_model
import pytest
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
import wire
from tritonclient.grpc import service_pb2 as inference_pb2
from tritonclient.utils import InferenceServerException

import strata

FALCON = "falcon-random"
# Served alone each, so that a batch's numbers are those of its inputs.
ALONE = "falcon-alone"
CAUSAL = "direct"
INFER = "/inference.GRPCInferenceService/ModelInfer"
TEXTS = [
    "Where does the river rise?",
    "naïve coöperation, 東京, Ω 🙂",
    "Seven herons.",
    "The river ran under a wooden bridge while seven herons waited for fish.",
]


@pytest.fixture(scope="module")
def address(serve, models, tmp_path_factory):
    """Of a server of FALCON, ALONE, CAUSAL and bert-pairs."""
    repository = tmp_path_factory.mktemp("inference") / "repository"
    pair_model.build(repository, models)
    for name in (FALCON, ALONE):
        shutil.copytree(models / FALCON, repository / name)
    config = repository / ALONE / "1" / "strata.json"
    known = json.loads(config.read_text()) if config.exists() else {}
    config.write_text(json.dumps(known | {"batch_invariant": True}))
    forms = repository.with_name("causal")
    forms.mkdir()
    causal.build(
        forms,
        models / FALCON / "1" / "tokenizer.json",
        alone.reference_tokenizer(models, FALCON).get_vocab_size(),
    )
    shutil.copytree(forms / CAUSAL, repository / CAUSAL)
    with serve(repository) as server:
        yield server.address


@pytest.fixture(scope="module")
def client(address):
    with triton.InferenceServerClient(address) as client:
        yield client


@pytest.fixture(scope="module")
def ours(address):
    """The client of strata.v1."""
    with strata.Client(address, timeout=120) as client:
        yield client


def tensor(name, array, datatype):
    """An input tensor; its contents go raw, as Triton's client sends all."""
    result = triton.InferInput(name, list(array.shape), datatype)
    result.set_data_from_numpy(array)
    return result


def texts_tensor(texts, name="text", column=False):
    array = np.array([text.encode() for text in texts], dtype=np.object_)
    return tensor(name, array.reshape(-1, 1) if column else array, "BYTES")


def ids_tensors(rows, datatype=np.int64, mask_type=np.int64):
    """Ids padded on the right, with 77, which no mask lets through."""
    longest = max(map(len, rows))
    ids = np.full((len(rows), longest), 77, datatype)
    mask = np.zeros((len(rows), longest), mask_type)
    for row, (line, marks) in zip(rows, zip(ids, mask)):
        line[: len(row)] = row
        marks[: len(row)] = 1
    names = {np.int64: "INT64", np.int32: "INT32", np.bool_: "BOOL"}
    return [
        tensor("input_ids", ids, names[datatype]),
        tensor("attention_mask", mask, names[mask_type]),
    ]


def outputs(*names):
    return [triton.InferRequestedOutput(name) for name in names]


def test_the_server_tells_of_itself(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    metadata = client.get_server_metadata()
    assert metadata.name == "strata"
    assert metadata.version == strata.__version__
    assert "statistics" in metadata.extensions


def test_the_server_tells_of_its_models(client, ours):
    assert client.is_model_ready(FALCON)
    assert client.is_model_ready(FALCON, "1")
    assert not client.is_model_ready(FALCON, "2")
    assert not client.is_model_ready("nobody")
    described = ours.model(CAUSAL)
    metadata = client.get_model_metadata(CAUSAL)
    assert (metadata.name, metadata.versions) == (CAUSAL, ["1"])
    shapes = {x.name: (x.datatype, list(x.shape)) for x in metadata.outputs}
    size = shapes["logits"][1][-1]
    assert shapes == {
        "hidden_states": ("FP32", [-1, -1, described.width]),
        "pooled": ("FP32", [-1, described.width]),
        "piece_ids": ("INT64", [-1, -1]),
        "attention_mask": ("INT64", [-1, -1]),
        "logits": ("FP32", [-1, -1, size]),
    }
    config = client.get_model_config(CAUSAL, as_json=True)["config"]
    assert config["parameters"]["layers"] == {
        "string_value": str(described.layers)
    }
    assert config["parameters"]["digest"] == {"string_value": described.digest}
    assert all(tensor["optional"] for tensor in config["input"])
    index = client.get_model_repository_index().models
    assert {(x.name, x.version, x.state) for x in index} == {
        (name, "1", "READY")
        for name in (FALCON, ALONE, CAUSAL, pair_model.NAME)
    }


@pytest.mark.parametrize("text", TEXTS)
def test_the_last_layer_of_a_text(client, ours, text):
    result = client.infer(FALCON, [texts_tensor([text])], request_id="mine")
    [encoding] = ours.encode([text], FALCON)
    states = result.as_numpy("hidden_states")
    assert states.dtype == np.float32
    np.testing.assert_array_equal(states, encoding.hidden_states)
    mask = result.as_numpy("attention_mask")
    np.testing.assert_array_equal(mask, np.ones((1, encoding.piece_count)))
    response = result.get_response()
    assert [x.name for x in response.outputs] == [
        "hidden_states",
        "attention_mask",
    ]
    assert (response.id, response.model_name) == ("mine", FALCON)
    assert response.model_version == "1"


def test_outputs_by_name(client, ours):
    layers = ours.model(FALCON).layers
    names = [f"layer_{i}" for i in range(layers)]
    result = client.infer(
        FALCON,
        [texts_tensor(TEXTS[:1])],
        outputs=outputs("piece_ids", *names, "layer_-2", "pooled"),
    )
    [encoding] = ours.encode(
        TEXTS[:1], FALCON, layers=range(layers), return_pieces=True
    )
    for name, expected in zip(names, encoding.hidden_states, strict=True):
        np.testing.assert_array_equal(result.as_numpy(name)[0], expected)
    np.testing.assert_array_equal(
        result.as_numpy("layer_-2")[0], encoding.hidden_states[-2]
    )
    assert result.as_numpy("piece_ids").tolist() == [
        [piece.id for piece in encoding.pieces]
    ]
    [pooled] = ours.encode(TEXTS[:1], FALCON, pooling="mean")
    np.testing.assert_array_equal(
        result.as_numpy("pooled"), pooled.hidden_states
    )


@pytest.mark.parametrize("column", [False, True])
def test_a_batch_is_filled_up_with_zeros(client, ours, column):
    result = client.infer(
        ALONE,
        [texts_tensor(TEXTS, column=column)],
        outputs=outputs(
            "hidden_states", "pooled", "piece_ids", "attention_mask"
        ),
    )
    encodings = ours.encode(TEXTS, ALONE, return_pieces=True)
    pooled = ours.encode(TEXTS, ALONE, pooling="mean")
    lengths = [encoding.piece_count for encoding in encodings]
    assert len(set(lengths)) > 1
    states = result.as_numpy("hidden_states")
    width = ours.model(ALONE).width
    assert states.shape == (len(TEXTS), max(lengths), width)
    ids = result.as_numpy("piece_ids")
    mask = result.as_numpy("attention_mask")
    assert mask.sum(1).tolist() == lengths
    for row, encoding in enumerate(encodings):
        pieces = encoding.piece_count
        np.testing.assert_array_equal(
            states[row, :pieces], encoding.hidden_states[0]
        )
        assert not states[row, pieces:].any()
        assert mask[row].tolist() == sorted(mask[row], reverse=True)
        assert ids[row, :pieces].tolist() == [x.id for x in encoding.pieces]
        assert not ids[row, pieces:].any()
        np.testing.assert_array_equal(
            result.as_numpy("pooled")[row], pooled[row].hidden_states[0]
        )


@pytest.mark.parametrize("datatype", [np.int64, np.int32])
@pytest.mark.parametrize("mask_type", [np.int64, np.int32, np.bool_])
def test_ids_under_a_mask(client, ours, datatype, mask_type):
    rows = [[5, 6, 7], [8], [9, 10]]
    result = client.infer(ALONE, ids_tensors(rows, datatype, mask_type))
    states = result.as_numpy("hidden_states")
    for ours_of_row, row, padded in zip(
        ours.encode(rows, ALONE), rows, states, strict=True
    ):
        np.testing.assert_array_equal(
            padded[: len(row)], ours_of_row.hidden_states[0]
        )
        assert not padded[len(row) :].any()


def test_ids_without_a_mask_are_all_pieces(client, ours):
    [ids, _] = ids_tensors([[5, 6, 7], [8, 9, 10]])
    result = client.infer(ALONE, [ids], outputs=outputs("pooled"))
    expected = ours.encode(
        [[5, 6, 7], [8, 9, 10]], ALONE, pooling="mean"
    )
    np.testing.assert_array_equal(
        result.as_numpy("pooled"),
        np.concatenate([encoding.hidden_states for encoding in expected]),
    )


def test_what_is_answered_can_be_asked_again(client):
    """piece_ids and attention_mask are what input_ids and its mask want."""
    names = outputs("piece_ids", "attention_mask", "hidden_states")
    first = client.infer(ALONE, [texts_tensor(TEXTS)], outputs=names)
    again = client.infer(
        ALONE,
        [
            tensor("input_ids", first.as_numpy("piece_ids"), "INT64"),
            tensor("attention_mask", first.as_numpy("attention_mask"), "INT64"),
        ],
        outputs=names,
    )
    for name in ("piece_ids", "attention_mask", "hidden_states"):
        np.testing.assert_array_equal(
            first.as_numpy(name), again.as_numpy(name)
        )


def test_pairs_and_prompts(client, ours):
    pairs = [("the river", "a bridge")]
    result = client.infer(
        pair_model.NAME,
        [
            texts_tensor([pairs[0][0]]),
            texts_tensor([pairs[0][1]], "text_pair"),
        ],
        parameters={"prompt": "query"},
    )
    [expected] = ours.encode(pairs, pair_model.NAME, prompt="query")
    np.testing.assert_array_equal(
        result.as_numpy("hidden_states"), expected.hidden_states
    )


@pytest.mark.parametrize(
    "parameters",
    [
        {"pooling": "last", "normalize": True},
        {"pooling": "first", "dimensions": 7},
        {"pooling": "max", "layer": 1},
        {"pooling": "mean", "add_special_pieces": False},
        {"truncation": "right", "max_pieces": 3},
        {"truncation": "left", "max_pieces": 4, "normalize": True},
        {"dtype": "FP16"},
        {"dtype": "BF16"},
    ],
    ids=str,
)
def test_parameters(client, ours, parameters):
    result = client.infer(
        FALCON,
        [texts_tensor(TEXTS[3:])],
        outputs=outputs("pooled"),
        parameters=parameters | {"known to nobody": "x"},
    )
    dtypes = {"FP16": "float16", "BF16": "bfloat16"}
    options = {"pooling": "mean"} | parameters
    layers = [options.pop("layer", -1)]
    dtype = options.pop("dtype", None)
    if dtype:
        options["dtype"] = dtypes[dtype]
    [encoding] = ours.encode(TEXTS[3:], FALCON, layers=layers, **options)
    [output] = result.get_response().outputs
    assert output.datatype == (dtype or "FP32")
    numbers = result.as_numpy("pooled").astype(np.float32)
    np.testing.assert_array_equal(
        numbers, encoding.hidden_states.astype(np.float32)
    )


def test_logits(client, ours):
    result = client.infer(
        CAUSAL,
        [tensor("input_ids", np.array([[4, 5, 6]]), "INT64")],
        outputs=outputs("logits", "hidden_states"),
    )
    [encoding] = ours.encode([[4, 5, 6]], CAUSAL, kind="logits")
    np.testing.assert_array_equal(
        result.as_numpy("logits")[0], encoding.logits
    )
    assert result.as_numpy("hidden_states").shape[:2] == (1, 3)


def test_asyncio(address, ours):
    async def infer_all():
        async with triton_aio.InferenceServerClient(address) as client:
            assert await client.is_server_ready()
            return await asyncio.gather(
                *(
                    client.infer(ALONE, [texts_tensor([text])], priority=1)
                    for text in TEXTS
                )
            )

    results = asyncio.run(infer_all())
    for result, encoding in zip(results, ours.encode(TEXTS, ALONE)):
        np.testing.assert_array_equal(
            result.as_numpy("hidden_states"), encoding.hidden_states
        )


def test_a_stream(address, ours):
    """Answers come in any order, each with the id of its request."""
    done = queue.Queue()
    with triton.InferenceServerClient(address) as client:
        client.start_stream(
            callback=lambda result, error: done.put((result, error))
        )
        for number, text in enumerate([*TEXTS, "so " * 9999]):
            client.async_stream_infer(
                ALONE, [texts_tensor([text])], request_id=str(number)
            )
        client.stop_stream()
    answers = [done.get(timeout=60) for _ in range(len(TEXTS) + 1)]
    [error] = [error for _, error in answers if error is not None]
    assert "INVALID_ARGUMENT: text[0]: " in error.message()
    results = {
        result.get_response().id: result.as_numpy("hidden_states")
        for result, error in answers
        if error is None
    }
    for number, encoding in enumerate(ours.encode(TEXTS, ALONE)):
        np.testing.assert_array_equal(
            results[str(number)], encoding.hidden_states
        )


def test_a_stream_of_asyncio(address, ours):
    async def infer_all():
        async def requests():
            for number, text in enumerate(TEXTS):
                yield {
                    "model_name": ALONE,
                    "inputs": [texts_tensor([text])],
                    "request_id": str(number),
                }

        async with triton_aio.InferenceServerClient(address) as client:
            return [x async for x in client.stream_infer(requests())]

    answers = asyncio.run(infer_all())
    assert all(error is None for _, error in answers)
    encodings = ours.encode(TEXTS, ALONE)
    assert len(answers) == len(encodings)
    for result, _ in answers:
        np.testing.assert_array_equal(
            result.as_numpy("hidden_states"),
            encodings[int(result.get_response().id)].hidden_states,
        )


def refuse(client, model, inputs, **options):
    """The error of a call that must fail."""
    with pytest.raises(InferenceServerException) as raised:
        client.infer(model, inputs, **options)
    return raised.value


ROW = np.array([[5, 6]])


@pytest.mark.parametrize(
    ("inputs", "names", "words"),
    [
        ([], [], "got neither"),
        ([("ids", ROW, "INT64")], [], "got 'ids', expected text"),
        ([("input_ids", ROW[0], "INT64")], [], "shape [2], expected [B, T]"),
        ([("input_ids", ROW.astype(np.float32), "FP32")], [], "'FP32'"),
        ([("input_ids", ROW, "INT64")], ["hidden"], "got 'hidden'"),
        ([("input_ids", ROW, "INT64")], ["layer_99"], "got layer 99"),
        ([("input_ids", ROW * 10**6, "INT64")], [], "input_ids[0][0]"),
        (
            [
                ("input_ids", ROW, "INT64"),
                ("attention_mask", ROW * 0 + [0, 1], "INT64"),
            ],
            [],
            "pad on the right",
        ),
    ],
    ids=str,
)
def test_bad_tensors(client, inputs, names, words):
    error = refuse(
        client,
        FALCON,
        [tensor(*parts) for parts in inputs],
        outputs=outputs(*names),
    )
    assert error.status() == "StatusCode.INVALID_ARGUMENT"
    assert words in error.message()


def text_request(**raw_or_typed):
    return inference_pb2.ModelInferRequest(
        model_name=FALCON,
        inputs=[
            inference_pb2.ModelInferRequest.InferInputTensor(
                name="text",
                datatype="BYTES",
                shape=[1],
                contents=raw_or_typed.get("typed"),
            )
        ],
        raw_input_contents=raw_or_typed.get("raw", []),
    )


TYPED = inference_pb2.InferTensorContents(bytes_contents=[b"text"])


@pytest.mark.parametrize(
    ("request_of", "words"),
    [
        ({"raw": [b"\4\0\0\0text"], "typed": TYPED}, "typed contents beside"),
        ({"raw": [b"\4\0\0\0tex"]}, "of 7 bytes are cut short in element 0"),
        ({"raw": [b"\4\0"]}, "cut short"),
        ({"raw": [b"\4\0\0\0text\0\0\0\0"]}, "more than 1 texts, expected 1"),
        ({"raw": [b"\2\0\0\0\xff\xfe"]}, "not valid UTF-8"),
        ({"raw": [b"", b""]}, "has 2 entries, expected 1"),
        ({}, "holds 0 elements, expected 1"),
    ],
)
def test_bad_contents(address, request_of, words):
    with pytest.raises(strata.StrataError) as raised:
        wire.call(address, INFER, text_request(**request_of))
    assert raised.value.code.name == "INVALID_ARGUMENT"
    assert words in raised.value.message


def test_typed_contents(address, ours):
    reply = inference_pb2.ModelInferResponse.FromString(
        wire.call(address, INFER, text_request(typed=TYPED))
    )
    [encoding] = ours.encode(["text"], FALCON)
    assert reply.raw_output_contents[0] == encoding.hidden_states.tobytes()


def test_an_unknown_model(client):
    for model, version in (("nobody", ""), (FALCON, "7"), (FALCON, "old")):
        error = refuse(
            client, model, [texts_tensor(["a"])], model_version=version
        )
        assert error.status() == "StatusCode.NOT_FOUND"
    with pytest.raises(InferenceServerException) as raised:
        client.get_model_config("nobody")
    assert raised.value.status() == "StatusCode.NOT_FOUND"


def test_a_timeout_is_honoured(client):
    """A microsecond is over before a text is tokenized."""
    inputs = [texts_tensor(TEXTS)]
    error = refuse(client, FALCON, inputs, timeout=1)
    assert error.status() == "StatusCode.DEADLINE_EXCEEDED"
    client.infer(FALCON, inputs, timeout=60_000_000, priority=21)


def test_statistics(client):
    def statistics():
        [stats] = client.get_inference_statistics(FALCON).model_stats
        return stats

    before = statistics()
    client.infer(FALCON, [texts_tensor(TEXTS)])
    refuse(client, FALCON, [])
    after = statistics()
    assert after.inference_count - before.inference_count == len(TEXTS)
    assert after.execution_count > before.execution_count
    success = after.inference_stats.success
    assert success.count - before.inference_stats.success.count == 1
    assert success.ns > before.inference_stats.success.ns
    fail = after.inference_stats.fail.count
    assert fail - before.inference_stats.fail.count == 1
    assert len(client.get_inference_statistics().model_stats) == 4


def test_what_is_not_done(client):
    for ask in (
        client.get_cuda_shared_memory_status,
        client.get_trace_settings,
        client.get_log_settings,
    ):
        with pytest.raises(InferenceServerException) as raised:
            ask()
        assert raised.value.status() == "StatusCode.UNIMPLEMENTED"
        assert "this server does not do" in raised.value.message()


def test_models_are_loaded_on_request_where_allowed(
    client, serve, repository, add_model
):
    with pytest.raises(InferenceServerException) as raised:
        client.load_model(FALCON)
    assert raised.value.status() == "StatusCode.PERMISSION_DENIED"
    add_model("m")
    with (
        serve(repository, "--model-control=on") as server,
        triton.InferenceServerClient(server.address) as control,
    ):
        control.unload_model("m")
        assert not control.is_model_ready("m")
        wire.wait_until(
            lambda: not control.get_model_repository_index().models
        )
        add_model("m", 2)
        control.load_model("m")
        assert control.get_model_metadata("m").versions == ["2"]
        with pytest.raises(InferenceServerException) as raised:
            control.load_model("nobody")
        assert raised.value.status() == "StatusCode.NOT_FOUND"
        with pytest.raises(InferenceServerException) as raised:
            control.load_model("m", config='{"max_batch_size": 1}')
        assert raised.value.status() == "StatusCode.UNIMPLEMENTED"
