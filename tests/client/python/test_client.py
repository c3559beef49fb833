# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The client against a server whose answers the tests write."""

import pickle

import fake_server
import grpc
import numpy as np
import pytest
from google.protobuf import duration_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2

import strata
from strata import results, tensors
from strata.models import Model
from strata.v1 import hidden_state_service_pb2 as service_pb2
from strata.v1 import model_service_pb2, tensor_pb2, tokenizer_service_pb2


def tensor(array, dtype=tensor_pb2.DATA_TYPE_FLOAT32):
    return tensor_pb2.Tensor(
        dtype=dtype, shape=array.shape, data=array.tobytes()
    )


def encoding(array, **fields):
    output = service_pb2.Output(tensor=tensor(array))
    return service_pb2.Encoding(outputs=[output], **fields)


def reply(*encodings):
    return service_pb2.EncodeResponse(
        model="m", version=3, digest="sha256:00", encodings=encodings
    )


STATES = np.arange(12, dtype="<f4").reshape(2, 3, 2)


def test_encode_sends_what_was_asked(client, fake):
    fake.answer = lambda request: reply(encoding(STATES))
    client.encode(
        ["a text", [4, 5]],
        "m",
        version=3,
        layers=[0, -1],
        pooling="mean",
        normalize=True,
        dimensions=8,
        dtype="float16",
        truncation="left",
        max_pieces=7,
        return_pieces=True,
        add_special_pieces=False,
        priority=2,
        expected_digest="sha256:00",
    )
    assert fake.requests == [
        service_pb2.EncodeRequest(
            model="m",
            version=3,
            inputs=[
                service_pb2.Input(text="a text"),
                service_pb2.Input(pieces=service_pb2.PieceIds(ids=[4, 5])),
            ],
            outputs=[
                service_pb2.OutputSpec(
                    kind=service_pb2.OUTPUT_KIND_HIDDEN_STATES,
                    layers=[0, -1],
                    pooling=service_pb2.POOLING_MEAN,
                    normalize=True,
                    dimensions=8,
                    dtype=tensor_pb2.DATA_TYPE_FLOAT16,
                )
            ],
            truncation=service_pb2.TRUNCATION_LEFT,
            max_pieces=7,
            return_pieces=True,
            add_special_pieces=False,
            priority=2,
            expected_digest="sha256:00",
        )
    ]


def test_encode_asks_for_logits_of_a_labelled_version(client, fake):
    logits = np.zeros((3, 50), "<f4")
    fake.answer = lambda request: reply(encoding(logits))
    [answer] = client.encode(["a"], kind="logits", version_label="stable")
    [request] = fake.requests
    assert request.outputs[0].kind == service_pb2.OUTPUT_KIND_LOGITS
    assert (request.version, request.version_label) == (0, "stable")
    np.testing.assert_array_equal(answer.logits, logits)
    with pytest.raises(ValueError, match='holds logits; ask for kind="hidden'):
        answer.hidden_states  # noqa: B018


def test_hidden_states_are_no_logits(client, fake):
    fake.answer = lambda request: reply(encoding(STATES))
    [answer] = client.encode(["a"])
    assert fake.requests[0].outputs[0].kind == (
        service_pb2.OUTPUT_KIND_HIDDEN_STATES
    )
    with pytest.raises(ValueError, match='holds hidden_states; ask for kind="'):
        answer.logits  # noqa: B018


def test_every_request_takes_a_label(client, fake):
    fake.answer = lambda request: tokenizer_service_pb2.TokenizeResponse()
    client.tokenize(["a"], version_label="stable")
    fake.answer = lambda request: tokenizer_service_pb2.DetokenizeResponse()
    client.detokenize([[1]], version_label="stable")
    fake.answer = lambda request: model_service_pb2.GetModelResponse(
        summary=summary("m")
    )
    client.model("m", version_label="stable")
    assert [r.version_label for r in fake.requests] == ["stable"] * 3


def test_encode_leaves_the_model_and_the_layer_to_the_server(client, fake):
    fake.answer = lambda request: reply(encoding(STATES))
    client.encode(["a text"])
    [request] = fake.requests
    assert (request.model, request.version) == ("", 0)
    assert list(request.outputs[0].layers) == []
    assert request.add_special_pieces


def test_encode_sends_pairs_and_the_prompt(client, fake):
    fake.answer = lambda request: reply(encoding(STATES))
    client.encode(["a", ("b", "c"), (4, 5)], prompt="query")
    assert list(fake.requests[0].inputs) == [
        service_pb2.Input(text="a", prompt="query"),
        service_pb2.Input(text="b", text_pair="c", prompt="query"),
        # Which the server refuses.
        service_pb2.Input(
            pieces=service_pb2.PieceIds(ids=[4, 5]), prompt="query"
        ),
    ]


