"""``/metrics``: names, values, and the forms that Prometheus reads."""

from __future__ import annotations

import math
import re
import threading
from typing import Any

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from stream_monitor.core.errors import Reason
from stream_monitor.pipeline import take_snapshot
from stream_monitor.pipeline.take_snapshot import SnapshotTaker
from stream_monitor.server.catalog import CATALOG
from stream_monitor.server.metric import PREFIX
from stream_monitor.testing import make_prediction, make_records
from tests.harness import run
from tests.unit.server.serving import (
    VERSION,
    Served,
    busy_pipeline,
    families,
    families_of,
    rollout_pipeline,
    seasonal_pipeline,
    shifted_pipeline,
    value_of,
)

OPENMETRICS = "application/openmetrics-text; version=1.0.0"

# The catalog


def test_what_is_rendered_is_the_catalog() -> None:
    """Over both tasks, with a profile, and with a season, exactly the metrics of the catalog are rendered."""
    found: set[tuple[str, tuple[str, ...]]] = set()
    for pipeline in (
        busy_pipeline("classification"),
        busy_pipeline("regression"),
        shifted_pipeline(),
        seasonal_pipeline(),
        rollout_pipeline(),
    ):
        for family in families(pipeline):
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


def test_text_is_the_default_and_parses(busy: Served) -> None:
    status, headers, body = busy.get("/metrics")
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain")
    names = {family.name.removesuffix("_total") for family in text_string_to_metric_families(body.decode())}
    assert {metric.name.removesuffix("_total") for metric in CATALOG} <= names


def test_openmetrics_by_accept_and_it_parses(busy: Served) -> None:
    status, headers, body = busy.get("/metrics", Accept=OPENMETRICS)
    assert status == 200
    assert headers["Content-Type"].startswith("application/openmetrics-text")
    families = list(openmetrics.text_string_to_metric_families(body.decode()))
    assert {metric.name.removesuffix("_total") for metric in CATALOG} <= {family.name for family in families}
    assert body.endswith(b"# EOF\n")


def test_both_forms_say_the_same(busy: Served) -> None:
    text = busy.samples()
    body = busy.get("/metrics", Accept=OPENMETRICS)[2].decode()
    for family in openmetrics.text_string_to_metric_families(body):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            if sample.name.startswith(PREFIX):
                assert text[key] == sample.value or math.isnan(sample.value), key


def test_values_are_what_happened(busy: Served) -> None:
    samples = busy.samples()
    assert value_of(samples, "predictions_total", **VERSION) == 2000
    assert value_of(samples, "labels_total") == 1000
    assert value_of(samples, "outcomes_total", **VERSION) == 1000
    assert value_of(samples, "outcomes_correct_total", **VERSION) == 500
    assert value_of(samples, "performance_ratio", **VERSION, measure="accuracy", window="cumulative") == 0.5
    assert value_of(samples, "waiting_predictions") == 1000
    assert value_of(samples, "predictions_duplicate_total") == 1
    assert value_of(samples, "records_rejected_total", reason="not_json") == 1
    assert value_of(samples, "records_total", topic="inference") == 3002
    assert value_of(samples, "feature_values_total", **VERSION, feature="b", kind="text") == 1000
    assert value_of(samples, "feature_values_total", **VERSION, feature="b", kind="missing") == 1000
    assert value_of(samples, "consumer_lag_records", topic="inference", partition="0") == 7
    assert value_of(samples, "label_delay_seconds_count", **VERSION) == 1000
    assert value_of(samples, "label_delay_seconds_sum", **VERSION) == 60_000
    assert value_of(samples, "label_delay_seconds_bucket", **VERSION, le="60.0") == 1000
    assert value_of(samples, "label_delay_seconds_bucket", **VERSION, le="10.0") == 0
    drift = {**VERSION, "signal": "error", "detector": "adwin"}
    assert value_of(samples, "drift_detections_total", **drift) >= 1
    assert value_of(samples, "drift_mean_before", **drift) < value_of(samples, "drift_mean_after", **drift)
    assert value_of(samples, "drift_last_detection_timestamp_seconds", **drift) > make_prediction(499)["ts"]


def test_an_unknown_lag_is_not_shown_as_none_behind(busy: Served) -> None:
    keys = {dict(labels)["partition"] for name, labels in busy.samples() if name == f"{PREFIX}consumer_lag_records"}
    assert keys == {"0"}


def test_pythons_own_process_metrics_are_there(busy: Served) -> None:
    names = {name for name, _ in busy.samples()}
    assert {"process_resident_memory_bytes", "process_cpu_seconds_total", "python_info"} <= names


def test_counters_exist_at_zero(fresh: Served) -> None:
    samples = fresh.samples()
    for reason in Reason:
        assert value_of(samples, "records_rejected_total", reason=reason.value) == 0
    unlabelled = [metric for metric in CATALOG if metric.kind == "counter" and not metric.label_names]
    for metric in unlabelled:
        assert samples[metric.name, frozenset()] == 0
    assert {dict(labels)["kind"] for name, labels in samples if name == f"{PREFIX}evicted_total"} == {
        "model",
        "version",
        "feature",
    }


