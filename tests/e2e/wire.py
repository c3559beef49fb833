# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Calls as they go over the wire, for what strata.Client cannot say."""

from __future__ import annotations

from typing import Any

import grpc

import strata

HIDDEN_STATES = "/strata.v1.HiddenStateService/"
TOKENIZER = "/strata.v1.TokenizerService/"
MODELS = "/strata.v1.ModelService/"


def call(address: str, method: str, request: Any) -> bytes:
    """One unary call; `request` is a message, or the bytes of one.

    Raises:
        strata.StrataError: The call failed.
    """
    data = request
    if not isinstance(data, bytes):
        data = request.SerializeToString()
    with grpc.insecure_channel(address) as channel:
        try:
            return channel.unary_unary(method)(data, timeout=60)
        except grpc.RpcError as error:
            raise strata.StrataError.from_rpc_error(error) from error


def first_of_stream(address: str, method: str, data: bytes) -> bytes:
    """The first answer of a call whose answers are a stream."""
    with grpc.insecure_channel(address) as channel:
        try:
            return next(channel.unary_stream(method)(data, timeout=60))
        except grpc.RpcError as error:
            raise strata.StrataError.from_rpc_error(error) from error