def test_encode_sends_input_messages_as_they_are(client, fake):
    fake.answer = lambda request: reply(encoding(STATES))
    whole = service_pb2.Input(
        pieces=service_pb2.PieceIds(ids=[4, 5], type_ids=[0, 1]),
        spans=[service_pb2.Span(begin=0, end=2)],
    )
    client.encode([whole, "a"], prompt="query", pooling="spans")
    assert list(fake.requests[0].inputs) == [
        whole,
        service_pb2.Input(text="a", prompt="query"),
    ]
    [output] = fake.requests[0].outputs
    assert output.pooling == service_pb2.POOLING_SPANS


def test_a_pair_has_two_texts(client, fake):
    with pytest.raises(ValueError, match="a tuple of 3 texts, expected a pair"):
        client.encode([("a", "b", "c")])
    assert fake.requests == []


def test_encode_takes_numpy_ids(client, fake):
    fake.answer = lambda request: reply(encoding(STATES))
    client.encode([np.array([7, 8, 9])])
    assert list(fake.requests[0].inputs[0].pieces.ids) == [7, 8, 9]


def test_encode_reads_the_whole_answer(client, fake):
    fake.answer = lambda request: reply(
        encoding(
            STATES,
            pieces=[service_pb2.Piece(id=9, text="##ing", begin=3, end=6)],
            piece_count=3,
            truncated_pieces=1,
            timings=service_pb2.Timings(
                tokenize=duration_pb2.Duration(nanos=2_000_000),
                queue=duration_pb2.Duration(nanos=30_000_000),
                compute=duration_pb2.Duration(nanos=250_000_000),
                total=duration_pb2.Duration(seconds=1, nanos=500_000_000),
            ),
            batch=service_pb2.BatchInfo(rows=4, pieces=9, padded_pieces=12),
        )
    )
    [answer] = client.encode(["a text"])
    np.testing.assert_array_equal(answer.hidden_states, STATES)
    assert answer.hidden_states.dtype == np.float32
    assert (answer.model, answer.version) == ("m", 3)
    assert answer.digest == "sha256:00"
    assert answer.pieces == [results.Piece(9, "##ing", 3, 6)]
    assert (answer.piece_count, answer.truncated_pieces) == (3, 1)
    assert answer.timings == results.Timings(0.002, 0.03, 0.25, 1.5)
    assert answer.batch == results.Batch(4, 9, 12)
    assert answer.error is None


def test_one_failed_input_leaves_the_others(client, fake):
    broken = service_pb2.Encoding(
        status=fake_server.failure(
            grpc.StatusCode.INTERNAL,
            "the model failed",
            fake_server.reason("FORWARD_FAILED"),
        )
    )
    fake.answer = lambda request: reply(broken, encoding(STATES))
    failed, well = client.encode(["a", "b"])
    np.testing.assert_array_equal(well.hidden_states, STATES)
    assert failed.error.reason == "FORWARD_FAILED"
    with pytest.raises(strata.StrataError, match="the model failed"):
        failed.hidden_states  # noqa: B018


@pytest.mark.parametrize(
    ("dtype", "data", "expected"),
    [
        ("FLOAT32", np.array([1.5, -2], "<f4").tobytes(), [1.5, -2]),
        ("FLOAT16", np.array([1.5, -2], "<f2").tobytes(), [1.5, -2]),
        ("BFLOAT16", b"\xc0\x3f\x00\xc0", [1.5, -2]),
    ],
)
def test_tensors_of_every_type(dtype, data, expected):
    array = tensors.to_array(
        tensor_pb2.Tensor(
            dtype=tensor_pb2.DataType.Value(f"DATA_TYPE_{dtype}"),
            shape=[1, 2],
            data=data,
        )
    )
    assert array.tolist() == [expected]
    assert array.dtype == (np.float16 if dtype == "FLOAT16" else np.float32)


def test_a_tensor_of_an_unknown_type_is_refused():
    with pytest.raises(ValueError, match="data type 99.*use a newer client"):
        tensors.to_array(tensor_pb2.Tensor(dtype=99, shape=[0]))


def test_answers_larger_than_grpcs_default_arrive(client, fake):
    large = np.zeros((1, 1 << 18, 8), "<f4")  # 8 MiB
    fake.answer = lambda request: reply(encoding(large))
    [answer] = client.encode(["x" * (5 << 20)])
    assert answer.hidden_states.shape == large.shape


