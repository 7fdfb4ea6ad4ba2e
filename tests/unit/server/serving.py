"""A pipeline that is served over real HTTP on a free port."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.parser import text_string_to_metric_families

from stream_monitor.actions.audit_log import AuditLog
from stream_monitor.actions.deployments import Deployments
from stream_monitor.actions.git_target import GitTarget
from stream_monitor.actions.retrain_decision import RetrainSettings
from stream_monitor.actions.retrain_policy import parse_policy
from stream_monitor.contract.dead_letters import DeadLetters
from stream_monitor.contract.derivation import derive
from stream_monitor.core.records import Record
from stream_monitor.performance.baseline import BaselineSettings
from stream_monitor.performance.fairness import FairnessSettings
from stream_monitor.performance.groups import Grouping
from stream_monitor.performance.payoff import Payoff
from stream_monitor.performance.rollout import RolloutSettings
from stream_monitor.pipeline.pipeline import Pipeline
from stream_monitor.pipeline.snapshot import Snapshot
from stream_monitor.pipeline.take_snapshot import SnapshotTaker
from stream_monitor.profiles.profiler import Profiler
from stream_monitor.server.catalog import CATALOG
from stream_monitor.server.health import Health
from stream_monitor.server.http import MetricsServer
from stream_monitor.server.metric import PREFIX
from stream_monitor.server.page import render_page
from stream_monitor.server.samples import label_delays, samples
from stream_monitor.sources.base import Position
from stream_monitor.testing import FakeClock, MemoryTopic, make_label, make_prediction
from tests.harness import RIVERS, feature_events, run

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
VERSION = {"model": "default", "version": "default"}


def busy_pipeline(task: str = "classification") -> Pipeline:
    """Return a pipeline with a value for every metric."""
    columns = {"a": [float(at >= 1000) + (at % 7) / 7 for at in range(2000)], "b": ["x", None] * 1000}
    events: list[Any] = feature_events(columns, score=0.5, prediction=1)
    fairness = FairnessSettings([Grouping.parse("b", "features.b"), Grouping.parse("a", "features.a:0.5")], True, "1")
    labels = [make_label(at, int(at < 500)) for at in range(1000)]
    given: dict[str, Any] = {"task": task, "fairness": fairness, "detectors": [*RIVERS, "glr:threshold=8"]}
    if task == "classification":
        given["baseline"] = BaselineSettings(payoff=Payoff.parse("1,1=10;1,0=-5"))
    pipeline, _ = run([*events, *labels, b"garbage", events[0]], warmup=100, **given)
    pipeline.processor.counters.gaps["inference"] = 3
    pipeline.positions = [Position("inference", 0, 7), Position("inference", 1, None)]
    return pipeline


def shifted_pipeline() -> Pipeline:
    """Return a pipeline with a profile and its contract: the feature ``a`` has shifted since the start."""
    train = {"a": [(at % 7) / 7 for at in range(1200)], "b": ["x", "y"] * 600}
    now = {"a": [1 + (at % 7) / 7 for at in range(600)], "b": ["x", "y"] * 300}
    rows = [{"features": event["features"]} for event in feature_events(train, prediction=1)]
    profiler = Profiler()
    profiler.add([Record("rows", at, row) for at, row in enumerate(rows)])
    profile, letters = profiler.profile([], ""), DeadLetters(MemoryTopic())
    events = feature_events(now, prediction=1)
    pipeline, _ = run(events, detectors=["glr"], profile=profile, contract=derive(profile), dead_letters=letters)
    return pipeline


def seasonal_pipeline() -> Pipeline:
    """Return a pipeline that takes a season of ten minutes out of the feature ``a``."""
    columns = {"a": [np.sin(at / 300 * np.pi) + (at % 7) / 7 for at in range(2000)]}
    pipeline, _ = run(feature_events(columns, prediction=1), warmup=100, detectors=["glr"], seasonality=(600.0,))
    return pipeline


def rollout_pipeline() -> Pipeline:
    """Return a pipeline with a champion, always right, a challenger, right in one of two, and deployments by Git."""
    events = [
        make_prediction(
            at, version=str(1 + at % 2), prediction="yes", score=0.9, label="no" if at % 4 == 1 else "yes"
        )
        for at in range(1000)
    ]
    settings = RolloutSettings(split={"1": 0.5, "2": 0.5})
    retrain = RetrainSettings((parse_policy("labels:count=400"),))
    pipeline, clock = run(events, detectors=[], rollout=settings, retrain=retrain)[0], FakeClock()
    audit = AuditLog(Path(mkdtemp()) / "audit.jsonl", clock)
    pipeline.deployments = Deployments(GitTarget("/srv/deploy.git", None, "model.yaml", "version"), audit, clock)
    return pipeline


def serve(pipeline: Pipeline, host: str = "127.0.0.1", port: int = 0, limit: float = 0.05) -> MetricsServer:
    """Return a server of this pipeline, not started yet."""
    return MetricsServer(SnapshotTaker(pipeline).take, Health(pipeline.status, limit), host, port)


def families(pipeline: Pipeline) -> Iterable[Family]:
    """Return the metric families of a scrape."""
    return families_of(SnapshotTaker(pipeline).take())


def families_of(snapshot: Snapshot) -> Iterable[Family]:
    """Return the metric families of a snapshot, in the order of the catalog."""
    scalars = {
        metric: (CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily)(
            metric.name, metric.help, labels=metric.label_names
        )
        for metric in CATALOG
        if metric.kind != "histogram"
    }
    for metric, labels, value in samples(snapshot):
        scalars[metric].add_metric(labels, value)
    return [*scalars.values(), label_delays(snapshot.models)]


def render(pipeline: Pipeline) -> str:
    """Return the landing page."""
    return render_page(SnapshotTaker(pipeline).take(), Health(pipeline.status, 0.05).ready())


class Served:
    """A running server."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self._server = serve(pipeline)
        self._server.start()
        self.stop = self._server.stop

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._server.port}{path}", headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return reply.status, dict(reply.headers), reply.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), error.read()

    def samples(self) -> Samples:
        found = text_string_to_metric_families(self.get("/metrics")[2].decode())
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in found
            for sample in family.samples
        }


def value_of(samples: Samples, name: str, **labels: str) -> float:
    return samples[PREFIX + name, frozenset(labels.items())]
