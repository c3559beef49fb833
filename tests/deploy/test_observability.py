# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The dashboard, the alerts, and the page that explains them.

That what they name is what a real server tells; nightly, that Prometheus itself
reads all of it.
"""

from __future__ import annotations

import itertools
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import grpc
import pytest
import wire
import yaml
from toolchain import missing

import strata
from strata.v1 import error_reason_pb2

ROOT = pathlib.Path(__file__).resolve().parents[2]
OBSERVABILITY = ROOT / "deploy" / "observability"
DASHBOARD = OBSERVABILITY / "grafana" / "strata.json"
RULES = OBSERVABILITY / "alerts.yaml"
PAGE = ROOT / "docs" / "signals.md"
GENERATOR = ROOT / "deploy" / "generate_dashboard.py"

# What Prometheus adds to a server's series, and those that it makes itself.
TARGET_LABELS = {"job", "instance"}
PROMETHEUS_OWN = {"up": set(), "ALERTS": {"alertname", "alertstate"}}


def panels() -> list[dict[str, Any]]:
    return json.loads(DASHBOARD.read_text())["panels"]


def graphs() -> list[dict[str, Any]]:
    return [panel for panel in panels() if panel["type"] != "row"]


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def dashboard_expressions() -> list[str]:
    return [t["expr"] for panel in graphs() for t in panel["targets"]]


def expressions() -> list[str]:
    """All of PromQL, but for names of recording rules."""
    board = json.loads(DASHBOARD.read_text())
    variables = [
        re.sub(r"label_values\((.*), (\w+)\)", r"sum by (\2) (\1)",
               variable["query"]["query"])
        for variable in board["templating"]["list"]
        if variable["type"] == "query"
    ]
    annotations = [a["expr"] for a in board["annotations"]["list"]]
    return [
        *dashboard_expressions(),
        *variables,
        *annotations,
        *(rule["expr"] for rule in rules()),
    ]


def selectors(expression: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """The metrics of an expression, each with its labels and their values."""
    found = re.findall(
        r"(?<![\w:\"])((?:strata|process)_\w+|up|ALERTS)\b(?:\{(.*?)\})?",
        re.sub(r"\$__\w+", "1m", expression),
    )
    return [
        (name, re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"(.*?)\"", labels))
        for name, labels in found
    ]


def groupings(expression: str) -> set[str]:
    """Labels that an expression groups or matches by."""
    lists = re.findall(r"\b(?:by|on|without|ignoring) \((.*?)\)", expression)
    return {label for words in lists for label in words.split(", ")}


def documented() -> set[str]:
    """The metrics of the table in server/README.md."""
    text = (ROOT / "server" / "README.md").read_text()
    return set(re.findall(r"^\| `((?:strata|process)_\w+)` \|", text, re.M))


def family(series: str) -> str:
    """The metric that a series of a histogram belongs to."""
    return re.sub(r"_(bucket|sum|count)$", "", series)


def anchors(page: pathlib.Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    }


def make_events(address: str, model: str) -> None:
    """What a server has series of from its first one on."""
    with strata.Client(address, timeout=120, retries=0) as client:
        client.encode(["Hello world!", "This is a test"], model=model)
        with pytest.raises(strata.StrataError, match="MODEL_NOT_FOUND"):
            client.encode(["A text."], model="no-such-model")


@pytest.fixture(scope="module")
def told(server) -> dict[str, dict[str, set[str]]]:
    """Labels of a real server's series, with their values, by its names."""
    make_events(server.address, "minilm")
    names: dict[str, dict[str, set[str]]] = {}
    for name, labels in re.findall(
        r"^(\w+)(?:\{(.*)\})? \S+$", wire.scrape(server), re.M
    ):
        values = names.setdefault(name, {})
        for label, value in re.findall(r'(\w+)="(.*?)"', labels):
            values.setdefault(label, set()).add(value)
    return names


def test_the_dashboard_is_not_stale(tmp_path):
    subprocess.run([sys.executable, GENERATOR, tmp_path / "d"], check=True)
    assert DASHBOARD.read_text() == (tmp_path / "d").read_text(), (
        "strata.json is not what deploy/generate_dashboard.py makes; run it"
    )


def test_panels_are_told_apart_and_explained():
    ids = [panel["id"] for panel in panels()]
    assert len(set(ids)) == len(ids)
    titles = [panel["title"] for panel in panels()]
    assert len(set(titles)) == len(titles)
    for panel in graphs():
        assert len(panel["description"]) > 50, panel["title"]
        letters = [target["refId"] for target in panel["targets"]]
        assert letters and len(set(letters)) == len(letters), panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}", panel["title"]