def test_a_lone_text_is_a_mistake(client, fake):
    with pytest.raises(TypeError, match="got one str, expected a list"):
        client.encode("a text")
    with pytest.raises(TypeError, match="got one str, expected a list"):
        client.tokenize("a text")
    with pytest.raises(TypeError, match="got bytes, expected str"):
        client.encode([b"a text"])
    assert fake.requests == []


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"pooling": "avg"}, 'pooling is "avg"; expected one of: none, mean'),
        ({"kind": "loss"}, 'output_kind is "loss"; expected one of: hidden_st'),
        ({"dtype": "int8"}, 'data_type is "int8"; expected one of: float32'),
        ({"truncation": "up"}, 'truncation is "up"; expected one of: none, le'),
    ],
)
def test_unknown_names_of_options(client, fake, option, words):
    with pytest.raises(ValueError, match=words):
        client.encode(["a text"], **option)
    assert fake.requests == []


def test_tokenize(client, fake):
    fake.answer = lambda request: tokenizer_service_pb2.TokenizeResponse(
        inputs=[
            tokenizer_service_pb2.TokenizedInput(
                pieces=[service_pb2.Piece(id=5, text="a", begin=0, end=1)],
                truncated_pieces=2,
            )
        ]
    )
    [tokens] = client.tokenize(["a b c"], "m", truncation="right", max_pieces=1)
    assert tokens.pieces == [results.Piece(5, "a", 0, 1)]
    assert (tokens.ids, tokens.truncated_pieces) == ([5], 2)
    assert fake.requests[0].truncation == service_pb2.TRUNCATION_RIGHT
    assert fake.requests[0].max_pieces == 1


def test_tokenize_sends_pairs_and_the_prompt(client, fake):
    fake.answer = lambda r: tokenizer_service_pb2.TokenizeResponse(
        inputs=[
            tokenizer_service_pb2.TokenizedInput(
                pieces=[service_pb2.Piece(id=5, text="b", end=1, in_pair=True)]
            )
        ]
    )
    [tokens] = client.tokenize([("a", "b")], prompt="query")
    assert list(fake.requests[0].inputs) == [
        service_pb2.Input(text="a", text_pair="b", prompt="query")
    ]
    assert tokens.pieces == [results.Piece(5, "b", 0, 1, in_pair=True)]


def test_tokenize_without_truncation_leaves_it_unset(client, fake):
    fake.answer = lambda r: tokenizer_service_pb2.TokenizeResponse()
    client.tokenize(["a"])
    assert fake.requests[0].truncation == service_pb2.TRUNCATION_UNSPECIFIED


def test_detokenize(client, fake):
    fake.answer = lambda request: tokenizer_service_pb2.DetokenizeResponse(
        texts=["a", "b c"]
    )
    ids = [[1], [2, 3]]
    assert client.detokenize(ids, skip_special_pieces=True) == ["a", "b c"]
    assert [list(item.ids) for item in fake.requests[0].inputs] == ids
    assert fake.requests[0].skip_special_pieces


def summary(name, state=model_service_pb2.MODEL_STATE_READY, reason=""):
    return model_service_pb2.ModelSummary(
        name=name,
        version=1,
        state=state,
        reason=reason,
        digest="sha256:11",
        labels=["stable"],
    )


def test_models_follows_pages(client, fake):
    refused = model_service_pb2.MODEL_STATE_REFUSED
    pages = {
        "": model_service_pb2.ListModelsResponse(
            models=[summary("a")], next_page_token="more"
        ),
        "more": model_service_pb2.ListModelsResponse(
            models=[summary("b", refused, "no tokenizer")]
        ),
    }
    fake.answer = lambda request: pages[request.page_token]
    assert client.models() == [
        Model("a", 1, "ready", "", "sha256:11", ["stable"]),
        Model(
            "b", 1, "refused", "no tokenizer", "sha256:11", ["stable"]
        ),
    ]


def test_model(client, fake):
    fake.answer = lambda request: model_service_pb2.GetModelResponse(
        summary=summary("m"),
        trace_report=model_service_pb2.TraceReport(
            layers=7,
            width=384,
            dtype="float32",
            vocabulary_size=1000,
            logits=True,
        ),
        batch_invariant=True,
        limits=model_service_pb2.ModelLimits(max_pieces=512),
        devices=["cpu"],
        prompts={"query": "query: "},
    )
    model = client.model("m", version=1)
    assert (model.name, model.version, model.state) == ("m", 1, "ready")
    assert (model.layers, model.width, model.dtype) == (7, 384, "float32")
    assert (model.vocabulary_size, model.max_pieces) == (1000, 512)
    assert model.devices == ["cpu"]
    assert (model.logits, model.batch_invariant) == (True, True)
    assert model.labels == ["stable"]
    assert model.prompts == {"query": "query: "}
    assert model.message.summary.digest == model.digest == "sha256:11"
    assert fake.requests[0].version == 1


