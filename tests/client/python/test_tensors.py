# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Answers as NumPy and torch tensors."""

import warnings

import numpy as np
import pytest
from test_client import STATES, encoding, reply

from strata import tensors
from strata.v1 import tensor_pb2

torch = pytest.importorskip("torch")

HALVES = b"\xc0\x3f\x00\xc0"  # 1.5 and -2 in bfloat16.


@pytest.mark.parametrize(
    ("dtype", "data"),
    [
        ("float32", np.array([1.5, -2], "<f4").tobytes()),
        ("float16", np.array([1.5, -2], "<f2").tobytes()),
        ("bfloat16", HALVES),
    ],
)
def test_torch_keeps_the_type_and_copies_nothing(dtype, data):
    tensor = tensors.Tensor(dtype, (1, 2), data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        numbers = tensor.torch()
    assert numbers.dtype is getattr(torch, dtype)
    assert numbers.shape == (1, 2)
    assert numbers.tolist() == [[1.5, -2]]
    address = np.frombuffer(data, np.uint8).__array_interface__["data"][0]
    assert numbers.data_ptr() == address


def test_a_tensor_of_no_numbers():
    numbers = tensors.Tensor("bfloat16", (2, 0, 3), b"").torch()
    assert (numbers.shape, numbers.dtype) == ((2, 0, 3), torch.bfloat16)
    assert tensors.Tensor("float16", (0,), b"").array.shape == (0,)


def test_an_encoding_as_torch(client, fake):
    fake.answer = lambda request: reply(encoding(STATES))
    [answer] = client.encode(["a"])
    assert torch.equal(answer.torch(), torch.from_numpy(STATES))
    states = answer.hidden_states
    assert states.__array_interface__["data"][0] == answer.torch().data_ptr()
    assert not states.flags.writeable


def test_a_brain_float_stays_one(client, fake):
    def answer(request):
        [sent] = request.outputs
        assert sent.dtype == tensor_pb2.DATA_TYPE_BFLOAT16
        one = encoding(STATES)
        one.outputs[0].tensor.CopyFrom(
            tensor_pb2.Tensor(dtype=sent.dtype, shape=[1, 2], data=HALVES)
        )
        return reply(one)

    fake.answer = answer
    [answer] = client.encode(["a"], dtype="bfloat16", pooling="mean")
    assert answer.torch().dtype is torch.bfloat16
    assert answer.hidden_states.dtype == np.float32
    assert answer.tensor.dtype == "bfloat16"
    assert answer.torch().tolist() == answer.hidden_states.tolist()