def test_panels_do_not_overlap():
    taken: dict[tuple[int, int], str] = {}
    for panel in panels():
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        for cell in itertools.product(
            range(place["x"], place["x"] + place["w"]),
            range(place["y"], place["y"] + place["h"]),
        ):
            other = taken.setdefault(cell, panel["title"])
            assert other == panel["title"], f"{cell}: {other}"


def test_every_metric_is_on_the_dashboard():
    shown = {
        family(name)
        for expression in dashboard_expressions()
        for name, _ in selectors(expression)
    }
    assert documented() <= shown


def test_what_is_named_is_what_a_server_tells(told):
    reasons = {
        name.removeprefix("ERROR_REASON_")
        for name in error_reason_pb2.ErrorReason.keys()
    }
    codes = {code.name for code in grpc.StatusCode}
    for expression in expressions():
        known = set(TARGET_LABELS)
        for name, pairs in selectors(expression):
            if name in PROMETHEUS_OWN:
                labels = dict.fromkeys(PROMETHEUS_OWN[name], set())
            else:
                assert name in told, f"{name} in {expression}"
                assert family(name) in documented()
                labels = told[name]
            known |= set(labels)
            for label, pattern in pairs:
                assert label in set(labels) | TARGET_LABELS, (
                    f"{name}{{{label}}} in {expression}"
                )
                values = {"reason": reasons, "code": codes}.get(
                    label, labels.get(label, set())
                )
                if name in PROMETHEUS_OWN or "$" in pattern or not values:
                    continue
                for value in pattern.split("|"):
                    assert value in values, f"{label} {value} in {expression}"
        assert groupings(expression) <= known, expression


def test_rules_are_read_where_they_are_recorded():
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    read = {
        name
        for alert in alerts()
        for name in re.findall(r"\bjob:\w+:\w+", alert["expr"])
    }
    assert read == recorded


def test_every_alert_says_what_to_do():
    for alert in alerts():
        assert alert["labels"]["severity"] in {"critical", "warning"}
        assert set(alert["annotations"]) == {
            "summary", "description", "runbook_url",
        }
        page, anchor = alert["annotations"]["runbook_url"].split("#")
        assert anchor == alert["alert"].lower()
        assert anchor in anchors(ROOT / page), alert["alert"]


def test_every_alert_is_tested_both_ways():
    groups = yaml.safe_load((OBSERVABILITY / "alerts_test.yaml").read_text())
    fires, rests = set(), set()
    for group in groups["tests"]:
        for test in group["alert_rule_test"]:
            (fires if test.get("exp_alerts") else rests).add(test["alertname"])
    names = {alert["alert"] for alert in alerts()}
    assert fires == rests == names


def test_the_page_has_a_section_for_each_alert_and_no_other():
    text = PAGE.read_text()
    sections = re.findall(r"^### (Strata\w+)$", text, re.M)
    assert sorted(sections) == sorted(alert["alert"] for alert in alerts())


def test_the_page_names_every_reason_and_every_event():
    text = PAGE.read_text()
    table = text[text.index("## Why a request") : text.index("## How metrics")]
    rows = re.findall(r"^\| (`.*?) \|", table, re.M)
    reasons = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert reasons == {
        name.removeprefix("ERROR_REASON_")
        for name in error_reason_pb2.ErrorReason.keys()[1:]
    }
    table = text[text.index("### Events") : text.index("### Load reports")]
    rows = re.findall(r"^\| (`.*?) \|", table, re.M)
    events = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    code = "".join(file.read_text() for file in (ROOT / "server").glob("*.cc"))
    written = {
        event
        for call in re.findall(r"\bLog(?:Line)?\(([^;{]*)", code)
        for event in re.findall(r'"([a-z_]+)"', call)
    }
    assert events == written


def test_the_page_names_metrics_that_there_are():
    text = PAGE.read_text()
    named = re.findall(r"`(?:sum\(rate\()?((?:strata|process)_\w+)", text)
    assert {family(name) for name in named} <= documented()
    titles = {panel["title"] for panel in panels()}
    for title in re.findall(r"(?<!\*)\*([A-Z][^*]+)\*(?!\*)", text):
        assert title in titles, title


def test_the_links_of_the_page_lead_somewhere():
    for target in re.findall(r"\]\((.*?)\)", PAGE.read_text()):
        file, _, anchor = target.partition("#")
        page = (PAGE.parent / file).resolve() if file else PAGE
        assert page.exists(), target
        assert not anchor or anchor in anchors(page), target


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory) -> pathlib.Path:
    """A folder with prometheus and promtool: of this machine, or of Debian's
    package, unpacked, since to install it is to start a service."""
    found = shutil.which("promtool")
    if found and shutil.which("prometheus"):
        return pathlib.Path(found).parent
    if not shutil.which("apt-get"):
        missing("there is no prometheus, and no apt-get to fetch it with")
    folder = tmp_path_factory.mktemp("prometheus")
    subprocess.run(["apt-get", "download", "prometheus"], cwd=folder, check=True)
    [package] = folder.glob("prometheus_*.deb")
    subprocess.run(["dpkg", "-x", package, folder], check=True)
    return folder / "usr" / "bin"