def test_health(client, fake):
    fake.answer = lambda request: health_pb2.HealthCheckResponse(
        status=health_pb2.HealthCheckResponse.NOT_SERVING
    )
    assert client.health("m") == "NOT_SERVING"
    assert fake.requests[0].service == "m"


def test_an_error_with_details(client, fake):
    fake.answer = lambda request: fake_server.failure(
        grpc.StatusCode.INVALID_ARGUMENT,
        "outputs[0].layers[0]: got layer 9",
        fake_server.reason("INVALID_FIELD"),
        error_details_pb2.BadRequest(
            field_violations=[
                error_details_pb2.BadRequest.FieldViolation(
                    field="outputs[0].layers[0]"
                )
            ]
        ),
    )
    with pytest.raises(strata.StrataError) as raised:
        client.encode(["a"], layers=[9])
    error = raised.value
    assert error.code is grpc.StatusCode.INVALID_ARGUMENT
    assert error.reason == "INVALID_FIELD"
    assert error.field == "outputs[0].layers[0]"
    assert error.retry_after is None
    assert str(error) == (
        "INVALID_ARGUMENT (INVALID_FIELD): outputs[0].layers[0]: got layer 9"
    )


def test_a_full_server_says_when_to_come_back(client, fake):
    fake.answer = lambda request: fake_server.failure(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "full",
        fake_server.reason("SERVER_FULL"),
        error_details_pb2.RetryInfo(
            retry_delay=duration_pb2.Duration(nanos=250_000_000)
        ),
    )
    with pytest.raises(strata.StrataError) as raised:
        client.models()
    assert raised.value.retry_after == 0.25
    assert raised.value.field is None


def test_an_error_without_details(client, fake):
    fake.answer = lambda request: status_pb2.Status(
        code=grpc.StatusCode.UNKNOWN.value[0], message="something between"
    )
    with pytest.raises(strata.StrataError) as raised:
        client.model()
    assert raised.value.code is grpc.StatusCode.UNKNOWN
    assert raised.value.reason == ""
    assert str(raised.value) == "UNKNOWN: something between"


@pytest.mark.parametrize(
    ("details", "code"),
    [
        ([], grpc.StatusCode.UNAVAILABLE),
        ([fake_server.reason("INTERNAL_DEFECT")], grpc.StatusCode.INTERNAL),
    ],
)
def test_a_stream_that_a_proxy_reset(client, fake, details, code):
    fake.answer = lambda request: fake_server.failure(
        grpc.StatusCode.INTERNAL,
        "Received RST_STREAM with error code 2",
        *details,
    )
    with pytest.raises(strata.StrataError) as raised:
        client.model()
    assert raised.value.code is code


def test_a_status_of_an_unknown_code():
    error = strata.StrataError.from_status(
        status_pb2.Status(code=77, message="from the future")
    )
    assert error.code is grpc.StatusCode.UNKNOWN


def test_no_server():
    # Nothing listens on port 1 of the loopback.
    with strata.Client("127.0.0.1:1", timeout=20, retries=0) as client:
        with pytest.raises(strata.StrataError) as raised:
            client.health()
    assert raised.value.code is grpc.StatusCode.UNAVAILABLE
    assert "127.0.0.1:1" in raised.value.message


def test_the_timeout_reaches_the_server(client, fake):
    fake.answer = lambda request: reply(encoding(STATES))
    client.encode(["a"])
    # gRPC rounds the time that is left up when it sends it.
    assert fake.timeouts[0] == pytest.approx(20, abs=5)


def test_without_a_timeout_there_is_no_deadline(fake):
    fake.answer = lambda request: reply(encoding(STATES))
    with fake_server.serving(fake) as target:
        with strata.Client(target, timeout=None) as client:
            client.encode(["a"])
    # gRPC's "no deadline" is years away.
    assert fake.timeouts[0] is None or fake.timeouts[0] > 1e6


def test_after_close_calls_fail(client):
    client.close()
    with pytest.raises((ValueError, strata.StrataError)):
        client.health()


def test_importing_the_package_does_not_import_grpc_or_torch():
    import subprocess
    import sys

    program = (
        "import strata, sys; "
        "assert not {'grpc', 'torch', 'numpy'} & sys.modules.keys(); "
        "strata.Client; assert 'grpc' in sys.modules; "
        "assert 'torch' not in sys.modules"
    )
    subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        strata.Nothing  # noqa: B018


def test_an_error_survives_pickling():
    """As it must, to be raised in the process that waits for another."""
    error = strata.StrataError(
        grpc.StatusCode.RESOURCE_EXHAUSTED, "full", "SERVER_FULL", "x", 0.5
    )
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert vars(again) == vars(error)
