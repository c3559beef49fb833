#!/usr/bin/env python3
# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Generates deploy/observability/grafana/strata.json, a dashboard for Grafana.

Of a panel only what it asks and what it means is written here; places and
numbers follow from the order. The result is committed, so that it can be
imported as it is; tests/deploy/test_observability.py sees that it is not stale.

    build/python-environment/bin/python deploy/generate_dashboard.py [FILE]
"""

from __future__ import annotations

import json
import pathlib
import sys
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent
DASHBOARD = ROOT / "deploy" / "observability" / "grafana" / "strata.json"

# Grafana's grid is so many columns wide.
_GRID = 24
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}

# What the variables pick. `model` stands only where a metric has that label.
_SERVERS = 'job=~"$job", instance=~"$instance"'
_MODELS = f'{_SERVERS}, model=~"$model"'
# Failures that another server might not have had: those that the load reports
# count (server/README.md) and the error budget of alerts.yaml.
_FAILURES = 'code=~"UNAVAILABLE|RESOURCE_EXHAUSTED|DEADLINE_EXCEEDED|INTERNAL"'

# Of stat panels: what should be 0, and what should not.
_BAD = [{"color": "green", "value": None}, {"color": "red", "value": 1}]
_GOOD = [{"color": "red", "value": None}, {"color": "green", "value": 1}]
_PLAIN = [{"color": "blue", "value": None}]


class Dashboard:
    """Panels in the order in which they are added, from left to right."""

    def __init__(self) -> None:
        self.panels: list[dict[str, Any]] = []
        self._x = self._y = self._height = 0

    def row(self, title: str) -> None:
        self._break_line()
        self._place({"type": "row", "title": title, "collapsed": False,
                     "panels": []}, _GRID, 1)

    def stat(self, title: str, expression: str, description: str,
             steps: list[dict[str, Any]]) -> None:
        """One number, of now."""
        panel = {
            "type": "stat",
            "fieldConfig": _fields({
                "unit": "short",
                "thresholds": {"mode": "absolute", "steps": steps},
            }),
            "options": {
                "colorMode": "background",
                "graphMode": "none",
                "justifyMode": "center",
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "",
                                  "values": False},
                "textMode": "value",
            },
            "targets": [_target(expression, "", "A") | {
                "instant": True, "range": False}],
        }
        self._add(panel, title, description, width=3, height=4)

    def graph(self, title: str, lines: dict[str, str], description: str,
              unit: str = "short", width: int = 8, stacked: bool = False,
              most: float | None = None) -> None:
        """Lines over time.

        Args:
            lines: Expressions by their legends.
            most: The end of the axis, for shares.
        """
        defaults: dict[str, Any] = {
            "unit": unit,
            "min": 0,
            "color": {"mode": "palette-classic"},
            "custom": {
                "drawStyle": "line",
                "fillOpacity": 30 if stacked else 8,
                "lineWidth": 1,
                "showPoints": "never",
                "stacking": {"mode": "normal" if stacked else "none"},
            },
        }
        if most is not None:
            defaults["max"] = most
        panel = {
            "type": "timeseries",
            "fieldConfig": _fields(defaults),
            "options": {
                "legend": {"displayMode": "list", "placement": "bottom",
                           "showLegend": True},
                "tooltip": {"mode": "multi", "sort": "desc"},
            },
            "targets": [
                _target(expression, legend, chr(ord("A") + index))
                for index, (legend, expression) in enumerate(lines.items())
            ],
        }
        self._add(panel, title, description, width, height=8)

    def heatmap(self, title: str, expression: str, description: str,
                unit: str, width: int = 8) -> None:
        """A histogram over time; the expression gives its buckets."""
        panel = {
            "type": "heatmap",
            "fieldConfig": _fields({}),
            "options": {
                "calculate": False,
                "cellGap": 1,
                "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64},
                "filterValues": {"le": 1e-9},
                "tooltip": {"show": True, "yHistogram": False},
                "yAxis": {"axisPlacement": "left", "unit": unit},
            },
            "targets": [_target(expression, "{{le}}", "A") | {
                "format": "heatmap"}],
        }
        self._add(panel, title, description, width, height=8)

    def table(self, title: str, expression: str, columns: list[str],
              description: str, width: int = 8) -> None:
        """The labels of what the expression gives now."""
        panel = {
            "type": "table",
            "fieldConfig": _fields({"custom": {"filterable": True}}),
            "options": {"showHeader": True, "cellHeight": "sm"},
            "targets": [_target(expression, "", "A") | {
                "format": "table", "instant": True, "range": False}],
            "transformations": [{"id": "filterFieldsByName", "options": {
                "include": {"names": columns}}}],
        }
        self._add(panel, title, description, width, height=8)

    def _add(self, panel: dict[str, Any], title: str, description: str,
             width: int, height: int) -> None:
        head = {"title": title, "description": description,
                "datasource": _SOURCE}
        self._place(head | panel, width, height)

    def _place(self, panel: dict[str, Any], width: int, height: int) -> None:
        if self._x + width > _GRID:
            self._break_line()
        place = {"x": self._x, "y": self._y, "w": width, "h": height}
        panel = {"id": len(self.panels) + 1, "gridPos": place} | panel
        self.panels.append(panel)
        self._x += width
        self._height = max(self._height, height)

    def _break_line(self) -> None:
        self._y += self._height
        self._x = self._height = 0


def _fields(defaults: dict[str, Any]) -> dict[str, Any]:
    return {"defaults": defaults, "overrides": []}


def _target(expression: str, legend: str, letter: str) -> dict[str, Any]:
    return {
        "refId": letter,
        "datasource": _SOURCE,
        "editorMode": "code",
        "expr": expression,
        "legendFormat": legend,
        "range": True,
    }


def _rate(metric: str, labels: str) -> str:
    return f"rate({metric}{{{labels}}}[$__rate_interval])"


def _quantile(share: float, histogram: str, labels: str, by: str = "") -> str:
    groups = f"le, {by}" if by else "le"
    rate = _rate(f"{histogram}_bucket", labels)
    return f"histogram_quantile({share}, sum by ({groups}) ({rate}))"


def _quantiles(histogram: str, labels: str) -> dict[str, str]:
    return {
        f"p{share * 100:.0f}": _quantile(share, histogram, labels)
        for share in (0.5, 0.95, 0.99)
    }


def _mean(histogram: str, labels: str, by: str) -> str:
    return (f"sum by ({by}) ({_rate(f'{histogram}_sum', labels)})"
            f" / sum by ({by}) ({_rate(f'{histogram}_count', labels)})")


def _add_health(board: Dashboard) -> None:
    board.row("Health")
    board.stat(
        "Alerts firing",
        'count(ALERTS{alertname=~"Strata.+", alertstate="firing"}) or vector(0)',
        "Alerts of deploy/observability/alerts.yaml that fire, of all servers. "
        "Each has a section in docs/signals.md that says what to do.",
        _BAD)
    board.stat(
        "Servers down",
        'count(up{job=~"$job"} == 0) or vector(0)',
        "Targets of the job that do not answer Prometheus, Strata or not. The "
        "process has ended, does not get as far as its metrics port, or the "
        "port cannot be reached.",
        _BAD)
    board.stat(
        "Versions ready",
        f'sum(strata_model_state{{{_MODELS}, state="ready"}}) or vector(0)',
        "Versions of models that serve, on all servers together. 0: nothing is "
        "served; the log's model_refused lines say why.",
        _GOOD)
    board.stat(
        "Versions refused",
        f'sum(strata_model_state{{{_MODELS}, state="refused"}}) or vector(0)',
        "Versions that did not pass their examination. The version before, if "
        "there is one, serves on. The log's model_refused line has the reason; "
        "so has `strata models`.",
        _BAD)
    board.stat(
        "Failing models",
        f"sum(strata_failing_models{{{_SERVERS}}})",
        "Versions that fail on whatever they are given. The log's "
        "model_failing line names them. Roll back to the version before.",
        _BAD)
    board.stat(
        "Stuck forwards",
        f"sum(strata_stuck_forwards{{{_SERVERS}}})",
        "Forwards that have stood still for --hang-timeout. The server says "
        "NOT_SERVING and ends after as much again. Look at the device: its "
        "driver's log, its memory, its temperature.",
        _BAD)
    board.stat(
        "Requests in flight",
        f"sum(strata_in_flight_requests{{{_SERVERS}}})",
        "Requests between admission and answer now, on all servers together.",
        _PLAIN)
    board.stat(
        "Inputs waiting",
        f"sum(strata_queue_depth_inputs{{{_SERVERS}}})",
        "Inputs that wait for a device now, on all servers together. See the "
        "graph below for whether it grows.",
        _PLAIN)
    board.graph(
        "Versions by state",
        {"{{state}}": f"sum by (state) (strata_model_state{{{_MODELS}}})"},
        "A rollout goes through loading to ready, and the old version through "
        "draining to none. Draining that lasts is a request that does not end; "
        "loading that lasts is a large model or a slow disk.",
        stacked=True)
    board.graph(
        "Requests in flight by server",
        {"{{instance}}":
         f"sum by (instance) (strata_in_flight_requests{{{_SERVERS}}})"},
        "Requests between admission and answer; at --max-requests (1,024 by "
        "default) more are refused. Up while no pieces are computed: a "
        "tokenizer or a forward does not return. On one server only: the "
        "balancer does not spread.")
    board.graph(
        "Inputs that wait for a device",
        {"{{instance}}":
         f"sum by (instance) (strata_queue_depth_inputs{{{_SERVERS}}})"},
        "Some are what batches are made of. Growing for minutes: more is asked "
        "than is computed; add servers, or lower --max-requests to refuse "
        "sooner.")


def _add_requests(board: Dashboard) -> None:
    stages = "strata_stage_duration_seconds"
    board.row("Requests: rate, errors, time")
    board.graph(
        "Requests by model",
        {"{{model}}":
         f"sum by (model) ({_rate('strata_requests_total', _MODELS)})"},
        "Requests that ended, well or not, each second. <other> are names that "
        "no model of the repository has: a caller that is configured wrongly.",
        unit="reqps", stacked=True)
    board.graph(
        "Requests by status code",
        {"{{code}}":
         f"sum by (code) ({_rate('strata_requests_total', _MODELS)})"},
        "INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION, UNAUTHENTICATED and "
        "PERMISSION_DENIED are the caller's mistakes; UNAVAILABLE, "
        "RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED and INTERNAL are ours to look "
        "at. The reasons are below.",
        unit="reqps", stacked=True)
    requests = f"sum({_rate('strata_requests_total', _MODELS)})"
    failed = _rate("strata_requests_total", f"{_MODELS}, {_FAILURES}")
    board.graph(
        "Share of requests that the server failed",
        {"failed": f"(sum({failed}) or vector(0)) / {requests}"},
        "UNAVAILABLE, RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED and INTERNAL among "
        "all requests. The error budget of the alerts is 0.1 % over 30 days.",
        unit="percentunit")
    total = f'{_MODELS}, stage="total"'
    board.graph(
        "Time of a request",
        _quantiles(stages, total),
        "From the request's arrival in the engine to its answer, of requests "
        "that ended well. What a client sees is this and the network. The "
        "stages below say where it goes.",
        unit="s")
    board.graph(
        "Time of each stage, 95 %",
        {"{{stage}}": _quantile(
            0.95, stages, f'{_MODELS}, stage!="total"', "stage")},
        "tokenize: the tokenizer's threads are short, or the texts are long. "
        "queue: more is asked than the devices compute. compute: batches or "
        "models are large, or the CPUs are shared with others.",
        unit="s")
    board.graph(
        "Where the mean time goes",
        {"{{stage}}": _mean(stages, f'{_MODELS}, stage!="total"', "stage")},
        "The mean of each stage, one upon the other. A share that grows names "
        "the stage to look at.",
        unit="s", stacked=True)
    board.heatmap(
        "Time of requests",
        f"sum by (le) (increase({stages}_bucket{{{total}}}[$__rate_interval]))",
        "How many requests took how long. Two bands are two kinds of requests "
        "(short texts and books, one model and another): quantiles between "
        "them mean little.",
        unit="s")
    board.graph(
        "Wait for a device",
        _quantiles(stages, f'{_MODELS}, stage="queue"'),
        "The stage queue. The objective of the alerts is 95 % within a second. "
        "Above it: add servers, or give urgent requests a priority.",
        unit="s")
    board.graph(
        "Calls cancelled",
        {"{{instance}}": "sum by (instance) "
         f"({_rate('strata_calls_cancelled_total', _SERVERS)})"},
        "Calls whose caller cancelled, gave up at its deadline or was gone. "
        "With long times above: deadlines are shorter than the server can "
        "keep. Without: clients that hedge, restart or lose their network.",
        unit="cps")


def _add_failures(board: Dashboard) -> None:
    board.row("Refused and failed")
    board.graph(
        "Rejections by reason",
        {"{{reason}}": "sum by (reason) "
         f"({_rate('strata_rejections_total', _SERVERS)})"},
        "Requests that failed, by ErrorInfo's reason; docs/signals.md says "
        "what each asks of you. There is a line from a reason's first "
        "rejection on.",
        unit="reqps", stacked=True)
    board.graph(
        "Failed inputs by model",
        {"{{model}}": "sum by (model) "
         f"({_rate('strata_failed_inputs_total', _MODELS)})"},
        "Inputs that failed in a forward of their own, while their call may "
        "have ended well. One model only: the log's inputs_failed line has the "
        "version, the reason and the request's id.",
        unit="short")
    board.graph(
        "Graphs compiled while serving",
        {"{{model}}": "sum by (model) (increase("
         f"strata_graph_compilations_total{{{_MODELS}}}[$__rate_interval]))"},
        "0 unless something is wrong: a graph was compiled while a batch "
        "waited for it, which costs that batch seconds. Report it with the "
        "model's trace report.")


def _add_batches(board: Dashboard) -> None:
    forwards = "strata_forward_duration_seconds"
    board.row("Batches")
    board.graph(
        "Inputs computed",
        {"{{model}}":
         f"sum by (model) ({_rate('strata_inputs_total', _MODELS)})"},
        "Inputs of requests that ended well, each second. More than requests: "
        "callers send several at a time, which fills batches.")
    board.graph(
        "Pieces computed",
        {"{{model}}":
         f"sum by (model) ({_rate('strata_pieces_total', _MODELS)})"},
        "Throughput as a device sees it, padding not counted. Flat while the "
        "queue grows: this is what the devices can do.")
    board.graph(
        "Forwards that run",
        {"{{instance}}": f"sum by (instance) ({_rate(f'{forwards}_sum', _MODELS)})"},
        "How many forwards run at a time, on average. At --instances times the "
        "devices they are all busy. Low while inputs wait: something other than "
        "the devices is short, as CPUs to tokenize.")
    board.graph(
        "Duration of a forward",
        {f"{{{{model}}}} p{share * 100:.0f}":
         _quantile(share, forwards, _MODELS, "model") for share in (0.5, 0.95)},
        "With what assembles its rows and copies what was asked for. What "
        "arrives waits for as long. Slower at the same pieces: the CPUs are "
        "throttled or shared, the device is hot.",
        unit="s")
    for title, metric, unit, most, description in [
        ("Rows of a forward", "strata_batch_rows", "short", None,
         "Near 1 at full load: inputs do not wait together, since requests "
         "come one after the other, or the model is batch_invariant."),
        ("Pieces of a forward", "strata_batch_pieces", "short", None,
         "Compare with the model's max_batch_pieces in the log's model_ready "
         "line. Far below it at full load: batches are bounded by rows or by "
         "deadlines."),
        ("Padding", "strata_batch_padding_ratio", "percentunit", 1,
         "The share of a forward that computes nothing. Above 0.3 at full "
         "load: the trace cannot be packed (packing_exact in the log's "
         "model_ready line); export it with positions and a 4-D mask."),
    ]:
        board.graph(
            title,
            {"{{model}} mean": _mean(metric, _MODELS, "model"),
             "{{model}} p95": _quantile(0.95, metric, _MODELS, "model")},
            description, unit=unit, most=most)
    board.heatmap(
        "Rows of forwards",
        "sum by (le) (increase(strata_batch_rows_bucket"
        f"{{{_MODELS}}}[$__rate_interval]))",
        "How many forwards had how many rows, of all models together.",
        unit="short", width=16)


def _add_limits(board: Dashboard) -> None:
    board.row("Memory and limits")
    for title, metric, unit, description in [
        ("Memory of the process", "process_resident_memory_bytes", "bytes",
         "Weights, batches and answers. Steps are models that are loaded; a "
         "slope that lasts through idle hours is a leak: report it. Compare "
         "with the container's limit."),
        ("Unsent answers", "strata_unsent_reply_bytes", "bytes",
         "Bytes of answers that are computed, or about to be, and not sent. At "
         "--max-unsent-bytes (4 GiB by default) requests are refused: clients "
         "ask for more than they read."),
        ("Memory of batches that answers hold", "strata_leased_batch_bytes",
         "bytes",
         "At --max-leased-bytes (1 GiB by default) answers are copied out of "
         "their batches (spills, beside)."),
    ]:
        board.graph(
            title,
            {"{{instance}}": f"sum by (instance) ({metric}{{{_SERVERS}}})"},
            description, unit=unit)
    board.graph(
        "Spilled inputs",
        {"{{instance}}": "sum by (instance) "
         f"({_rate('strata_spilled_inputs_total', _SERVERS)})"},
        "Inputs whose answers were copied out of their batches' memory, since "
        "too much of it was held by clients that read slowly. It costs a copy "
        "and nothing else; raise --max-leased-bytes if memory allows.")
    board.graph(
        "Descriptors",
        {"{{instance}}":
         f"sum by (instance) (process_open_fds{{{_SERVERS}}})"
         f" / sum by (instance) (process_max_fds{{{_SERVERS}}})"},
        "The share of the descriptors that are open; a connection is one. "
        "At 1 no client can connect until a restart: raise the hard limit "
        "(LimitNOFILE) or find who opens a connection for each call.",
        unit="percentunit", most=1)
    board.graph(
        "Restarts",
        {"{{instance}}": "max by (instance) "
         f"(resets(strata_pieces_total{{{_SERVERS}}}[$__rate_interval]))"},
        "A counter that fell is a server that started anew. Without a "
        "deployment: device_lost or the kernel's OOM killer; the log's end "
        "before the start tells which.")


def _add_telemetry(board: Dashboard) -> None:
    board.row("What tells of the server")
    board.graph(
        "Trace spans",
        {"{{outcome}}": "sum by (outcome) "
         f"({_rate('strata_trace_spans_total', _SERVERS)})"},
        "0 without --otlp-endpoint. failed: the collector does not take them; "
        "dropped: it is too slow for the load, so lower --trace-sample-ratio. "
        "Requests do not wait for it.",
        unit="short", stacked=True)
    board.graph(
        "Log lines dropped",
        {"{{instance}}": "sum by (instance) (increase("
         f"strata_log_lines_dropped_total{{{_SERVERS}}}[$__rate_interval]))"},
        "Lines that standard error has not taken: its disk is full, or its "
        "reader has gone or does not read. Requests do not wait for it.")
    board.table(
        "Builds",
        f"strata_build_info{{{_SERVERS}}}",
        ["job", "instance", "version"],
        "Which version of Strata each server is. More than one for longer than "
        "a rollout takes: it has stopped half way.")
    board.table(
        "State of each version",
        f"strata_model_state{{{_MODELS}}} == 1",
        ["instance", "model", "version", "state"],
        "What each server says of each version of a model. Servers that differ "
        "see different repositories, or are in the middle of a rollout.",
        width=_GRID)


def _variable(name: str, label: str, query: str) -> dict[str, Any]:
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": _SOURCE,
        "definition": query,
        "query": {"query": query, "refId": name, "qryType": 1},
        # Again when the time range changes: servers come and go.
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "options": [],
        "regex": "",
        "hide": 0,
    }


def dashboard() -> dict[str, Any]:
    board = Dashboard()
    for add in (_add_health, _add_requests, _add_failures, _add_batches,
                _add_limits, _add_telemetry):
        add(board)
    return {
        "uid": "strata",
        "title": "Strata",
        "description":
            "Strata servers. docs/signals.md says which signal means what.",
        "tags": ["strata", "grpc", "inference"],
        "schemaVersion": 38,  # Grafana 10.
        "version": 1,
        "editable": True,
        # One tooltip line through all graphs.
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "",
        "links": [],
        "templating": {"list": [
            {
                "type": "datasource",
                "name": "datasource",
                "label": "Data source",
                "query": "prometheus",
                "current": {},
                "options": [],
                "regex": "",
                "refresh": 1,
                "multi": False,
                "includeAll": False,
                "hide": 0,
            },
            _variable("job", "Job", "label_values(strata_build_info, job)"),
            _variable("instance", "Server",
                      'label_values(strata_build_info{job=~"$job"}, instance)'),
            _variable("model", "Model",
                      f"label_values(strata_inputs_total{{{_SERVERS}}}, model)"),
        ]},
        "annotations": {"list": [{
            "name": "Alerts",
            "datasource": _SOURCE,
            "enable": True,
            "expr": 'ALERTS{alertname=~"Strata.+", alertstate="firing"}',
            "iconColor": "red",
            "step": "60s",
            "titleFormat": "{{alertname}}",
            "textFormat": "{{instance}} {{model}}",
        }]},
        "panels": board.panels,
    }


def main() -> None:
    file = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else DASHBOARD
    file.write_text(json.dumps(dashboard(), indent=2) + "\n")


if __name__ == "__main__":
    main()
