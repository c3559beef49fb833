# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""A real API server of Kubernetes, without nodes: nothing is started by it."""

from __future__ import annotations

import functools
import json
import pathlib
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

import yaml
from chart import KUBERNETES, TOOLS
from toolchain import need, run

# As deploy/kubernetes/tools/apiserver pins it.
_VERSION = "v1.37.2"
_START_SECONDS = 180
# Of the only user.
_TOKEN = "a-token-of-the-tests"
# By kind: below which path of the API it is made.
_PATHS = {
    "CustomResourceDefinition": "/apis/apiextensions.k8s.io/v1/"
    "customresourcedefinitions",
    "InferenceService": "/apis/serving.kserve.io/v1beta1/"
    "namespaces/{}/inferenceservices",
    "Namespace": "/api/v1/namespaces",
    "Pod": "/api/v1/namespaces/{}/pods",
    "PriorityClass": "/apis/scheduling.k8s.io/v1/priorityclasses",
    "RuntimeClass": "/apis/node.k8s.io/v1/runtimeclasses",
    "ServingRuntime": "/apis/serving.kserve.io/v1alpha1/"
    "namespaces/{}/servingruntimes",
}


@functools.cache
def binary() -> pathlib.Path:
    """kube-apiserver; the first time it takes half an hour to build."""
    need("go", "version", least="1.26")
    built = TOOLS / "kube-apiserver"
    run(
        *("go", "build", "-C", KUBERNETES / "tools" / "apiserver"),
        # Which nothing but Kubernetes' own scripts tells it otherwise.
        *(
            "-ldflags",
            f"-X k8s.io/component-base/version.gitVersion={_VERSION}",
        ),
        *("-o", built, "k8s.io/kubernetes/cmd/kube-apiserver"),
        GOFLAGS="-buildvcs=false",
    )
    return built


class ApiServer:
    """Runs with an etcd of its own while the block does."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._processes: list[subprocess.Popen] = []
        self.kubeconfig = folder / "kubeconfig"

    def __enter__(self) -> ApiServer:
        need("etcd", "--version", least="3.4")
        etcd, peers, port = _free_ports(3)
        self._url = f"https://127.0.0.1:{port}"
        try:
            self._start(
                "etcd",
                f"--data-dir={self._folder / 'etcd'}",
                f"--listen-client-urls=http://127.0.0.1:{etcd}",
                f"--advertise-client-urls=http://127.0.0.1:{etcd}",
                f"--listen-peer-urls=http://127.0.0.1:{peers}",
                f"--initial-advertise-peer-urls=http://127.0.0.1:{peers}",
                f"--initial-cluster=default=http://127.0.0.1:{peers}",
            )
            self._start(binary(), *self._flags(etcd, port))
            self._write_kubeconfig()
            self._await("/api/v1/namespaces/default", _START_SECONDS)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            process.kill()
            process.wait()

    def make(
        self, manifest: dict, namespace: str = "", query: str = ""
    ) -> None:
        """Makes an object; a field that does not exist is an error."""
        path = _PATHS[manifest["kind"]].format(namespace)
        self.ask(f"{path}?fieldValidation=Strict{query}", manifest)

    def define(self, definition: dict) -> None:
        """Makes a CustomResourceDefinition, and waits until it is in force."""
        self.make(definition)
        spec = definition["spec"]
        version = next(x["name"] for x in spec["versions"] if x["served"])
        path = f"/apis/{spec['group']}/{version}/{spec['names']['plural']}"
        self._await(path)

    def ask(self, path: str, body: dict | None = None) -> dict:
        """What it answers to a GET, or, with a body, to a POST."""
        request = urllib.request.Request(
            self._url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {_TOKEN}",
                "Content-Type": "application/json",
            },
        )
        trusting = ssl._create_unverified_context()
        try:
            with urllib.request.urlopen(
                request, context=trusting, timeout=60
            ) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            raise AssertionError(
                f"{path}: {error.code} {error.read().decode()}"
            ) from error

    def _flags(self, etcd: int, port: int) -> list[str]:
        key = self._folder / "service-accounts.key"
        run("openssl", "genrsa", "-out", key, "2048")
        tokens = self._folder / "tokens.csv"
        tokens.write_text(f"{_TOKEN},tests,1,system:masters\n")
        return [
            f"--etcd-servers=http://127.0.0.1:{etcd}",
            "--bind-address=127.0.0.1",
            # It takes part in nothing but this, loopback included.
            "--advertise-address=10.0.0.1",
            f"--secure-port={port}",
            f"--cert-dir={self._folder}",
            f"--token-auth-file={tokens}",
            "--authorization-mode=RBAC",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://tests.example",
            "--service-cluster-ip-range=10.0.0.0/24",
            # No controller makes the accounts that pods have.
            "--disable-admission-plugins=ServiceAccount",
        ]

    def _start(self, *command: str | pathlib.Path) -> None:
        name = pathlib.Path(command[0]).name
        with (self._folder / f"{name}.log").open("w") as log:
            self._processes.append(
                subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            )

    def _await(self, path: str, patience: float = 60) -> None:
        end = time.monotonic() + patience
        while True:
            try:
                self.ask(path)
                return
            except (AssertionError, OSError, json.JSONDecodeError) as error:
                for process in self._processes:
                    assert process.poll() is None, self._log()
                assert time.monotonic() < end, f"{error}\n{self._log()}"
            time.sleep(0.2)

    def _log(self) -> str:
        logs = sorted(self._folder.glob("*.log"))
        return "\n".join(x.read_text()[-2000:] for x in logs)

    def _write_kubeconfig(self) -> None:
        cluster = {"server": self._url, "insecure-skip-tls-verify": True}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "tests", "cluster": cluster}],
            "users": [{"name": "tests", "user": {"token": _TOKEN}}],
            "contexts": [
                {
                    "name": "tests",
                    "context": {"cluster": "tests", "user": "tests"},
                }
            ],
            "current-context": "tests",
        }
        self.kubeconfig.write_text(yaml.safe_dump(config))


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports
