# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The Helm chart and the manifests for KServe.

What needs Helm, which takes minutes to build, is nightly. Each change is seen
by what needs none: the flags, the schema of the values, the chart's README, and
the probes, asked of a real server.
"""

import json
import re
import subprocess
import sys

import jsonschema
import pytest
import wire
import yaml
from certificates import Certificate
from chart import (
    CHART,
    KUBERNETES,
    VALUE_SETS,
    Manifests,
    check_of_definition,
    check_of_kubernetes,
    documents,
    helm,
    load,
    options,
    refusal,
    rendered,
)
from toolchain import ROOT, need, run

import strata

sys.path.insert(0, str(ROOT / "deploy"))

import generate_chart_reference  # noqa: E402

GUIDE = (ROOT / "docs" / "kubernetes.md").read_text()
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
RUNTIME = load(KUBERNETES / "kserve" / "servingruntime.yaml")
INFERENCE_SERVICE = load(KUBERNETES / "kserve" / "inferenceservice.yaml")
PROBES = {
    "startupProbe": "/started",
    "readinessProbe": "",
    "livenessProbe": "/live",
}

# Flags that the templates set, from values of other names.
OF_THE_CHART = {
    "--repository",
    "--report-directory",
    "--output-directory",
    "--listen",
    "--metrics-listen",
    "--devices",
    "--lame-duck",
    "--drain-timeout",
    "--admin-listen",
    "--model-control",
    "--tls-certificate",
    "--tls-key",
    "--tls-client-ca",
    "--tokens",
    "--digests",
    "--otlp-endpoint",
}


def seconds(duration: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(ms|s|m)", duration).groups()
    return float(number) * {"ms": 0.001, "s": 1, "m": 60}[unit]


def mebibytes(size: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([MG])i?B?", size).groups()
    return int(number) * {"M": 1, "G": 1024}[unit]


def outlives(probe: dict, drain: float) -> bool:
    """Whether no drain of this length makes the probe fail for good."""
    return probe["periodSeconds"] * probe["failureThreshold"] > drain


def check_memory(flags: dict[str, str], resources: dict) -> None:
    held = ("max-unread-bytes", "max-unsent-bytes", "max-leased-bytes")
    memory = mebibytes(resources["limits"]["memory"])
    assert sum(mebibytes(flags[x]) for x in held) <= memory / 2


@pytest.fixture(scope="session")
def known_flags(bin_dir) -> set[str]:
    text = run(bin_dir / "strata-server", "--help")
    flags = re.findall(r"^ +(--[a-z-]+)", text, re.M)
    return set(flags) - {"--help", "--version"}


@pytest.fixture(scope="session")
def accepts(bin_dir):
    """accepts(arguments): whether the server finds no mistake in them.

    It ends all the same, since it finds no models.
    """

    def check(arguments: list[str]) -> None:
        done = subprocess.run(
            [bin_dir / "strata-server", *arguments, "--devices=cpu"]
            + ["--metrics-listen=off"],
            capture_output=True,
            text=True,
            timeout=60,
        )
        # 2 would be a mistake in the flags.
        assert done.returncode == 1, done.stderr

    return check


# --- What needs no Helm


def test_the_flags_of_the_values_are_the_servers(known_flags):
    free = {f"--{x}" for x in SCHEMA["properties"]["flags"]["properties"]}
    assert not free & OF_THE_CHART
    assert free | OF_THE_CHART == known_flags


@pytest.mark.parametrize("name", VALUE_SETS)
def test_the_schema_takes_the_values(name):
    for file in [CHART / "values.yaml", *VALUE_SETS[name]]:
        jsonschema.validate(load(file), SCHEMA)


@pytest.mark.parametrize(
    "wrong",
    [
        {"replicaCount": 3},
        {"flags": {"max-request": "3"}},
        {"flags": {"max-requests": 3}},
        {"flags": {"listen": "0.0.0.0:1"}},
        {"devices": "gpu"},
        {"digests": ["minilm/1"]},
        {"models": {"source": "s3"}},
    ],
)
def test_the_schema_refuses(wrong):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, SCHEMA)


def test_the_readme_has_the_table_of_values():
    text = (CHART / "values.yaml").read_text()
    made = generate_chart_reference.table(text)
    assert (CHART / "README.md").read_text().endswith("\n\n" + made), (
        "run deploy/generate_chart_reference.py"
    )


def test_each_value_has_a_comment():
    told = generate_chart_reference.values((CHART / "values.yaml").read_text())

    def check(values: dict, path: str) -> None:
        for key, value in values.items():
            if path + key in told:
                continue
            assert isinstance(value, dict) and value, path + key
            check(value, f"{path}{key}.")

    check(load(CHART / "values.yaml"), "")


def test_the_versions_are_the_servers(bin_dir):
    [version] = run(bin_dir / "strata-server", "--version").split()[1:]
    assert str(load(CHART / "Chart.yaml")["appVersion"]) == version
    [container] = RUNTIME["spec"]["containers"]
    assert container["image"] == f"strata-server:{version}"


@pytest.mark.parametrize("name", ["defaults", "cpu", "gpu"])
def test_what_callers_can_fill_is_half_of_the_memory(name):
    values = load(CHART / "values.yaml")
    for file in VALUE_SETS[name]:
        values |= load(file)
    check_memory(values["flags"], values["resources"])


def test_kserve_starts_the_server(accepts, known_flags):
    [container] = RUNTIME["spec"]["containers"]
    assert container["command"] == ["strata-server"]
    flags = dict(x.split("=", 1) for x in container["args"])
    assert set(flags) <= known_flags
    accepts(container["args"])
    check_memory(
        {k.removeprefix("--"): v for k, v in flags.items()},
        container["resources"],
    )
    # Where KServe puts the models, and where it sends calls.
    assert flags["--repository"] == "/mnt/models"
    [port] = container["ports"]
    assert (port["name"], port["containerPort"]) == ("h2c", 9000)
    assert flags["--listen"] == "0.0.0.0:9000"
    metrics = RUNTIME["spec"]["annotations"]["prometheus.kserve.io/port"]
    assert flags["--metrics-listen"] == f"0.0.0.0:{metrics}"
    # Pods have 30 s unless an InferenceService says otherwise.
    assert seconds(flags["--drain-timeout"]) + 5 < 30
    for probe, service in PROBES.items():
        asked = container[probe]["grpc"]
        assert asked["port"] == 9000
        assert asked.get("service", "") == service


def test_the_inference_service_is_one_of_the_runtime():
    model = INFERENCE_SERVICE["spec"]["predictor"]["model"]
    [taken] = RUNTIME["spec"]["supportedModelFormats"]
    assert model["modelFormat"]["name"] == taken["name"]
    assert model["protocolVersion"] in RUNTIME["spec"]["protocolVersions"]


def test_the_adapters_rule_is_of_the_servers_metric(server):
    [rule] = load(KUBERNETES / "prometheus-adapter.yaml")["rules"]["custom"]
    names = re.findall(
        r"strata_\w+", rule["seriesQuery"] + rule["metricsQuery"]
    )
    with strata.Client(server.address, timeout=60) as client:
        client.encode(["Seventeen words."], "minilm")
    text = wire.scrape(server)
    for name in names:
        assert re.search(rf'^{name}{{.*stage="queue"', text, re.M), name
    asked = (CHART / "templates" / "hpa.yaml").read_text()
    assert f"metric: {{name: {rule['name']['as']}}}" in asked


@pytest.mark.nightly
def test_the_adapters_rule_measures_the_wait(tmp_path):
    """By promtool: one pod waits, another has no calls."""
    need("promtool", "--version", least="2.40")
    [rule] = load(KUBERNETES / "prometheus-adapter.yaml")["rules"]["custom"]
    query = rule["metricsQuery"].replace("<<.GroupBy>>", "pod")
    query = query.replace("<<.LabelMatchers>>", 'namespace="search"')
    name, labels = (
        "strata_stage_duration_seconds",
        'stage="queue",namespace="search"',
    )
    series = {
        # Each second ten requests, of which each waited for 0.3 s.
        f'{name}_sum{{pod="a",{labels}}}': "0+180x10",
        f'{name}_count{{pod="a",{labels}}}': "0+600x10",
        f'{name}_sum{{pod="b",{labels}}}': "7+0x10",
        f'{name}_count{{pod="b",{labels}}}': "9+0x10",
    }
    (tmp_path / "test.yaml").write_text(
        yaml.safe_dump(
            {
                "tests": [
                    {
                        "interval": "1m",
                        "input_series": [
                            {"series": k, "values": v}
                            for k, v in series.items()
                        ],
                        "promql_expr_test": [
                            {
                                "expr": f"round({query}, 0.001)",
                                "eval_time": "10m",
                                "exp_samples": [
                                    {"labels": '{pod="a"}', "value": 0.3},
                                    {"labels": '{pod="b"}', "value": 0},
                                ],
                            }
                        ],
                    }
                ]
            }
        )
    )
    run("promtool", "test", "rules", tmp_path / "test.yaml")


# --- What Helm makes


@pytest.fixture(scope="module", params=VALUE_SETS)
def made(request) -> Manifests:
    return Manifests(rendered(VALUE_SETS[request.param]))


@pytest.mark.nightly
@pytest.mark.parametrize("name", VALUE_SETS)
def test_lint(name):
    run(helm(), "lint", "--strict", CHART, *options(VALUE_SETS[name], ()))


@pytest.mark.nightly
@pytest.mark.parametrize("name", VALUE_SETS)
def test_manifests_hold_to_the_schemas_of_kubernetes(name, tmp_path):
    files = []
    for i, manifest in enumerate(Manifests(rendered(VALUE_SETS[name])).all):
        if manifest["kind"] == "ServiceMonitor":
            check_of_definition(manifest)
            continue
        files.append(tmp_path / f"{i}.yaml")
        files[-1].write_text(yaml.safe_dump(manifest))
    check_of_kubernetes(files)


@pytest.mark.nightly
@pytest.mark.parametrize(
    "manifest", [RUNTIME, INFERENCE_SERVICE], ids=lambda x: x["kind"]
)
def test_manifests_hold_to_the_definitions_of_kserve(manifest):
    check_of_definition(manifest)


@pytest.mark.nightly
def test_a_definition_refuses_what_it_does_not_know():
    wrong = json.loads(json.dumps(RUNTIME))
    wrong["spec"]["containers"][0]["livenessProbe"]["grpc"]["sevice"] = "/live"
    with pytest.raises(jsonschema.ValidationError, match="sevice"):
        check_of_definition(wrong)


@pytest.mark.nightly
def test_the_server_takes_its_arguments(made, accepts, known_flags):
    assert made.server["command"] == ["strata-server"]
    assert set(made.flags) <= known_flags
    accepts(made.server["args"])


@pytest.mark.nightly
def test_a_pod_outlives_its_drain(made):
    drain = seconds(made.flags["--drain-timeout"])
    # A forward that nobody wants any more is waited for 5 s.
    assert made.pod["terminationGracePeriodSeconds"] > drain + 5
    assert seconds(made.flags["--lame-duck"]) < drain
    # The pause is made once, by the server.
    assert "lifecycle" not in made.server
    assert outlives(made.server["livenessProbe"], drain)


@pytest.mark.nightly
def test_a_load_outlives_its_deadlines(made):
    startup = made.server["startupProbe"]
    patience = startup["periodSeconds"] * startup["failureThreshold"]
    assert patience >= 1800
    progress = made.only("Deployment")["spec"]["progressDeadlineSeconds"]
    assert progress > patience


@pytest.mark.nightly
def test_the_ports_are_one_and_the_same(made):
    ports = {x["name"]: x["containerPort"] for x in made.server["ports"]}
    for flag, port in (
        ("--listen", "grpc"),
        ("--metrics-listen", "metrics"),
        ("--admin-listen", "admin"),
    ):
        if flag in made.flags:
            assert made.flags[flag].rsplit(":", 1)[1] == str(ports.pop(port))
    assert not ports
    names = {x["name"] for x in made.server["ports"]}
    for service in made.of("Service").values():
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in names
    for monitor in made.of("ServiceMonitor").values():
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        [chosen] = [
            x
            for x in made.of("Service").values()
            if wanted <= x["metadata"]["labels"].items()
        ]
        named = [x["name"] for x in chosen["spec"]["ports"]]
        assert monitor["spec"]["endpoints"][0]["port"] in named


@pytest.mark.nightly
def test_probes_ask_as_the_server_can_answer(made):
    encrypted = "--tls-certificate" in made.flags
    for name, service in PROBES.items():
        probe = made.server[name]
        if encrypted:
            assert probe["exec"]["command"][0] == "strata"
            words = ["health", service] if service else ["health"]
            assert probe["exec"]["command"][-len(words) :] == words
        else:
            port = made.flags["--listen"].rsplit(":", 1)[1]
            assert probe["grpc"].get("service", "") == service
            assert probe["grpc"]["port"] == int(port)


@pytest.mark.nightly
def test_nothing_has_rights(made):
    pod = made.pod
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {
        "type": "RuntimeDefault"
    }
    for container in pod["containers"] + pod.get("initContainers", []):
        rights = container["securityContext"]
        assert rights["readOnlyRootFilesystem"] is True
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
    mounts = {x["name"]: x for x in made.server["volumeMounts"]}
    writable = {k for k, v in mounts.items() if not v.get("readOnly")}
    wanted = "--output-directory=/var/lib/strata/outputs"
    outputs = {"outputs"} if wanted in made.server["args"] else set()
    assert writable == {"reports", "tmp"} | outputs
    assert set(mounts) == {x["name"] for x in pod["volumes"]}
    # What is mounted by subPath is not renewed.
    assert not any("subPath" in v for k, v in mounts.items() if k != "models")


@pytest.mark.nightly
def test_labels_select_the_pods(made):
    labels = made.only("Deployment")["spec"]["template"]["metadata"]["labels"]
    selectors = [x["spec"]["selector"] for x in made.of("Service").values()]
    for kind, key in (
        ("Deployment", "selector"),
        ("NetworkPolicy", "podSelector"),
        ("PodDisruptionBudget", "selector"),
    ):
        for x in made.of(kind).values():
            selectors.append(x["spec"][key]["matchLabels"])
    for spread in made.pod.get("topologySpreadConstraints", []):
        selectors.append(spread["labelSelector"]["matchLabels"])
    for selector in selectors:
        assert selector.items() <= labels.items()
        # Those of a new version of the chart or the server select the old pods.
        assert set(selector) == {
            "app.kubernetes.io/name",
            "app.kubernetes.io/instance",
        }


@pytest.mark.nightly
def test_what_the_network_lets_through():
    def policy(name):
        return Manifests(rendered(VALUE_SETS[name])).only("NetworkPolicy")[
            "spec"
        ]

    plain = policy("defaults")
    assert [x["ports"] for x in plain["ingress"]] == [
        [{"port": "grpc"}],
        [{"port": "metrics"}],
    ]
    # A rule without peers would let everybody in.
    assert all(x["from"] for x in plain["ingress"])
    assert plain["policyTypes"] == ["Ingress", "Egress"]
    assert plain["egress"] == []
    everything = policy("everything")
    assert [x["ports"] for x in everything["ingress"]][2:] == [
        [{"port": "admin"}]
    ]
    assert [x["ports"][0]["port"] for x in everything["egress"]] == [53, 4317]
    fetched = policy("fetched")
    assert [x["ports"][0]["port"] for x in fetched["egress"]] == [53, 443]


@pytest.mark.nightly
def test_the_gpu_profile_asks_for_one():
    made = Manifests(rendered(VALUE_SETS["gpu"]))
    assert made.server["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert made.flags["--devices"] == "cuda"


@pytest.mark.nightly
def test_where_it_scales_nothing_else_says_how_many_pods_there_are():
    made = Manifests(rendered(VALUE_SETS["cpu"]))
    assert "replicas" not in made.only("Deployment")["spec"]
    queue, cpu = made.only("HorizontalPodAutoscaler")["spec"]["metrics"]
    assert queue["pods"]["target"]["averageValue"] == "200m"
    assert cpu["resource"]["target"]["averageUtilization"] == 80


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("sets", "why"),
    [
        (["drain.lameDuckSeconds=60"], "which must be more"),
        (["probes.liveness.failureThreshold=6"], "while it drains"),
        (["tokens.secretName=t"], "could be read on the way"),
        (["tls.clientCaSecretName=c"], "set tls.secretName too"),
        (["models.source=image"], "models.image.reference"),
        (["models.source=fetch"], "models.fetch.image"),
        (
            [
                "models.source=fetch",
                "models.fetch.image=i",
                "models.fetch.command={a}",
            ],
            "networkPolicy.fetchEgress",
        ),
        (
            [
                "autoscaling.enabled=true",
                "autoscaling.targetCpuPercent=0",
                "autoscaling.targetQueueMilliseconds=0",
            ],
            "set autoscaling.target",
        ),
        (["flags.max-request=3"], "'max-request' not allowed"),
        (["replicaCount=3"], "'replicaCount' not allowed"),
    ],
)
def test_contradictions_are_refused(sets, why):
    assert why in refusal(*sets)


@pytest.mark.nightly
def test_probes_pass_on_a_server_with_its_arguments(serve, small, tmp_path):
    made = Manifests(rendered(VALUE_SETS["cpu"]))
    reports = "--report-directory=/var/lib/strata/reports"
    arguments = [
        x
        for x in made.server["args"]
        if not re.match("--(repository|listen|metrics-listen)=", x)
    ]
    arguments[arguments.index(reports)] = f"--report-directory={tmp_path}"
    with serve(small, *arguments, "--lame-duck=0s") as server:
        with strata.Client(server.address, timeout=60, retries=0) as client:
            for probe in PROBES:
                service = made.server[probe]["grpc"].get("service", "")
                assert client.health(service) == "SERVING", probe


@pytest.mark.nightly
@pytest.mark.parametrize("mutual", [False, True])
def test_encrypted_probes_pass(serve, small, bin_dir, tmp_path, mutual):
    authority = Certificate(tmp_path, "authority")
    shown = Certificate(tmp_path, "localhost", authority)
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    for source, name in (
        (shown.certificate, "tls.crt"),
        (shown.key, "tls.key"),
        (authority.certificate, "ca.crt"),
        (authority.certificate, "client-ca.crt"),
    ):
        (credentials / name).symlink_to(source)
    sets = ["tls.secretName=t", "tls.serverName=localhost"]
    sets += ["tls.clientCaSecretName=c"] * mutual

    def there(words):
        return [
            x.replace("/etc/strata/credentials", str(credentials))
            for x in words
        ]

    flags = [
        x
        for x in Manifests(rendered([], *sets)).server["args"]
        if x.startswith("--tls")
    ]
    with serve(small, *there(flags)) as server:
        port = server.address.rsplit(":", 1)[1]
        made = Manifests(rendered([], *sets, f"ports.grpc={port}"))
        assert made.pod["hostAliases"] == [
            {"ip": "127.0.0.1", "hostnames": ["localhost"]}
        ]
        for probe in PROBES:
            command = there(made.server[probe]["exec"]["command"])
            run(bin_dir / command[0], *command[1:])


@pytest.mark.nightly
def test_the_notes_name_what_was_installed():
    told = run(
        helm(),
        "install",
        "hidden",
        CHART,
        "--dry-run=client",
        "--namespace=search",
    )
    notes = told[told.index("\nNOTES:") :]
    assert "hidden-strata-headless.search.svc:50051" in notes
    assert "calls are not encrypted" in notes
    assert "WARNING" not in run(
        helm(),
        "install",
        "hidden",
        CHART,
        "--dry-run=client",
        "--set=tls.secretName=t",
    )


# --- docs/kubernetes.md


@pytest.mark.nightly
def test_the_guides_values_render(tmp_path):
    blocks = re.findall(r"```yaml\n(.*?)```", GUIDE, re.S)
    values = [x for x in blocks if "apiVersion:" not in x]
    assert len(values) > 3
    for text in values:
        jsonschema.validate(yaml.safe_load(text), SCHEMA)
        file = tmp_path / "values.yaml"
        file.write_text(text)
        Manifests(rendered([file]))


@pytest.mark.nightly
def test_the_guides_manifests_hold_to_the_schemas(tmp_path):
    blocks = re.findall(r"```yaml\n(.*?)```", GUIDE, re.S)
    files = []
    for text in blocks:
        if "apiVersion:" in text:
            for manifest in documents(text):
                files.append(tmp_path / f"{len(files)}.yaml")
                files[-1].write_text(yaml.safe_dump(manifest))
    assert files
    check_of_kubernetes(files)


@pytest.mark.nightly
def test_the_guides_helm_commands_are_understood():
    lines = GUIDE.replace("\\\n", " ").splitlines()
    installs = [
        x.split() for x in lines if re.match("helm (install|upgrade)", x)
    ]
    ours = [x for x in installs if str(CHART.relative_to(ROOT)) in x]
    assert len(ours) == 3
    for words in ours:
        kept = [
            x for x in words[2:] if x not in ("--install", "--reset-then-reuse-values")
        ]
        run(helm(), "template", *kept)


def test_the_guides_metrics_are_the_servers():
    known = (ROOT / "server" / "README.md").read_text()
    for name in set(re.findall(r"strata_[a-z_]+", GUIDE)) - {
        "strata_queue_seconds"
    }:
        assert name in known, name
