"""``/metrics``, ``/healthz``, ``/readyz`` and the landing page, over real HTTP on a free port."""

from __future__ import annotations

import gzip
import math
import re
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from stream_monitor.core.errors import ConfigError, Reason, SourceError
from stream_monitor.pipeline.pipeline import Pipeline
from stream_monitor.server import collector
from stream_monitor.server.catalog import CATALOG, PREFIX
from stream_monitor.server.collector import PipelineCollector
from stream_monitor.server.health import ENOUGH, STALLED, Health
from stream_monitor.server.http import Exporter
from stream_monitor.server.page import render_page
from stream_monitor.sources.base import Position
from stream_monitor.testing import FakeClock, make_label, make_prediction, make_records
from tests.harness import RIVERS, Turning, feature_events, make_pipeline, run

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def _busy(task: str = "classification") -> Pipeline:
    """A pipeline that has something to say under every name."""
    columns = {"a": [float(at >= 1000) + (at % 7) / 7 for at in range(2000)], "b": ["x", None] * 1000}
    events: list[Any] = feature_events(columns, score=0.5, prediction=1)
    labels = [make_label(at, int(at < 500)) for at in range(1000)]
    detectors = [*RIVERS, "glr:threshold=8"]
    pipeline, _ = run([*events, *labels, b"garbage", events[0]], warmup=100, task=task, detectors=detectors)
    pipeline.stats.gaps["inference"] = 3
    pipeline.positions = [Position("inference", 0, 7), Position("inference", 1, None)]
    return pipeline


class _Served:
    """An exporter at work."""

    def __init__(self, pipeline: Pipeline, limit: float = 0.05) -> None:
        self.pipeline = pipeline
        self.health = Health(pipeline, limit)
        self.exporter = Exporter(pipeline, self.health, "127.0.0.1", 0)
        self.exporter.start()

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.exporter.port}{path}", headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return reply.status, dict(reply.headers), reply.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), error.read()

    def samples(self) -> Samples:
        families = text_string_to_metric_families(self.get("/metrics")[2].decode())
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }


@pytest.fixture(scope="module")
def busy() -> Iterator[_Served]:
    served = _Served(_busy())
    yield served
    served.exporter.stop()


@pytest.fixture
def fresh() -> Iterator[_Served]:
    served = _Served(make_pipeline([])[0])
    yield served
    served.exporter.stop()


def _sample(samples: Samples, name: str, **labels: str) -> float:
    return samples[PREFIX + name, frozenset(labels.items())]


VERSION = {"model": "default", "version": "default"}


# The catalog


def test_what_is_rendered_is_the_catalog() -> None:
    """Both ways, over both tasks: no metric is forgotten, none comes from nowhere."""
    found: set[tuple[str, tuple[str, ...]]] = set()
    for task in ("classification", "regression"):
        for family in PipelineCollector(_busy(task)).collect():
            for sample in family.samples:
                name = re.sub(r"_(bucket|count|sum)$", "", sample.name) if family.type == "histogram" else sample.name
                found.add((name, tuple(label for label in sample.labels if label != "le")))
    assert found == {(metric.name, metric.label_names) for metric in CATALOG}


def test_names_keep_to_the_rules() -> None:
    for metric in CATALOG:
        assert metric.name.startswith(PREFIX)
        assert metric.name.endswith("_total") == (metric.kind == "counter")
        assert metric.help.endswith(".")
    assert len({metric.name for metric in CATALOG}) == len(CATALOG)


def test_the_names_fixed_from_the_start_are_there() -> None:
    fixed = [
        "predictions_total",
        "labels_total",
        "outcomes_total",
        "outcomes_correct_total",
        "performance_ratio",
        "drift_detections_total",
        "drift_last_detection_timestamp_seconds",
        "drift_mean_before",
        "drift_mean_after",
        "drift_effect_size",
        "drift_active",
        "drift_episodes_total",
        "reference_distance",
        "reference_distance_threshold",
        "signal_batch_length",
        "signal_effective_samples",
        "signal_mean",
        "waiting_predictions",
        "predictions_expired_total",
        "label_delay_seconds",
        "records_rejected_total",
        "consumer_lag_records",
        "build_info",
    ]
    assert {PREFIX + name for name in fixed} <= {metric.name for metric in CATALOG}