@pytest.mark.nightly
@pytest.mark.parametrize(
    "words", [("check", "rules", "alerts.yaml"),
              ("test", "rules", "alerts_test.yaml")],
    ids=" ".join,
)
def test_promtool(prometheus, words):
    done = subprocess.run(
        [prometheus / "promtool", *words],
        cwd=OBSERVABILITY, capture_output=True, text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


class Prometheus:
    """A Prometheus that scrapes servers every second, with our rules."""

    def __init__(self, folder, home: pathlib.Path, targets: list[str]) -> None:
        self.address = free_address()
        configuration = home / "prometheus.yml"
        configuration.write_text(json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(RULES)],
            "scrape_configs": [{
                "job_name": "strata",
                "static_configs": [{"targets": targets}],
            }],
        }))
        self._log = (home / "log").open("w")
        self._process = subprocess.Popen(
            [
                folder / "prometheus",
                f"--config.file={configuration}",
                f"--storage.tsdb.path={home / 'data'}",
                f"--web.listen-address={self.address}",
            ],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
        )

    def __enter__(self) -> Prometheus:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        self._log.close()

    def get(self, path: str, **parameters: object) -> Any:
        url = f"http://{self.address}/api/v1/{path}"
        if parameters:
            url += f"?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=60) as reply:
                answer = json.load(reply)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read()}") from error
        assert answer["status"] == "success" and not answer.get("warnings")
        return answer["data"]

    def value(self, expression: str) -> float:
        """Of one series; 0: there is none."""
        result = self.get("query", query=expression)["result"]
        return float(result[0]["value"][1]) if result else 0

    def is_ready(self) -> bool:
        url = f"http://{self.address}/-/ready"
        try:
            return urllib.request.urlopen(url, timeout=60).status == 200
        except urllib.error.URLError:
            return False


def free_address() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture
def watched(serve, small, add_model, repository, prometheus, tmp_path):
    """Prometheus, and what it is told to watch: a server that is well, one
    whose only model is refused, and none."""
    (add_model("broken") / "model.pt").write_bytes(b"no trace")
    gone = free_address()
    with serve(small) as well, serve(repository) as refusing:
        with Prometheus(
            prometheus, tmp_path,
            [well.metrics_address, refusing.metrics_address, gone],
        ) as running:
            wire.wait_until(running.is_ready, "Prometheus is ready")
            yield running, well, refusing, gone


@pytest.mark.nightly
def test_prometheus_reads_it(watched):
    running, well, refusing, gone = watched
    # Rates are of what happens between two scrapes.
    wire.wait_until(
        lambda: running.value("count(strata_build_info)") == 2, "both are seen"
    )
    make_events(well.address, "m")
    wire.wait_until(
        lambda: running.value('strata_requests_total{code="NOT_FOUND"}') == 1,
        "a scrape between",
    )
    make_events(well.address, "m")
    wire.wait_until(
        lambda: running.value('strata_requests_total{code="NOT_FOUND"}') == 2,
        "a scrape after",
    )
    now = time.time()
    for expression in dashboard_expressions():
        for variable, value in {
            "$job": "strata", "$instance": ".*", "$model": ".*",
            "$__rate_interval": "1m",
        }.items():
            expression = expression.replace(variable, value)
        assert "$" not in expression
        data = running.get(
            "query_range", query=expression, start=now, end=now + 1, step=1
        )
        values = [v for s in data["result"] for _, v in s["values"]]
        assert any(value != "NaN" for value in values), expression

    wire.wait_until(
        lambda: all(
            rule["health"] == "ok"
            for group in running.get("rules")["groups"]
            for rule in group["rules"]
        ),
        "every rule has been evaluated",
    )
    raised = {
        (alert["labels"]["alertname"], alert["labels"].get("instance"))
        for alert in running.get("alerts")["alerts"]
    }
    assert raised == {
        ("StrataServerDown", gone),
        ("StrataNothingReady", refusing.metrics_address),
        ("StrataModelRefused", refusing.metrics_address),
    }
    for alert in running.get("alerts")["alerts"]:
        assert not any(
            "error expanding" in text or "<no value>" in text
            for text in alert["annotations"].values()
        ), alert