def test_a_models_counters_are_at_zero_from_its_first_prediction(fresh: Served) -> None:
    fresh.pipeline.source.append(make_records([make_prediction(0, features={"a": 1.0})])[0])  # type: ignore[attr-defined]
    fresh.pipeline.step()
    samples = fresh.samples()
    assert value_of(samples, "outcomes_total", **VERSION) == 0
    assert value_of(samples, "outcomes_correct_total", **VERSION) == 0
    for signal in ("feature:a", "missing:a", "prediction"):
        assert value_of(samples, "drift_detections_total", **VERSION, signal=signal, detector="adwin") == 0


def test_nothing_is_rendered_before_there_is_a_number(fresh: Served) -> None:
    assert not any(name.startswith(f"{PREFIX}drift_mean") for name, _ in fresh.samples())


def test_an_evicted_version_takes_its_series_along() -> None:
    pipeline, _ = run([make_prediction(at, version=str(at)) for at in range(3)], max_versions=1)
    versions = {
        sample.labels["version"]
        for family in families(pipeline)
        for sample in family.samples
        if "model" in sample.labels
    }
    assert versions == {"2"}
    assert pipeline.processor.fleet.evicted["version"] == 2


def test_odd_names_survive_the_text_form() -> None:
    name = 'a"b\\c\nd é'
    served = Served(run([make_prediction(0, model=name, features={name: 1.0})])[0])
    try:
        assert (
            served.samples()[f"{PREFIX}predictions_total", frozenset({("model", name), ("version", "default")})] == 1
        )
    finally:
        served.stop()


@pytest.mark.parametrize("broken", ["_performance", "_delays", "_signal"])
def test_a_model_that_fails_is_left_out_and_counted(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    pipeline, _ = run([make_prediction(at, model=f"m{at}") for at in range(3)])
    failing = pipeline.processor.fleet.monitors["m1", "default"]  # type: ignore[index]
    parts = [failing.performance, failing.delays, *failing.signals.values()]
    healthy = getattr(take_snapshot, broken)

    def fails(part: Any) -> Any:
        return 1 / 0 if part in parts else healthy(part)

    monkeypatch.setattr(take_snapshot, broken, fails)
    taker = SnapshotTaker(pipeline)
    for scrape in (1, 2):
        samples = [sample for family in families_of(taker.take()) for sample in family.samples]
        assert {s.labels["model"] for s in samples if "model" in s.labels} == {"m0", "m2"}
        assert [s.value for s in samples if s.name == f"{PREFIX}render_failures_total"] == [scrape]


def test_each_signal_of_the_profile_has_one_verdict() -> None:
    found: dict[str, dict[str, float]] = {}
    for family in families(shifted_pipeline()):
        for sample in family.samples:
            if sample.name == f"{PREFIX}reference_verdict":
                found.setdefault(sample.labels["signal"], {})[sample.labels["verdict"]] = sample.value
    assert set(found) == {"feature:a", "feature:b", "missing:a", "missing:b"}
    assert found["feature:a"] == {"shifted": 1.0, "same": 0.0, "not_enough_data": 0.0}
    assert found["feature:b"] == {"shifted": 0.0, "same": 1.0, "not_enough_data": 0.0}


def test_distances_are_computed_while_the_loop_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = busy_pipeline()
    compute, free = take_snapshot.many_distances, []

    def note(comparisons: Any) -> Any:
        free.append(pipeline.reads.lock.acquire(blocking=False))
        pipeline.reads.lock.release()
        return compute(comparisons)

    monkeypatch.setattr(take_snapshot, "many_distances", note)
    (model,) = SnapshotTaker(pipeline).take().models
    assert free == [True]
    (monitor,) = pipeline.processor.fleet.monitors.values()
    assert {signal.name: signal.distances for signal in model.signals} == {
        name: signal.comparison().distances() for name, signal in monitor.signals.items()
    }


def test_a_scrape_waits_for_the_batch(busy: Served) -> None:
    """The lock keeps a scrape from seeing half a batch."""
    done = threading.Event()
    thread = threading.Thread(target=lambda: (busy.get("/metrics"), done.set()))
    with busy.pipeline.reads.lock:
        thread.start()
        assert not done.wait(0.2)
    thread.join(10)
    assert done.is_set()


def test_the_strength_of_a_season_is_told() -> None:
    """A wave with a variance of 0.5, and noise with one of 4/49; scores of a warm-up that is short are coarse."""
    strength, *_ = [
        sample.value
        for family in families(seasonal_pipeline())
        for sample in family.samples
        if family.name == "stream_monitor_seasonal_strength" and sample.labels["signal"] == "feature:a"
    ]
    assert strength == pytest.approx(0.5 / (0.5 + 4 / 49), abs=0.15)


# Versions side by side


def test_a_challenger_that_is_worse_is_to_be_rolled_back() -> None:
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in families(rollout_pipeline())
        for sample in family.samples
    }

    def value(name: str, *labels: str) -> float:
        return found[PREFIX + name, "default", *labels]

    assert value("version_difference", "1", "2", "accuracy", "estimate") == pytest.approx(-0.5, abs=0.01)
    assert value("version_difference", "1", "2", "accuracy", "upper") < 0.0
    assert [value("version_verdict", "1", "2", each) for each in ("better", "worse", "undecided")] == [0, 1, 0]
    assert [value("rollback_recommended", each) for each in "12"] == [0, 1]
    assert [value("version_champion", each) for each in "12"] == [1, 0]
    assert value("version_traffic_ratio", "2") == 0.5
    assert value("traffic_split_p_value") == 1