# /metrics


def test_text_is_the_default_and_parses(busy: _Served) -> None:
    status, headers, body = busy.get("/metrics")
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain")
    names = {family.name.removesuffix("_total") for family in text_string_to_metric_families(body.decode())}
    assert {metric.name.removesuffix("_total") for metric in CATALOG} <= names


def test_openmetrics_by_accept_and_it_parses(busy: _Served) -> None:
    status, headers, body = busy.get("/metrics", Accept=OPENMETRICS)
    assert status == 200
    assert headers["Content-Type"].startswith("application/openmetrics-text")
    families = list(openmetrics.text_string_to_metric_families(body.decode()))
    assert {metric.name.removesuffix("_total") for metric in CATALOG} <= {family.name for family in families}
    assert body.endswith(b"# EOF\n")


def test_both_forms_say_the_same(busy: _Served) -> None:
    text = busy.samples()
    body = busy.get("/metrics", Accept=OPENMETRICS)[2].decode()
    for family in openmetrics.text_string_to_metric_families(body):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            if sample.name.startswith(PREFIX):
                assert text[key] == sample.value or math.isnan(sample.value), key


def test_values_are_what_happened(busy: _Served) -> None:
    samples = busy.samples()
    assert _sample(samples, "predictions_total", **VERSION) == 2000
    assert _sample(samples, "labels_total") == 1000
    assert _sample(samples, "outcomes_total", **VERSION) == 1000
    assert _sample(samples, "outcomes_correct_total", **VERSION) == 500
    assert _sample(samples, "performance_ratio", **VERSION, measure="accuracy", window="cumulative") == 0.5
    assert _sample(samples, "waiting_predictions") == 1000
    assert _sample(samples, "predictions_duplicate_total") == 1
    assert _sample(samples, "records_rejected_total", reason="not_json") == 1
    assert _sample(samples, "records_total", topic="inference") == 3002
    assert _sample(samples, "feature_values_total", **VERSION, feature="b", kind="text") == 1000
    assert _sample(samples, "feature_values_total", **VERSION, feature="b", kind="missing") == 1000
    assert _sample(samples, "consumer_lag_records", topic="inference", partition="0") == 7
    assert _sample(samples, "label_delay_seconds_count", **VERSION) == 1000
    assert _sample(samples, "label_delay_seconds_sum", **VERSION) == 60_000
    assert _sample(samples, "label_delay_seconds_bucket", **VERSION, le="60.0") == 1000
    assert _sample(samples, "label_delay_seconds_bucket", **VERSION, le="10.0") == 0
    drift = {**VERSION, "signal": "error", "detector": "adwin"}
    assert _sample(samples, "drift_detections_total", **drift) >= 1
    assert _sample(samples, "drift_mean_before", **drift) < _sample(samples, "drift_mean_after", **drift)
    assert _sample(samples, "drift_last_detection_timestamp_seconds", **drift) > make_prediction(499)["ts"]


def test_an_unknown_lag_is_not_shown_as_none_behind(busy: _Served) -> None:
    keys = {dict(labels)["partition"] for name, labels in busy.samples() if name == f"{PREFIX}consumer_lag_records"}
    assert keys == {"0"}


def test_pythons_own_process_metrics_are_there(busy: _Served) -> None:
    names = {name for name, _ in busy.samples()}
    assert {"process_resident_memory_bytes", "process_cpu_seconds_total", "python_info"} <= names


def test_counters_exist_at_zero(fresh: _Served) -> None:
    samples = fresh.samples()
    for reason in Reason:
        assert _sample(samples, "records_rejected_total", reason=reason.value) == 0
    unlabelled = [metric for metric in CATALOG if metric.kind == "counter" and not metric.label_names]
    for metric in unlabelled:
        assert samples[metric.name, frozenset()] == 0
    assert {dict(labels)["kind"] for name, labels in samples if name == f"{PREFIX}evicted_total"} == {
        "model",
        "version",
        "feature",
    }


