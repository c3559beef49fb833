# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""An OTLP collector over gRPC that hands over the spans that it is sent."""

from __future__ import annotations

import importlib
import importlib.resources
import pathlib
import queue
import subprocess
import sys
from concurrent import futures

import grpc

PROTOS = pathlib.Path(__file__).resolve().parent.parent.parent / "proto"
_SECONDS = 60
_SERVICE = "opentelemetry.proto.collector.trace.v1.trace_service_pb2"


def generate(folder: pathlib.Path) -> None:
    """Generates the published protos into a folder, and imports from it."""
    third_party = PROTOS / "third_party"
    well_known = importlib.resources.files("grpc_tools") / "_proto"
    files = sorted((third_party / "opentelemetry").rglob("*.proto"))
    assert files
    # In a process of its own: the compiler's protobuf and the one inside
    # sentencepiece do not bear each other.
    subprocess.run(
        [
            sys.executable,
            "-m",
            "grpc_tools.protoc",
            f"-I{third_party}",
            f"-I{well_known}",
            f"--python_out={folder}",
            f"--grpc_python_out={folder}",
            *(str(file) for file in files),
        ],
        check=True,
    )
    sys.path.insert(0, str(folder))


class Collector:
    """Listens on a free port of the loopback while the block runs."""

    def __init__(self) -> None:
        self.messages: queue.SimpleQueue = queue.SimpleQueue()
        pb2 = importlib.import_module(_SERVICE)
        self._grpc = importlib.import_module(_SERVICE + "_grpc")
        collector = self

        class Servicer(self._grpc.TraceServiceServicer):
            def Export(self, request, context):
                collector.messages.put(request)
                return pb2.ExportTraceServiceResponse()

        self._server = grpc.server(futures.ThreadPoolExecutor(2))
        self._grpc.add_TraceServiceServicer_to_server(Servicer(), self._server)
        port = self._server.add_insecure_port("127.0.0.1:0")
        self.address = f"127.0.0.1:{port}"

    def __enter__(self) -> Collector:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None).wait()

    def spans(self, count: int) -> list:
        """Waits for so many spans, and returns those that have come."""
        spans: list = []
        while len(spans) < count:
            message = self.messages.get(timeout=_SECONDS)
            for resource in message.resource_spans:
                for scope in resource.scope_spans:
                    spans += scope.spans
        return spans
