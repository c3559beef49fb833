# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The chart and the manifests for KServe, on a real API server.

It says what no schema does: whether names and ports go together, whether an
upgrade leaves alone what cannot be changed, whether the pods keep to the
security standard "restricted". There are no nodes, so no pod is started. Go
builds the server, half an hour the first time; etcd is the distribution's
package etcd-server.
"""

import pytest
from api_server import ApiServer
from chart import (
    CHART,
    KUBERNETES,
    VALUE_SETS,
    Manifests,
    definition,
    helm,
    load,
    options,
    rendered,
)
from toolchain import run

pytestmark = pytest.mark.nightly

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with ApiServer(tmp_path_factory.mktemp("api")) as running:
        for kind in ("ServiceMonitor", "ServingRuntime", "InferenceService"):
            running.define(definition(kind))
        # Which everything.yaml names.
        running.make(
            {
                "apiVersion": "scheduling.k8s.io/v1",
                "kind": "PriorityClass",
                "metadata": {"name": "serving"},
                "value": 1000,
            }
        )
        running.make(
            {
                "apiVersion": "node.k8s.io/v1",
                "kind": "RuntimeClass",
                "metadata": {"name": "nvidia"},
                "handler": "nvidia",
            }
        )
        yield running


@pytest.fixture
def namespace(api, request) -> str:
    """A new one, whose pods must be harmless."""
    name = f"n{abs(hash(request.node.name))}"
    api.make(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": RESTRICTED},
        }
    )
    return name


def with_helm(api, namespace: str, *words: str) -> str:
    return run(
        *(helm(), *words, f"--namespace={namespace}"),
        KUBECONFIG=api.kubeconfig,
    )


@pytest.mark.parametrize("name", VALUE_SETS)
def test_it_installs(api, namespace, name):
    chosen = options(VALUE_SETS[name], ())
    with_helm(api, namespace, "install", "strata", CHART, *chosen)
    made = api.ask(f"/apis/apps/v1/namespaces/{namespace}/deployments/strata")
    assert made["spec"]["template"]["spec"]["containers"]
    with_helm(api, namespace, "uninstall", "strata")
    left = api.ask(f"/apis/apps/v1/namespaces/{namespace}/deployments")
    assert left["items"] == []


def test_an_upgrade_changes_only_what_can_be_changed(api, namespace):
    with_helm(api, namespace, "install", "strata", CHART)
    for name in [*VALUE_SETS, "defaults"]:
        chosen = options(VALUE_SETS[name], ())
        with_helm(api, namespace, "upgrade", "strata", CHART, *chosen)


@pytest.mark.parametrize("name", VALUE_SETS)
def test_its_pods_are_restricted(api, namespace, name):
    template = Manifests(rendered(VALUE_SETS[name])).only("Deployment")
    pod = template["spec"]["template"]
    pod["metadata"]["name"] = "strata"
    api.make(
        {"apiVersion": "v1", "kind": "Pod"} | pod,
        namespace,
        query="&dryRun=All",
    )


def test_a_pod_with_rights_is_refused(api, namespace):
    sets = ("containerSecurityContext.allowPrivilegeEscalation=true",)
    pod = Manifests(rendered([], *sets)).only("Deployment")["spec"]["template"]
    pod["metadata"]["name"] = "strata"
    with pytest.raises(AssertionError, match="restricted"):
        api.make(
            {"apiVersion": "v1", "kind": "Pod"} | pod,
            namespace,
            query="&dryRun=All",
        )


@pytest.mark.parametrize("name", ["servingruntime", "inferenceservice"])
def test_kserves_are_taken(api, namespace, name):
    api.make(load(KUBERNETES / "kserve" / f"{name}.yaml"), namespace)


def test_kserves_pods_are_restricted(api, namespace):
    spec = load(KUBERNETES / "kserve" / "servingruntime.yaml")["spec"]
    pod = {key: spec[key] for key in ("containers", "volumes")}
    api.make(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "predictor"},
            "spec": pod,
        },
        namespace,
        query="&dryRun=All",
    )