def test_a_models_counters_are_at_zero_from_its_first_prediction(fresh: _Served) -> None:
    fresh.pipeline.source.append(make_records([make_prediction(0, features={"a": 1.0})])[0])  # type: ignore[attr-defined]
    fresh.pipeline.step()
    samples = fresh.samples()
    assert _sample(samples, "outcomes_total", **VERSION) == 0
    assert _sample(samples, "outcomes_correct_total", **VERSION) == 0
    for signal in ("feature:a", "missing:a", "prediction"):
        assert _sample(samples, "drift_detections_total", **VERSION, signal=signal, detector="adwin") == 0


def test_nothing_is_rendered_before_there_is_a_number(fresh: _Served) -> None:
    assert not any(name.startswith(f"{PREFIX}drift_mean") for name, _ in fresh.samples())


def test_an_evicted_version_takes_its_series_along() -> None:
    pipeline, _ = run([make_prediction(at, version=str(at)) for at in range(3)], max_versions=1)
    versions = {
        sample.labels["version"]
        for family in PipelineCollector(pipeline).collect()
        for sample in family.samples
        if "model" in sample.labels
    }
    assert versions == {"2"}
    assert pipeline.fleet.evicted["version"] == 2


def test_odd_names_survive_the_text_form() -> None:
    name = 'a"b\\c\nd é'
    served = _Served(run([make_prediction(0, model=name, features={name: 1.0})])[0])
    try:
        assert (
            served.samples()[f"{PREFIX}predictions_total", frozenset({("model", name), ("version", "default")})] == 1
        )
    finally:
        served.exporter.stop()


@pytest.mark.parametrize("broken", ["_monitor", "_delays"])
def test_a_model_that_fails_to_render_is_left_out_and_counted(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    pipeline, _ = run([make_prediction(at, model=f"m{at}") for at in range(3)])
    healthy = getattr(collector, broken)

    def fails(monitor: Any, *rest: Any) -> Any:
        return 1 / 0 if monitor.key.model == "m1" else healthy(monitor, *rest)

    monkeypatch.setattr(collector, broken, fails)
    rendering = PipelineCollector(pipeline)
    for scrape in (1, 2):
        samples = [sample for family in rendering.collect() for sample in family.samples]
        assert {s.labels["model"] for s in samples if "model" in s.labels} == {"m0", "m2"}
        assert [s.value for s in samples if s.name == f"{PREFIX}render_failures_total"] == [scrape]


def test_a_scrape_waits_for_the_batch(busy: _Served) -> None:
    """The lock keeps a scrape from seeing half a batch."""
    done = threading.Event()
    thread = threading.Thread(target=lambda: (busy.get("/metrics"), done.set()))
    with busy.pipeline.readers.lock:
        thread.start()
        assert not done.wait(0.2)
    thread.join(10)
    assert done.is_set()


# HTTP


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz", "/"])
def test_head_has_the_length_and_no_body(busy: _Served, path: str) -> None:
    status, headers, body = busy.get(path, method="HEAD")
    assert status == 200
    assert int(headers["Content-Length"]) > 0
    assert body == b""


def test_long_replies_are_compressed_when_asked(busy: _Served) -> None:
    _, headers, body = busy.get("/metrics", **{"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip"
    assert b"stream_monitor_build_info" in gzip.decompress(body)
    assert "Content-Encoding" not in busy.get("/metrics")[1]


def test_an_unknown_path_names_the_known(busy: _Served) -> None:
    status, _, body = busy.get("/metric")
    assert status == 404
    assert b"/metrics, /healthz, /readyz, /" in body


def test_a_query_is_ignored(busy: _Served) -> None:
    assert busy.get("/metrics?x=1")[0] == 200


def test_a_port_that_is_taken() -> None:
    pipeline, _ = make_pipeline([])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"--listen: can't listen on 127.0.0.1:{port}: .*in use"):
            Exporter(pipeline, Health(pipeline, 0.05), "127.0.0.1", port)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "256.0.0.1", "x" * 300])
def test_a_host_that_is_none(host: str) -> None:
    pipeline, _ = make_pipeline([])
    with pytest.raises(ConfigError, match="--listen: can't listen on"):
        Exporter(pipeline, Health(pipeline, 0.05), host, 0)


# Health


def test_alive_as_long_as_the_loop_comes_round() -> None:
    clock = FakeClock()
    pipeline, _ = make_pipeline([], clock=clock)
    served = _Served(pipeline)
    try:
        clock.advance(STALLED)
        assert served.get("/healthz")[::2] == (200, b"ok\n")
        clock.advance(1)
        assert served.get("/healthz")[::2] == (503, b"the loop last came round 121 s ago\n")
        assert served.get("/readyz")[0] == 503
        pipeline.source.append(make_records([make_prediction(0)])[0])  # type: ignore[attr-defined]
        pipeline.run(Turning(clock))
        assert served.get("/healthz")[0] == 200
    finally:
        served.exporter.stop()


def test_ready_needs_a_partition(fresh: _Served) -> None:
    status, _, body = fresh.get("/readyz")
    assert status == 503
    assert b"no partition is assigned" in body
    fresh.pipeline.step()
    assert fresh.get("/readyz")[::2] == (200, b"ok\n")


def test_a_source_that_fails_turns_ready_red() -> None:
    pipeline, _ = make_pipeline(make_records([make_prediction(0)]))
    pipeline.step()
    health = Health(pipeline, 0.05)
    assert health.ready() == []

    class Stop(Turning):
        def wait(self, timeout: float | None = None) -> bool:
            self.set()
            return super().wait(timeout)

    def down(_: float) -> Any:
        raise SourceError("down")

    pipeline.source.poll = down  # type: ignore[method-assign]
    pipeline.source.append(make_records([make_prediction(1)])[0])  # type: ignore[attr-defined]
    pipeline.run(Stop(FakeClock()))
    assert "no partition is assigned" in health.ready()[0]
    assert health.alive() == []


@pytest.mark.parametrize(
    ("good", "bad", "limit", "red"),
    [
        (95, 5, 0.05, False),
        (94, 6, 0.05, True),
        (0, ENOUGH - 1, 0.05, False),
        (0, ENOUGH, 0.05, True),
        (0, 99, 1.0, False),
    ],
)
def test_too_many_rejects_turn_ready_red(good: int, bad: int, limit: float, red: bool) -> None:
    pipeline, _ = run([*[b"garbage"] * bad, *[make_prediction(at) for at in range(good)]])
    problems = Health(pipeline, limit).ready()
    assert bool(problems) == red
    assert not red or "rejected; the limit is" in problems[0]


def test_rejects_are_forgotten_after_a_thousand_good_records() -> None:
    pipeline, _ = run([*[b"garbage"] * 500, *[make_prediction(at) for at in range(1000)]])
    assert Health(pipeline, 0.05).ready() == []


# The landing page


def test_the_page_shows_what_is_watched(busy: _Served) -> None:
    status, headers, body = busy.get("/")
    page = body.decode()
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    for text in ("default", "accuracy 0.5", "2,000", "adwin", "not_json", "/metrics", "/readyz"):
        assert text in page
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_the_page_of_a_pipeline_that_has_seen_nothing(fresh: _Served) -> None:
    page = fresh.get("/")[2].decode()
    assert "No prediction has come in yet." in page
    assert "no partition is assigned" in page


def test_the_page_escapes_what_comes_from_records() -> None:
    evil = "<script>alert('x')</script>"
    rows = feature_events({evil: [0.0] * 200 + [9.0] * 200}, model=evil, version=evil)
    pipeline, found = run(rows, warmup=0)
    assert any(evil in detection.signal for detection in found)
    page = render_page(pipeline, Health(pipeline, 0.05))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 3


def test_a_dollar_in_a_name_is_no_template(fresh: _Served) -> None:
    pipeline, _ = run([make_prediction(0, model="$version $$ ${x}")])
    assert "$version $$ ${x}" in render_page(pipeline, Health(pipeline, 0.05))
